import type pg from 'pg';
import { namedOwner, type OwnerFilter } from '../catalog/book-owners.ts';
import { bucketOf } from '../domain/bucket.ts';
import type { BusinessDay } from '../domain/business-day.ts';
import { type Money, money } from '../domain/money.ts';
import { nanos } from '../domain/nanos.ts';
import { checkLimit, DEFAULT_LIMIT, readCursor, writeCursor } from '../domain/page-cursor.ts';
import type { Period } from '../domain/period.ts';
import { lastSeal } from '../ledger/period-closings.ts';
import { noClosedPeriod } from './draw-up.ts';
import type { CarryReason } from './judge-book.ts';
import { DayTerms, type JudgedBook, judgedBooks } from './judged-books.ts';

/** A book that is paid nothing for the period closed last. */
export interface CarriedRow {
  readonly book: string;
  /** What it is owed, or owes, and carries over. */
  readonly amount: Money;
  readonly reason: CarryReason | 'not_drawn_up';
}

export interface CarriedFilters extends OwnerFilter {
  readonly bucketCount: number;
  /** Whose terms and rates hold. */
  readonly day: BusinessDay;
  readonly currency?: string | undefined;
  readonly reason?: CarriedRow['reason'] | undefined;
}

const CURSOR = [/^\d{1,5}$/, /^[ -~]{1,64}$/, /^[A-Z]{3}$/];

/**
 * What is not paid of the period closed last, and why, by what holds now; `not_drawn_up` would be paid if payouts were drawn up now. A page
 * in the order (bucket, owner, currency). `tx` is a snapshot.
 * @throws Refusal `no_closed_period`, `unknown_developer`, `unknown_provider`, `two_owners`, `bad_limit`, `bad_cursor`
 */
export async function listCarried(
  tx: pg.ClientBase,
  {
    limit = DEFAULT_LIMIT,
    after,
    ...filters
  }: CarriedFilters & { readonly limit?: number | undefined; readonly after?: string | undefined },
): Promise<{ readonly period: Period; readonly items: readonly CarriedRow[]; readonly next: string | null }> {
  checkLimit(limit);
  const [fromBucket = '0', ...key] = after === undefined ? [] : readCursor(after, CURSOR);
  const { period, found } = await carriedBooks(tx, filters, {
    bucket: Number(fromBucket),
    key: key.join('\0'),
    limit: limit + 1,
  });
  const page = found.slice(0, limit);
  const last = found.length > limit ? page.at(-1) : undefined;
  return {
    period,
    items: page.map(({ book }) => carriedRow(book)),
    next: last === undefined ? null : writeCursor([String(last.bucket), last.book.ownerId, last.book.currency]),
  };
}

interface Found {
  readonly bucket: number;
  readonly book: JudgedBook;
}

async function carriedBooks(
  tx: pg.ClientBase,
  { bucketCount, day, currency, reason, ...owner }: CarriedFilters,
  from: { readonly bucket: number; readonly key: string; readonly limit: number },
): Promise<{ period: Period; found: Found[] }> {
  const seal = await lastSeal(tx);
  if (seal === null) throw noClosedPeriod();
  const { period } = seal;
  const ownerId = await namedOwner(tx, owner);
  const only = ownerId === null ? null : bucketOf(ownerId, bucketCount);
  const dayTerms = await DayTerms.read(tx, day);
  const found: Found[] = [];
  for (let bucket = from.bucket; bucket < bucketCount && found.length < from.limit; bucket += 1) {
    if (only !== null && bucket !== only) continue;
    for (const book of await judgedBooks(tx, { bucket, period, dayTerms })) {
      if (bucket === from.bucket && `${book.ownerId}\0${book.currency}` <= from.key) continue;
      if (ownerId !== null && book.ownerId !== ownerId) continue;
      if (currency !== undefined && book.currency !== currency) continue;
      if (reason !== undefined && (book.carries ?? 'not_drawn_up') !== reason) continue;
      found.push({ bucket, book });
    }
  }
  return { period, found };
}

function carriedRow({ ownerId, currency, availableNanos, carries }: JudgedBook): CarriedRow {
  return { book: ownerId, amount: money(nanos(availableNanos), currency), reason: carries ?? 'not_drawn_up' };
}
