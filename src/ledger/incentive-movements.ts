import type { Queryable } from '../db/database.ts';
import type { BusinessDay } from '../domain/business-day.ts';
import { type Nanos, nanos } from '../domain/nanos.ts';
import type { Period } from '../domain/period.ts';

/** What a fund's awards of an (app, business day) come to, corrections included. */
export interface IncentiveMovement {
  readonly fundId: string;
  readonly businessDay: BusinessDay;
  readonly appId: string;
  readonly currency: string;
  readonly amountNanos: Nanos;
}

/** What funds awarded to a developer's book in the periods, in the order (fund, day, app). */
export async function incentiveMovements(
  q: Queryable,
  {
    bucket,
    developerId,
    periods,
  }: { readonly bucket: number; readonly developerId: string; readonly periods: readonly Period[] },
): Promise<IncentiveMovement[]> {
  const { rows } = await q.query<Omit<IncentiveMovement, 'amountNanos'> & { amount: string }>(
    `select fund_id as "fundId", business_date as "businessDay", app_id as "appId", currency,
       sum(case when credit = 'payable' then amount_nanos else -amount_nanos end) as amount
     from transfers
     where bucket = $1 and developer_id = $2 and period = any ($3) and reason = 'incentive'
     group by fund_id, business_date, app_id, currency
     order by fund_id collate "C", business_date, app_id collate "C", currency collate "C"`,
    [bucket, developerId, periods],
  );
  return rows.map(({ amount, ...row }) => ({ ...row, amountNanos: nanos(BigInt(amount)) }));
}
