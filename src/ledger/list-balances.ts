import type pg from 'pg';
import { ownersInOrder } from '../catalog/book-owners.ts';
import { streamRows } from '../db/stream-rows.ts';
import { bucketOf } from '../domain/bucket.ts';
import { type Money, money } from '../domain/money.ts';
import { nanos } from '../domain/nanos.ts';
import { checkLimit, DEFAULT_LIMIT, readCursor, writeCursor } from '../domain/page-cursor.ts';
import type { AccountKind } from '../domain/transfer.ts';
import {
  type BalanceGrouping,
  type BalanceKey,
  balancesInScope,
  balancesOfBooks,
  keyPatterns,
  type SelectedBalance,
} from './balance-statement.ts';
import { columnsOf, type Dimension } from './dimensions.ts';
import type { SqlStatement, TransferFilters } from './transfer-filters.ts';
import { scopeOf } from './transfer-scope.ts';

export interface BalanceRow {
  /** The book's owner. */
  readonly developer_id: string;
  readonly account: AccountKind;
  /** Credits − debits: money owed is positive. */
  readonly balance: Money;
}

/** A balance with the values of its dimensions, null where a transfer has none. */
export type GroupedBalanceRow = Pick<BalanceRow, 'account' | 'balance'> & {
  readonly [column: string]: string | null | Money;
};

export interface BalancePage<Row> {
  readonly items: readonly Row[];
  /** Give it as `after` for the next page; null on the last one. */
  readonly next: string | null;
}

interface Paged {
  readonly limit?: number | undefined;
  readonly after?: string | undefined;
}

/** By what balances are told apart, and in which days of booking are told. */
export interface BalanceDimensions {
  readonly by: readonly Dimension[];
  readonly timeZone: string;
}

/** Books whose transfers one statement adds up. */
const BOOKS_AT_A_TIME = 200;
const BY_OWNER: BalanceDimensions = { by: ['owner'], timeZone: 'UTC' };

/**
 * Balances of accounts that the transfers moved, added up from all transfers that pass the filters, in the order (owner, currency, kind
 * of account). `tx` is a snapshot.
 * @throws Refusal as `scopeOf` does, and `bad_limit`, `bad_cursor`
 */
export async function listBalances(
  tx: pg.ClientBase,
  filters: TransferFilters & Paged,
): Promise<BalancePage<BalanceRow>> {
  const { items, next } = await listBalancesBy(tx, { ...filters, ...BY_OWNER });
  return { items: items as unknown as readonly BalanceRow[], next };
}

/**
 * The same by any dimensions, in the order of their values, then of currency and kind of account.
 * @throws Refusal as `scopeOf` does, and `bad_limit`, `bad_cursor`
 */
export async function listBalancesBy(
  tx: pg.ClientBase,
  { by, timeZone, limit = DEFAULT_LIMIT, after, ...filters }: TransferFilters & BalanceDimensions & Paged,
): Promise<BalancePage<GroupedBalanceRow>> {
  checkLimit(limit);
  const key = after === undefined ? null : readCursor(after, keyPatterns(by));
  const found: SelectedBalance[] = [];
  for await (const { text, values } of selectBalances(tx, filters, { by, timeZone, after: key })) {
    // One more than is asked for tells whether there is a next page.
    const { rows } = await tx.query<SelectedBalance>(`${text}\nlimit ${limit + 1 - found.length}`, values);
    for (const row of rows) found.push(row);
    if (found.length > limit) break;
  }
  const page = found.slice(0, limit);
  const last = found.length > limit ? page.at(-1) : undefined;
  return { items: page.map(rowWith(by)), next: last === undefined ? null : writeCursor(keyOf(last)) };
}

/**
 * All of them, behind `after` if it is given, for an export: memory stays the same however many there are. `tx` is a snapshot that runs
 * nothing else until the last row is read.
 * @throws Refusal as `scopeOf` does, and `bad_cursor`
 */
export async function* streamBalancesBy(
  tx: pg.ClientBase,
  { by, timeZone, after, ...filters }: TransferFilters & BalanceDimensions & Pick<Paged, 'after'>,
): AsyncGenerator<GroupedBalanceRow> {
  const key = after === undefined ? null : readCursor(after, keyPatterns(by));
  const row = rowWith(by);
  // All books together are read fastest as they lie.
  const scope = await scopeOf(tx, filters);
  if (scope.buckets.length === 0 || scope.ranges.length === 0) return;
  const { text, values } = balancesInScope(scope, filters, { by, timeZone, after: key });
  for await (const selected of streamRows<SelectedBalance>(tx, text, values)) yield row(selected);
}

/** Book by book where a page asks for every book, so that it reads only its own; else what the filters leave, at once. */
async function* selectBalances(
  tx: pg.ClientBase,
  filters: TransferFilters,
  grouping: BalanceGrouping & { readonly after: BalanceKey | null },
): AsyncGenerator<SqlStatement> {
  if (!isOfEveryBook(filters, grouping)) {
    const scope = await scopeOf(tx, filters);
    if (scope.buckets.length > 0 && scope.ranges.length > 0) yield balancesInScope(scope, filters, grouping);
    return;
  }
  const bucketOfOwner = (owner: string) => bucketOf(owner, filters.bucketCount);
  for await (const owners of booksFrom(tx, grouping.after?.[0] ?? '')) {
    yield balancesOfBooks({ owners, buckets: owners.map(bucketOfOwner) }, filters, grouping);
  }
}

function isOfEveryBook(
  { developerId, providerId, fundId, appId, runId, decisionId, payoutId, link }: TransferFilters,
  { by }: BalanceGrouping,
): boolean {
  const narrow = [developerId, providerId, fundId, appId, runId, decisionId, payoutId, link];
  return by[0] === 'owner' && narrow.every(filter => filter === undefined);
}

/** Owners in order, some at a time; the one given comes again, for its other accounts. */
export async function* booksFrom(tx: pg.ClientBase, first: string): AsyncGenerator<readonly string[]> {
  let some = await ownersInOrder(tx, { after: first, inclusive: true, limit: BOOKS_AT_A_TIME });
  for (;;) {
    const last = some.at(-1);
    if (last === undefined) return;
    yield some;
    some = await ownersInOrder(tx, { after: last, inclusive: false, limit: BOOKS_AT_A_TIME });
  }
}

function keyOf({ keys, currency, account }: SelectedBalance): string[] {
  return [...keys, currency, account];
}

function rowWith(by: readonly Dimension[]): (selected: SelectedBalance) => GroupedBalanceRow {
  const columns = columnsOf(by);
  return ({ keys, currency, account, balance }) => {
    const row: Record<string, string | null | Money> = {};
    for (const [index, column] of columns.entries()) row[column] = keys[index] || null;
    return Object.assign(row, { account, balance: money(nanos(BigInt(balance)), currency) });
  };
}
