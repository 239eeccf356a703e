import type pg from 'pg';
import type { BusinessDay } from '../domain/business-day.ts';
import { type DayRange, intersection } from './day-ranges.ts';
import { addFilters, Conditions, type SqlStatement, type TransferFilters } from './transfer-filters.ts';
import { TRANSFER_COLUMNS } from './transfer-row.ts';
import { scopeOf, type TransferScope } from './transfer-scope.ts';

/** A place in the order of the list: (ledger day, bucket, id). */
export interface TransferKey {
  readonly ledgerDay: BusinessDay;
  readonly bucket: number;
  readonly transferId: string;
}

/**
 * The statements that, one after the other, select the transfers in the order (ledger day, bucket, id): of one book by ranges of days,
 * else one for each day. However many transfers there are, an index leads each to its place.
 * @throws Refusal as `scopeOf` does
 */
export async function* selectTransfers(
  tx: pg.ClientBase,
  filters: TransferFilters,
  after: TransferKey | null,
): AsyncGenerator<SqlStatement> {
  const scope = await scopeOf(tx, filters);
  const { buckets } = scope;
  if (buckets.length === 0) return;
  const { ranges } = after === null ? scope : { ranges: startingOn(after.ledgerDay, scope.ranges) };
  for (const range of ranges) {
    if (scope.owner !== null) {
      yield inOneBucket(scope, range, filters, after);
      continue;
    }
    let day = await nextLedgerDay(tx, { buckets, range, after: null });
    while (day !== null) {
      yield onOneDay(scope, { ...range, first: day, last: day }, filters, after);
      day = await nextLedgerDay(tx, { buckets, range, after: day });
    }
  }
}

function startingOn(day: BusinessDay, ranges: readonly DayRange[]): DayRange[] {
  return intersection(ranges, [{ first: day, last: 'infinity' }]);
}

function inOneBucket(
  { owner, buckets }: TransferScope,
  range: DayRange,
  filters: TransferFilters,
  after: TransferKey | null,
): SqlStatement {
  const conditions = new Conditions().where('bucket = ?', buckets[0]);
  addRange(conditions, range);
  addFilters(conditions, filters, owner);
  if (after !== null) {
    const day = conditions.value(after.ledgerDay);
    conditions.where(`(ledger_date, transfer_id) > (${day}::date, ?::uuid)`, after.transferId);
  }
  return selected(conditions, 'ledger_date, transfer_id');
}

function onOneDay(
  { buckets }: TransferScope,
  range: DayRange,
  filters: TransferFilters,
  after: TransferKey | null,
): SqlStatement {
  const conditions = new Conditions().where('bucket = any (?::smallint[])', buckets);
  addRange(conditions, range);
  addFilters(conditions, filters, null);
  if (after?.ledgerDay === range.first) {
    const bucket = conditions.value(after.bucket);
    conditions.where(`(bucket, transfer_id) > (${bucket}::smallint, ?::uuid)`, after.transferId);
  }
  return selected(conditions, 'bucket, transfer_id');
}

function addRange(conditions: Conditions, { first, last, lateOnly }: DayRange): void {
  if (first === last) conditions.where('ledger_date = ?::date', first);
  else conditions.where('ledger_date >= ?::date', first).where('ledger_date <= ?::date', last);
  // So that the index of late transfers finds them.
  if (lateOnly === true) conditions.where('(period <> half_month(ledger_date)) = ?', true);
}

function selected(conditions: Conditions, order: string): SqlStatement {
  const text = `select ${TRANSFER_COLUMNS}\nfrom transfers\nwhere ${conditions.text}\norder by ${order}`;
  return { text, values: conditions.values };
}

/** The first day of the range, after the given one, that the ledger has: a probe of the primary key for each bucket. */
async function nextLedgerDay(
  tx: pg.ClientBase,
  {
    buckets,
    range: { first, last },
    after,
  }: { readonly buckets: readonly number[]; readonly range: DayRange; readonly after: BusinessDay | null },
): Promise<BusinessDay | null> {
  if (after !== null && after >= last) return null;
  const { rows } = await tx.query<{ day: BusinessDay | null }>(
    `select min(next.ledger_date) as day
     from unnest($1::smallint[]) as bucket (number)
     cross join lateral (
       select ledger_date
       from transfers
       where bucket = bucket.number and ledger_date > $2 and ledger_date >= $3 and ledger_date <= $4
       order by ledger_date
       limit 1
     ) as next`,
    [buckets, after ?? '-infinity', first, last],
  );
  return rows[0]?.day ?? null;
}
