import type { Queryable } from '../db/database.ts';
import type { BusinessDay } from '../domain/business-day.ts';
import { type Nanos, nanos } from '../domain/nanos.ts';

export interface GrossOfApp {
  readonly developerId: string;
  readonly appId: string;
  readonly currency: string;
  readonly grossNanos: Nanos;
}

/** As one array and not as a join: over tables that nobody has analysed yet, a join may compare each developer with each row. */
const DUE_DEVELOPERS = 'array(select developer_id from due_days where bucket = $1 and business_date = $2)';

/**
 * The gross of each app of the developers for whom a business day is due, in key order: earnings less deductions. An app whose
 * earnings are all deducted stands there with nothing, so that what was posted for it can be taken back.
 */
export async function grossOfDueApps(
  db: Queryable,
  { bucket, day }: { readonly bucket: number; readonly day: BusinessDay },
): Promise<GrossOfApp[]> {
  const { rows } = await db.query<{ developer_id: string; app_id: string; currency: string; gross_nanos: string }>(
    `select developer_id, app_id, currency, sum(gross_nanos) as gross_nanos
     from (
       select developer_id, app_id, currency, gross_nanos
       from earnings
       where bucket = $1 and business_date = $2 and developer_id = any (${DUE_DEVELOPERS})
       union all
       select developer_id, app_id, currency, -gross_nanos
       from deductions
       where bucket = $1 and business_date = $2 and developer_id = any (${DUE_DEVELOPERS})
     ) as valid
     group by developer_id, app_id, currency
     order by developer_id, app_id, currency`,
    [bucket, day],
  );
  return rows.map(row => ({
    developerId: row.developer_id,
    appId: row.app_id,
    currency: row.currency,
    grossNanos: nanos(BigInt(row.gross_nanos)),
  }));
}

/** What apps of one developer earned on single days, whether or not it is deducted, by currency. */
export async function earnedOnDays(
  q: Queryable,
  {
    bucket,
    developerId,
    appDays,
  }: {
    readonly bucket: number;
    readonly developerId: string;
    /** Each once. */
    readonly appDays: readonly { readonly appId: string; readonly businessDay: BusinessDay }[];
  },
): Promise<Map<string, Nanos>> {
  const { rows } = await q.query<{ currency: string; gross_nanos: string }>(
    `select currency, sum(gross_nanos) as gross_nanos
     from unnest($3::text[], $4::date[]) as asked (app_id, business_date)
     join earnings using (app_id, business_date)
     where bucket = $1 and developer_id = $2
     group by currency
     order by currency`,
    [bucket, developerId, appDays.map(each => each.appId), appDays.map(each => each.businessDay)],
  );
  return new Map(rows.map(row => [row.currency, nanos(BigInt(row.gross_nanos))]));
}
