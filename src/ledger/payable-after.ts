import type { Queryable } from '../db/database.ts';
import { nextPeriod, type Period, parsePeriod } from '../domain/period.ts';

/** What was booked on `payable` of a book after a period, in nanos. */
export interface PayableAfter {
  readonly ownerId: string;
  readonly currency: string;
  readonly sinceNanos: bigint;
  /** Of that, by steps of payouts. */
  readonly byPayoutsNanos: bigint;
}

/**
 * What transfers of all later periods moved on `payable` in a bucket's books; with the balance sealed at the end of the period it is
 * the balance of now. Reads no transfer of an earlier period.
 */
export async function payableAfter(
  q: Queryable,
  { bucket, period }: { readonly bucket: number; readonly period: Period },
): Promise<PayableAfter[]> {
  const { firstDay } = parsePeriod(nextPeriod(period));
  const { rows } = await q.query<{ ownerId: string; currency: string; since: string; byPayouts: string }>(
    `with later as (
       select developer_id, currency, payout_id, case when credit = 'payable' then amount_nanos else -amount_nanos end as nanos
       from transfers
       where bucket = $1 and ledger_date >= $3 and (debit = 'payable' or credit = 'payable')
       union all
       -- Of days of closed periods, and booked after those were closed.
       select developer_id, currency, payout_id, case when credit = 'payable' then amount_nanos else -amount_nanos end
       from transfers
       where bucket = $1 and ledger_date < $3 and period > $2 and period <> half_month(ledger_date)
         and (debit = 'payable' or credit = 'payable')
     )
     select developer_id as "ownerId", currency, sum(nanos) as since,
       coalesce(sum(nanos) filter (where payout_id is not null), 0) as "byPayouts"
     from later
     group by developer_id, currency`,
    [bucket, period, firstDay],
  );
  return rows.map(({ since, byPayouts, ...book }) => ({
    ...book,
    sinceNanos: BigInt(since),
    byPayoutsNanos: BigInt(byPayouts),
  }));
}
