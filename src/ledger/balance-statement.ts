import { ACCOUNT_KINDS } from '../domain/transfer.ts';
import type { DayRange } from './day-ranges.ts';
import { type Dimension, sqlOf } from './dimensions.ts';
import { addFilters, Conditions, type SqlStatement, type TransferFilters } from './transfer-filters.ts';
import type { TransferScope } from './transfer-scope.ts';

/** The key of a balance: the values of its dimensions, then currency and account. */
export type BalanceKey = readonly string[];

export interface BalanceGrouping {
  readonly by: readonly Dimension[];
  /** In which days of booking are told. */
  readonly timeZone: string;
}

/** A balance as the statements below select it. */
export interface SelectedBalance {
  /** Of the dimensions, in their order; empty where a transfer has none. */
  readonly keys: readonly string[];
  readonly currency: string;
  readonly account: (typeof ACCOUNT_KINDS)[number];
  readonly balance: string;
}

const ID = /^[ -~]{0,64}$/;
const CURRENCY = /^[A-Z]{3}$/;
const ACCOUNT = new RegExp(`^(${ACCOUNT_KINDS.join('|')})$`);

/** What the parts of a key look like. */
export function keyPatterns(by: readonly Dimension[]): RegExp[] {
  return [...by.map(() => ID), CURRENCY, ACCOUNT];
}

/** Sums over all transfers of the scope that pass the filters, in the order of their keys, behind the given one. */
export function balancesInScope(
  { owner, buckets, ranges }: TransferScope,
  filters: TransferFilters,
  grouping: BalanceGrouping & { readonly after: BalanceKey | null },
): SqlStatement {
  const conditions = new Conditions();
  conditions.where('bucket = any (?::smallint[])', buckets);
  addFilters(conditions, filters, owner);
  const onDays = isEverything(ranges) ? '' : `\n  and (${ranges.map(range => within(range, conditions)).join(' or ')})`;
  const where = `${conditions.text}${onDays}`;
  return grouped(conditions, { where, from: 'transfers', filters, ...grouping });
}

/** Sums over the transfers of some books that pass the filters, in the order of their keys, behind the given one. */
export function balancesOfBooks(
  books: { readonly buckets: readonly number[]; readonly owners: readonly string[] },
  filters: TransferFilters,
  grouping: BalanceGrouping & { readonly after: BalanceKey | null },
): SqlStatement {
  const conditions = new Conditions();
  const [buckets, owners] = [conditions.value(books.buckets), conditions.value(books.owners)];
  addFilters(conditions, filters, null);
  if (filters.from !== undefined) conditions.where('ledger_date >= ?::date', filters.from);
  if (filters.to !== undefined) conditions.where('ledger_date <= ?::date', filters.to);
  const from = `unnest(${buckets}::smallint[], ${owners}::text[]) as book (book_bucket, book_owner)
    join transfers on bucket = book_bucket and developer_id = book_owner`;
  return grouped(conditions, { where: conditions.text, from, filters, ...grouping });
}

function within({ first, last, lateOnly }: DayRange, conditions: Conditions): string {
  const between = `ledger_date between ${conditions.value(first)}::date and ${conditions.value(last)}::date`;
  return lateOnly === true ? `(${between} and period <> half_month(ledger_date))` : between;
}

function isEverything(ranges: TransferScope['ranges']): boolean {
  return ranges.length === 1 && ranges[0]?.first === '-infinity' && ranges[0].last === 'infinity';
}

function grouped(
  conditions: Conditions,
  {
    where,
    from,
    filters: { account },
    by,
    timeZone,
    after,
  }: BalanceGrouping & {
    readonly where: string;
    readonly from: string;
    readonly filters: TransferFilters;
    readonly after: BalanceKey | null;
  },
): SqlStatement {
  const names = by.map((_, index) => `key_${index}`);
  const keys = by.map((dimension, index) => `${sqlOf(dimension, conditions, timeZone)} as key_${index}`);
  // Owners stand in the order in which the catalog lists them.
  const collated = names.map((name, index) => (by[index] === 'owner' ? name : `${name} collate "C"`));
  const order = [...collated, 'currency collate "C"', 'account'];
  const ofAccount = account === undefined ? '' : `where side.account = ${conditions.value(account)}::account_kind`;
  const whereText = where === '' ? '' : `where ${where}`;
  const placeholders = (after ?? []).map(part => conditions.value(part));
  const isBehind =
    after === null
      ? ''
      : `where (${order.join(', ')}) > (${placeholders.slice(0, -1).join(', ')}, ${placeholders.at(-1)}::account_kind)`;
  const sums = [...names, 'currency'].join(', ');
  // Transfers are added up before their two sides are told apart, which halves the work.
  const text = `select array[${names.join(', ')}]::text[] as keys, currency, account, balance
from (
  select ${sums}, side.account, sum(side.nanos) as balance
  from (
    select ${sums}, debit, credit, sum(amount_nanos) as nanos
    from (select ${[...keys, 'currency', 'debit', 'credit', 'amount_nanos'].join(', ')} from ${from} ${whereText}) as passed
    group by ${sums}, debit, credit
  ) as moved
  cross join lateral (values (debit, -moved.nanos), (credit, moved.nanos)) as side (account, nanos)
  ${ofAccount}
  group by ${sums}, side.account
) as summed
${isBehind}
order by ${order.join(', ')}`;
  return { text, values: conditions.values };
}
