import type { Queryable } from '../db/database.ts';
import type { BusinessDay } from '../domain/business-day.ts';
import { type Nanos, nanos } from '../domain/nanos.ts';
import type { Period } from '../domain/period.ts';

/** What the transfers of an (app, business day, currency) come to, corrections included. */
export interface ProviderMovement {
  readonly businessDay: BusinessDay;
  readonly appId: string;
  readonly currency: string;
  readonly amountNanos: Nanos;
}

/** A provider's parts that settlement posted to its book in the periods, in the order (day, app, currency). */
export async function providerMovements(
  q: Queryable,
  {
    bucket,
    providerId,
    periods,
  }: { readonly bucket: number; readonly providerId: string; readonly periods: readonly Period[] },
): Promise<ProviderMovement[]> {
  const { rows } = await q.query<Omit<ProviderMovement, 'amountNanos'> & { amount: string }>(
    `select business_date as "businessDay", app_id as "appId", currency,
       sum(case when credit = 'payable' then amount_nanos else -amount_nanos end) as amount
     from transfers
     where bucket = $1 and developer_id = $2 and period = any ($3) and reason = 'provider_income'
     group by business_date, app_id, currency
     order by business_date, app_id collate "C", currency collate "C"`,
    [bucket, providerId, periods],
  );
  return rows.map(toMovement);
}

/** The developers' totals of the apps, providers' parts included, as settlement posted them to the books of one bucket. */
export async function developerTotals(
  q: Queryable,
  {
    bucket,
    apps,
    periods,
  }: {
    readonly bucket: number;
    readonly apps: readonly { readonly appId: string; readonly developerId: string }[];
    readonly periods: readonly Period[];
  },
): Promise<ProviderMovement[]> {
  const { rows } = await q.query<Omit<ProviderMovement, 'amountNanos'> & { amount: string }>(
    `select t.business_date as "businessDay", t.app_id as "appId", t.currency,
       sum(case when t.debit = 'ad_revenue' then t.amount_nanos else -t.amount_nanos end) as amount
     from unnest($2::text[], $3::text[]) as asked (developer_id, app_id)
     join transfers as t on t.developer_id = asked.developer_id and t.app_id = asked.app_id
     where t.bucket = $1 and t.period = any ($4) and t.reason in ('developer_share', 'provider_share')
     group by t.business_date, t.app_id, t.currency`,
    [bucket, apps.map(app => app.developerId), apps.map(app => app.appId), periods],
  );
  return rows.map(toMovement);
}

function toMovement({ amount, ...row }: Omit<ProviderMovement, 'amountNanos'> & { amount: string }): ProviderMovement {
  return { ...row, amountNanos: nanos(BigInt(amount)) };
}
