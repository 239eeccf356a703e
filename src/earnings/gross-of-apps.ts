import type { Queryable } from '../db/database.ts';
import type { BusinessDay } from '../domain/business-day.ts';
import { type Nanos, nanos } from '../domain/nanos.ts';

export interface GrossOfApp {
  readonly developerId: string;
  readonly appId: string;
  readonly currency: string;
  readonly grossNanos: Nanos;
}

/** The gross of each app of the given developers on a business day, in key order. */
export async function grossOfApps(
  db: Queryable,
  {
    bucket,
    day,
    developerIds,
  }: { readonly bucket: number; readonly day: BusinessDay; readonly developerIds: readonly string[] },
): Promise<GrossOfApp[]> {
  const { rows } = await db.query<{ developer_id: string; app_id: string; currency: string; gross_nanos: string }>(
    `select developer_id, app_id, currency, sum(gross_nanos) as gross_nanos
     from earnings
     where bucket = $1 and business_date = $2 and developer_id = any ($3)
     group by developer_id, app_id, currency
     order by developer_id, app_id, currency`,
    [bucket, day, developerIds],
  );
  return rows.map(row => ({
    developerId: row.developer_id,
    appId: row.app_id,
    currency: row.currency,
    grossNanos: nanos(BigInt(row.gross_nanos)),
  }));
}
