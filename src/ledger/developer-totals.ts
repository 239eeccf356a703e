import type { Queryable } from '../db/database.ts';
import type { BusinessDay } from '../domain/business-day.ts';
import { type Nanos, nanos } from '../domain/nanos.ts';
import type { Period } from '../domain/period.ts';

/** What settlement posted in a period of the developer's side of an (app, business day, currency). */
export interface DeveloperTotal {
  readonly appId: string;
  readonly businessDay: BusinessDay;
  readonly currency: string;
  readonly period: Period;
  readonly amountNanos: Nanos;
}

/** The developers' totals of the apps, providers' parts included, as settlement posted them to the developers' books. */
export async function developerTotals(
  q: Queryable,
  {
    buckets,
    developerIds,
    appIds,
    periods,
  }: {
    /** Of the developers. */
    readonly buckets: readonly number[];
    readonly developerIds: readonly string[];
    readonly appIds: readonly string[];
    readonly periods: readonly Period[];
  },
): Promise<DeveloperTotal[]> {
  const { rows } = await q.query<Omit<DeveloperTotal, 'amountNanos'> & { amount: string }>(
    `select app_id as "appId", business_date as "businessDay", currency, period,
       sum(case when debit = 'ad_revenue' then amount_nanos else -amount_nanos end) as amount
     from transfers
     where bucket = any ($1) and developer_id = any ($2) and period = any ($3) and app_id = any ($4)
       and reason in ('developer_share', 'provider_share')
     group by app_id, business_date, currency, period`,
    [buckets, developerIds, periods, appIds],
  );
  return rows.map(({ amount, ...row }) => ({ ...row, amountNanos: nanos(BigInt(amount)) }));
}
