import type pg from 'pg';
import { namedOwner, ownersInOrder } from '../catalog/book-owners.ts';
import { bucketOf } from '../domain/bucket.ts';
import { type Money, money } from '../domain/money.ts';
import { nanos } from '../domain/nanos.ts';
import { checkLimit, DEFAULT_LIMIT, readCursor, writeCursor } from '../domain/page-cursor.ts';
import { ACCOUNT_KINDS, type AccountKind } from '../domain/transfer.ts';

export interface BalanceFilters {
  readonly bucketCount: number;
  /** The owner of the book: a developer or, instead, a service provider. */
  readonly developerId?: string | undefined;
  readonly providerId?: string | undefined;
  readonly account?: AccountKind | undefined;
  readonly currency?: string | undefined;
  /** Only what was booked at or before this instant. */
  readonly bookedBy?: Date | undefined;
  readonly limit?: number | undefined;
  readonly after?: string | undefined;
}

export interface BalanceRow {
  /** The book's owner. */
  readonly developer_id: string;
  readonly account: AccountKind;
  /** Credits − debits: money owed is positive. */
  readonly balance: Money;
}

export interface BalancePage {
  readonly items: readonly BalanceRow[];
  /** Give it as `after` for the next page; null on the last one. */
  readonly next: string | null;
}

interface BalanceKey {
  readonly developerId: string;
  readonly currency: string;
  readonly accountIndex: number;
}

/** Books whose transfers one statement adds up. */
const BOOKS_AT_A_TIME = 200;
const KEY_PATTERNS = [/^[ -~]{1,64}$/, /^[A-Z]{3}$/, /^\d{1,2}$/];

/**
 * Balances of accounts that ever moved, added up from transfers, in the order (owner, currency, kind of account). `tx` is a
 * snapshot.
 * @throws Refusal `unknown_developer`, `unknown_provider`, `two_owners`, `bad_limit`, `bad_cursor`
 */
export async function listBalances(tx: pg.ClientBase, filters: BalanceFilters): Promise<BalancePage> {
  const limit = checkLimit(filters.limit ?? DEFAULT_LIMIT);
  const after = filters.after === undefined ? null : keyOf(filters.after);
  const found: BalanceRow[] = [];
  for await (const developerIds of books(tx, filters, after)) {
    const balances = await balancesOf(tx, developerIds, filters);
    for (const row of balances) if (after === null || isAfter(row, after)) found.push(row);
    if (found.length > limit) break;
  }
  const page = found.slice(0, limit);
  const last = found.length > limit ? page.at(-1) : undefined;
  return { items: page, next: last === undefined ? null : cursorOf(last) };
}

/** The books' owners, some at a time; the one of the page before comes again, for its other accounts. */
async function* books(
  tx: pg.ClientBase,
  filters: BalanceFilters,
  after: BalanceKey | null,
): AsyncGenerator<readonly string[]> {
  const owner = await namedOwner(tx, filters);
  if (owner !== null) {
    yield [owner];
    return;
  }
  let some = await ownersInOrder(tx, { after: after?.developerId ?? '', inclusive: true, limit: BOOKS_AT_A_TIME });
  for (;;) {
    const last = some.at(-1);
    if (last === undefined) return;
    yield some;
    some = await ownersInOrder(tx, { after: last, inclusive: false, limit: BOOKS_AT_A_TIME });
  }
}

/** The balances of these books, in their order. */
async function balancesOf(
  tx: pg.ClientBase,
  developerIds: readonly string[],
  { bucketCount, account, currency, bookedBy }: BalanceFilters,
): Promise<BalanceRow[]> {
  const { rows } = await tx.query<{ developer_id: string; currency: string; account: AccountKind; balance: string }>(
    `select moved.developer_id, moved.currency, moved.account, sum(moved.nanos) as balance
     from unnest($1::smallint[], $2::text[]) with ordinality as book (bucket, developer_id, place)
     cross join lateral (
       select transfers.developer_id, transfers.currency, side.account, side.nanos
       from transfers
       cross join lateral (values (debit, -amount_nanos), (credit, amount_nanos)) as side (account, nanos)
       where transfers.bucket = book.bucket and transfers.developer_id = book.developer_id
         and ($3::account_kind is null or side.account = $3) and ($4::text is null or transfers.currency = $4)
         and ($5::timestamptz is null or transfers.booked_at <= $5)
     ) as moved
     group by book.place, moved.developer_id, moved.currency, moved.account
     order by book.place, moved.currency collate "C", moved.account`,
    [
      developerIds.map(id => bucketOf(id, bucketCount)),
      developerIds,
      account ?? null,
      currency ?? null,
      bookedBy ?? null,
    ],
  );
  return rows.map(row => ({
    developer_id: row.developer_id,
    account: row.account,
    balance: money(nanos(BigInt(row.balance)), row.currency),
  }));
}

function isAfter({ developer_id, account, balance }: BalanceRow, after: BalanceKey): boolean {
  if (developer_id !== after.developerId) return true;
  if (balance.currency !== after.currency) return balance.currency > after.currency;
  return ACCOUNT_KINDS.indexOf(account) > after.accountIndex;
}

function keyOf(cursor: string): BalanceKey {
  const [developerId, currency, accountIndex] = readCursor(cursor, KEY_PATTERNS) as [string, string, string];
  return { developerId, currency, accountIndex: Number(accountIndex) };
}

function cursorOf({ developer_id, account, balance }: BalanceRow): string {
  return writeCursor([developer_id, balance.currency, String(ACCOUNT_KINDS.indexOf(account))]);
}
