import type { Queryable } from '../db/database.ts';
import type { BusinessDay } from '../domain/business-day.ts';
import type { UnitEarnings } from './earnings-fold.ts';
import { withGrossNanos } from './gross-row.ts';

interface DaysOfDeveloper {
  readonly bucket: number;
  readonly developerId: string;
  readonly days: readonly BusinessDay[];
}

/**
 * What the developer's ad units earned on the given days, less deductions, in the order of the table's key; of one app only, if it is
 * given. An ad unit whose events are all deducted stands there with nothing.
 */
export async function earningsOfDeveloper(
  q: Queryable,
  { bucket, developerId, days, appId }: DaysOfDeveloper & { readonly appId?: string },
): Promise<Readonly<UnitEarnings>[]> {
  const { rows } = await q.query<Omit<UnitEarnings, 'grossNanos'> & { gross: string }>(
    `select business_date as "businessDay", developer_id as "developerId", app_id as "appId", ad_unit_id as "adUnitId", currency,
       sum(impressions)::bigint as impressions, sum(clicks)::bigint as clicks, sum(gross_nanos) as gross
     from (
       select business_date, developer_id, app_id, ad_unit_id, currency, impressions, clicks, gross_nanos
       from earnings
       where bucket = $1 and business_date = any ($2::date[]) and developer_id = $3 and app_id = coalesce($4, app_id)
       union all
       select business_date, developer_id, app_id, ad_unit_id, currency, -impressions, -clicks, -gross_nanos
       from deductions
       where bucket = $1 and business_date = any ($2::date[]) and developer_id = $3 and app_id = coalesce($4, app_id)
     ) as valid
     group by business_date, developer_id, app_id, ad_unit_id, currency
     order by business_date, developer_id, app_id, ad_unit_id, currency`,
    [bucket, days, developerId, appId ?? null],
  );
  return rows.map(withGrossNanos);
}

/** Those of the days that changed for the developer since they were last settled. */
export async function dueDaysOfDeveloper(
  q: Queryable,
  { bucket, developerId, days }: DaysOfDeveloper,
): Promise<Set<BusinessDay>> {
  const { rows } = await q.query<{ businessDay: BusinessDay }>(
    `select business_date as "businessDay"
     from due_days
     where bucket = $1 and business_date = any ($2::date[]) and developer_id = $3`,
    [bucket, days, developerId],
  );
  return new Set(rows.map(row => row.businessDay));
}
