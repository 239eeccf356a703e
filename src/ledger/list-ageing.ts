import type pg from 'pg';
import { namedOwner, type OwnerFilter } from '../catalog/book-owners.ts';
import { streamRows } from '../db/stream-rows.ts';
import { type Aged, type Arisen, agesOf } from '../domain/ageing.ts';
import { bucketOf } from '../domain/bucket.ts';
import { type BusinessDay, daysBetween } from '../domain/business-day.ts';
import { type Money, money } from '../domain/money.ts';
import { nanos } from '../domain/nanos.ts';
import { checkLimit, DEFAULT_LIMIT, readCursor, writeCursor } from '../domain/page-cursor.ts';
import { type Period, parsePeriod } from '../domain/period.ts';
import { booksFrom } from './list-balances.ts';
import { Conditions, type SqlStatement } from './transfer-filters.ts';

export interface AgeingFilters extends OwnerFilter {
  readonly bucketCount: number;
  readonly currency?: string | undefined;
  /** Only what is owed for more days than this. */
  readonly olderThanDays?: number | undefined;
  /** Only what was booked at or before this instant. */
  readonly bookedBy?: Date | undefined;
  /** On which ages are told: the day of that instant. */
  readonly today: BusinessDay;
}

/** What a book's owner has been owed since a period; the rows of a book and currency add up to the balance of `payable`. */
export interface AgeingRow {
  /** The book's owner. */
  readonly developer_id: string;
  /** In which it arose; null: the owner owes it, and the amount is negative. */
  readonly period: Period | null;
  /** The period's last day, and the days since then. */
  readonly since: BusinessDay | null;
  readonly days: number | null;
  readonly owed: Money;
}

/** What all books together have been owed since a period. */
export interface AgeingTotal extends Omit<AgeingRow, 'developer_id'> {
  readonly books: number;
}

interface Paged {
  readonly limit?: number | undefined;
  readonly after?: string | undefined;
}

const KEY_PATTERNS = [/^[ -~]{1,64}$/, /^[A-Z]{3}$/, /^(\d{4}-\d\d-H[12])?$/];

/**
 * A page of what is owed, by age, in the order (owner, currency, period). `tx` is a snapshot.
 * @throws Refusal `unknown_developer`, `unknown_provider`, `unknown_fund`, `two_owners`, `bad_limit`, `bad_cursor`
 */
export async function listAgeing(
  tx: pg.ClientBase,
  { limit = DEFAULT_LIMIT, after, ...filters }: AgeingFilters & Paged,
): Promise<{ readonly items: readonly AgeingRow[]; readonly next: string | null }> {
  checkLimit(limit);
  const key = after === undefined ? null : readCursor(after, KEY_PATTERNS);
  const found: Age[] = [];
  for await (const age of agesIn(payablesBookByBook(tx, filters, key?.[0] ?? ''))) {
    if (isOldEnough(age, filters) && isBehind(age, key)) found.push(age);
    if (found.length > limit) break;
  }
  const page = found.slice(0, limit);
  const last = found.length > limit ? page.at(-1) : undefined;
  return { items: page.map(age => rowOf(age, filters)), next: last === undefined ? null : writeCursor(keyOf(last)) };
}

/**
 * All of it, behind `after` if it is given, for an export: memory stays the same however much there is. `tx` is a snapshot that runs
 * nothing else until the last row is read.
 * @throws Refusal `unknown_developer`, `unknown_provider`, `unknown_fund`, `two_owners`, `bad_cursor`
 */
export async function* streamAgeing(
  tx: pg.ClientBase,
  { after, ...filters }: AgeingFilters & Pick<Paged, 'after'>,
): AsyncGenerator<AgeingRow> {
  const key = after === undefined ? null : readCursor(after, KEY_PATTERNS);
  for await (const age of agesIn(allPayables(tx, filters, key?.[0] ?? ''))) {
    if (isOldEnough(age, filters) && isBehind(age, key)) yield rowOf(age, filters);
  }
}

/**
 * The same over all books, by currency and period: reads all that was ever payable.
 * @throws Refusal `unknown_developer`, `unknown_provider`, `unknown_fund`, `two_owners`
 */
export async function totalAgeing(tx: pg.ClientBase, filters: AgeingFilters): Promise<AgeingTotal[]> {
  const totals = new Map<string, { readonly first: Age; books: number; amountNanos: bigint }>();
  for await (const age of agesIn(allPayables(tx, filters, ''))) {
    if (!isOldEnough(age, filters)) continue;
    const key = `${age.currency} ${age.period ?? ''}`;
    const total = totals.get(key) ?? { first: age, books: 0, amountNanos: 0n };
    totals.set(key, total);
    total.books += 1;
    total.amountNanos += age.amountNanos;
  }
  return [...totals]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, { first, books, amountNanos }]) => {
      const { owed, ...when } = toldAge({ ...first, amountNanos: nanos(amountNanos) }, filters);
      return { ...when, books, owed };
    });
}

/** What a book's owner is owed in a currency since a period. */
interface Age extends Aged {
  readonly ownerId: string;
  readonly currency: string;
}

/** What moved on a book's payable in a currency: by a payout, or in a period by all else. */
interface PayableMoved {
  readonly ownerId: string;
  readonly currency: string;
  /** Of a payout, the last in which it moved anything here. */
  readonly period: Period;
  readonly isPayout: boolean;
  readonly amount: string;
}

/** From an owner on, in order; reads the books of a page and few more. */
async function* payablesBookByBook(
  tx: pg.ClientBase,
  filters: AgeingFilters,
  first: string,
): AsyncGenerator<PayableMoved> {
  const owner = await namedOwner(tx, filters);
  for await (const owners of owner === null ? booksFrom(tx, first) : [[owner]]) {
    const conditions = new Conditions();
    const buckets = conditions.value(owners.map(each => bucketOf(each, filters.bucketCount)));
    const from = `unnest(${buckets}::smallint[], ${conditions.value(owners)}::text[]) as book (book_bucket, book_owner)
      join transfers on bucket = book_bucket and developer_id = book_owner`;
    const { text, values } = payables(from, conditions, filters);
    yield* (await tx.query<PayableMoved>(text, values)).rows;
  }
}

/** The same, of all books at once, which are read fastest as they lie. */
async function* allPayables(tx: pg.ClientBase, filters: AgeingFilters, first: string): AsyncGenerator<PayableMoved> {
  const owner = await namedOwner(tx, filters);
  const conditions = new Conditions().where('developer_id >= ?', first);
  if (owner !== null) {
    conditions.where('bucket = ?', bucketOf(owner, filters.bucketCount)).where('developer_id = ?', owner);
  }
  const { text, values } = payables('transfers', conditions, filters);
  yield* streamRows<PayableMoved>(tx, text, values);
}

/** What a payout took and gave back is one amount, so that a payout that came back leaves what it was of as old as it was. */
function payables(from: string, conditions: Conditions, { currency, bookedBy }: AgeingFilters): SqlStatement {
  conditions.where('?::account_kind in (debit, credit)', 'payable');
  if (currency !== undefined) conditions.where('currency = ?', currency);
  if (bookedBy !== undefined) conditions.where('booked_at <= ?', bookedBy);
  const text = `select developer_id as "ownerId", currency, max(period) as period, payout_id is not null as "isPayout",
  sum(case credit when 'payable' then amount_nanos else -amount_nanos end) as amount
from ${from}
where ${conditions.text}
group by developer_id, currency, payout_id, case when payout_id is null then period end
order by developer_id, currency collate "C"`;
  return { text, values: conditions.values };
}

/** @param moved those of a book and currency one after the other */
async function* agesIn(moved: AsyncIterable<PayableMoved>): AsyncGenerator<Age> {
  let ofBook: PayableMoved[] = [];
  for await (const row of moved) {
    const [first] = ofBook;
    if (first !== undefined && (first.ownerId !== row.ownerId || first.currency !== row.currency)) {
      yield* agesOfBook(first, ofBook);
      ofBook = [];
    }
    ofBook.push(row);
  }
  const [first] = ofBook;
  if (first !== undefined) yield* agesOfBook(first, ofBook);
}

function agesOfBook({ ownerId, currency }: PayableMoved, moved: readonly PayableMoved[]): Age[] {
  const arisen: Arisen[] = [];
  let paidNanos = 0n;
  for (const { period, isPayout, amount } of moved) {
    const amountNanos = BigInt(amount);
    // A payout that was exchanged comes back in a currency in which nothing had been taken: there it arises anew.
    if (isPayout && amountNanos < 0n) paidNanos -= amountNanos;
    else arisen.push({ period, amountNanos });
  }
  return agesOf(arisen, paidNanos).map(aged => ({ ownerId, currency, ...aged }));
}

function toldAge({ period, currency, amountNanos }: Age, { today }: AgeingFilters): Omit<AgeingRow, 'developer_id'> {
  const since = period && parsePeriod(period).lastDay;
  return { period, since, days: since && daysSince(since, today), owed: money(amountNanos, currency) };
}

/** None while the period lasts. */
function daysSince(since: BusinessDay, today: BusinessDay): number {
  return Math.max(0, daysBetween({ from: since, to: today }));
}

function isOldEnough({ period }: Age, { olderThanDays, today }: AgeingFilters): boolean {
  if (olderThanDays === undefined) return true;
  return period !== null && daysSince(parsePeriod(period).lastDay, today) > olderThanDays;
}

/** Of the owner at which the page before ended, what comes after it; all of the others. */
function isBehind({ ownerId, currency, period }: Age, key: readonly string[] | null): boolean {
  const [lastOwner, lastCurrency = '', lastPeriod = ''] = key ?? [];
  if (ownerId !== lastOwner) return true;
  return currency === lastCurrency ? (period ?? '') > lastPeriod : currency > lastCurrency;
}

function keyOf({ ownerId, currency, period }: Age): string[] {
  return [ownerId, currency, period ?? ''];
}

function rowOf(age: Age, filters: AgeingFilters): AgeingRow {
  return { developer_id: age.ownerId, ...toldAge(age, filters) };
}
