import type { Queryable } from '../db/database.ts';
import type { AboutInstant } from '../domain/about-instant.ts';
import type { BusinessDay } from '../domain/business-day.ts';
import { nextPeriod, type Period, parsePeriod } from '../domain/period.ts';

/** What was booked on `payable` of a book after a period and up to about an instant, in nanos. */
export interface PayableAbout {
  readonly ownerId: string;
  readonly currency: string;
  /** By steps of payouts. */
  readonly byPayouts: boolean;
  readonly surelyNanos: bigint;
  /** What may have been booked by then or not: received, and given, which is negative. */
  readonly perhapsReceivedNanos: bigint;
  readonly perhapsGivenNanos: bigint;
}

/**
 * As `payableAfter` had it about an instant, of some books of a bucket. `lastDay`: the last day of the ledger of which anything can
 * have been booked by then.
 */
export async function payableAbout(
  q: Queryable,
  {
    bucket,
    period,
    ownerIds,
    about,
    lastDay,
  }: {
    readonly bucket: number;
    readonly period: Period;
    readonly ownerIds: readonly string[];
    readonly about: AboutInstant;
    readonly lastDay: BusinessDay;
  },
): Promise<PayableAbout[]> {
  const { firstDay } = parsePeriod(nextPeriod(period));
  const { rows } = await q.query<{
    ownerId: string;
    currency: string;
    byPayouts: boolean;
    surely: string;
    received: string;
    given: string;
  }>(
    `with later as (
       select developer_id, currency, payout_id, booked_at, case when credit = 'payable' then amount_nanos else -amount_nanos end as nanos
       from transfers
       where bucket = $1 and ledger_date between $3 and $4 and booked_at <= $6 and (debit = 'payable' or credit = 'payable')
       union all
       -- Of days of closed periods, and booked after those were closed.
       select developer_id, currency, payout_id, booked_at, case when credit = 'payable' then amount_nanos else -amount_nanos end
       from transfers
       where bucket = $1 and ledger_date < $3 and period > $2 and period <> half_month(ledger_date) and booked_at <= $6
         and (debit = 'payable' or credit = 'payable')
     )
     select developer_id as "ownerId", currency, payout_id is not null as "byPayouts",
       coalesce(sum(nanos) filter (where booked_at < $5), 0) as surely,
       coalesce(sum(nanos) filter (where booked_at >= $5 and nanos > 0), 0) as received,
       coalesce(sum(nanos) filter (where booked_at >= $5 and nanos < 0), 0) as given
     from later
     where developer_id = any ($7)
     group by developer_id, currency, payout_id is not null`,
    [bucket, period, firstDay, lastDay, about.surely, about.perhaps, ownerIds],
  );
  return rows.map(({ surely, received, given, ...of }) => ({
    ...of,
    surelyNanos: BigInt(surely),
    perhapsReceivedNanos: BigInt(received),
    perhapsGivenNanos: BigInt(given),
  }));
}
