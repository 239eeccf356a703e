import type pg from 'pg';
import { namedOwner, type OwnerFilter } from '../catalog/book-owners.ts';
import { bucketOf } from '../domain/bucket.ts';
import type { BusinessDay } from '../domain/business-day.ts';
import { type Money, money } from '../domain/money.ts';
import { nanos } from '../domain/nanos.ts';
import { checkLimit, DEFAULT_LIMIT, readCursor, writeCursor } from '../domain/page-cursor.ts';
import type { CarryReason } from './judge-book.ts';
import { DayTerms, type JudgedBook, judgedBooks } from './judged-books.ts';
import { periodOfPayouts } from './period-of-payouts.ts';

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
  { limit = DEFAULT_LIMIT, ...asked }: CarriedFilters & After & { readonly limit?: number },
): Promise<{ readonly items: readonly CarriedRow[]; readonly next: string | null }> {
  checkLimit(limit);
  const found: Found[] = [];
  for await (const each of carriedBooks(tx, asked)) {
    found.push(each);
    if (found.length > limit) break;
  }
  const page = found.slice(0, limit);
  const last = found.length > limit ? page.at(-1) : undefined;
  return {
    items: page.map(carriedRow),
    next: last === undefined ? null : writeCursor([String(last.bucket), last.book.ownerId, last.book.currency]),
  };
}

/** All of it behind `after`, for an export, a bucket in memory at a time. @throws Refusal as `listCarried` */
export async function* streamCarried(tx: pg.ClientBase, asked: CarriedFilters & After): AsyncGenerator<CarriedRow> {
  for await (const found of carriedBooks(tx, asked)) yield carriedRow(found);
}

interface After {
  readonly after?: string | undefined;
}

interface Found {
  readonly bucket: number;
  readonly book: JudgedBook;
}

async function* carriedBooks(
  tx: pg.ClientBase,
  { bucketCount, day, currency, reason, after, ...owner }: CarriedFilters & After,
): AsyncGenerator<Found> {
  const [firstBucket = '0', ...key] = after === undefined ? [] : readCursor(after, CURSOR);
  const period = await periodOfPayouts(tx);
  const ownerId = await namedOwner(tx, owner);
  const only = ownerId === null ? null : bucketOf(ownerId, bucketCount);
  const dayTerms = await DayTerms.read(tx, day);
  for (let bucket = Number(firstBucket); bucket < bucketCount; bucket += 1) {
    if (only !== null && bucket !== only) continue;
    for (const book of await judgedBooks(tx, { bucket, period, dayTerms })) {
      if (bucket === Number(firstBucket) && `${book.ownerId}\0${book.currency}` <= key.join('\0')) continue;
      if (ownerId !== null && book.ownerId !== ownerId) continue;
      if (currency !== undefined && book.currency !== currency) continue;
      if (reason !== undefined && (book.carries ?? 'not_drawn_up') !== reason) continue;
      yield { bucket, book };
    }
  }
}

function carriedRow({ book: { ownerId, currency, availableNanos, carries } }: Found): CarriedRow {
  return { book: ownerId, amount: money(nanos(availableNanos), currency), reason: carries ?? 'not_drawn_up' };
}
