import type pg from 'pg';
import { markDue } from './due-days.ts';
import type { UnitEarnings } from './earnings-fold.ts';

/**
 * Adds to the bucket's earnings and marks what changed as due, in the caller's transaction. Rows come in the order of the
 * table's key; `sinceSeq` is the place in the bucket's order of the first batch that they are of.
 */
export async function addEarnings(
  tx: pg.ClientBase,
  { bucket, sinceSeq }: { readonly bucket: number; readonly sinceSeq: number },
  rows: readonly UnitEarnings[],
): Promise<void> {
  if (rows.length === 0) return;
  await tx.query(
    `insert into earnings (bucket, business_date, developer_id, app_id, ad_unit_id, currency, impressions, clicks, gross_nanos)
     select $1, * from unnest($2::date[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[], $8::bigint[], $9::numeric[])
     on conflict (bucket, business_date, developer_id, app_id, ad_unit_id, currency) do update
     set impressions = earnings.impressions + excluded.impressions,
       clicks = earnings.clicks + excluded.clicks,
       gross_nanos = earnings.gross_nanos + excluded.gross_nanos`,
    [
      bucket,
      rows.map(row => row.businessDay),
      rows.map(row => row.developerId),
      rows.map(row => row.appId),
      rows.map(row => row.adUnitId),
      rows.map(row => row.currency),
      rows.map(row => row.impressions),
      rows.map(row => row.clicks),
      rows.map(row => row.grossNanos),
    ],
  );
  await markDue(tx, bucket, distinctDays(rows), sinceSeq);
}

/** Neighbours in key order, so one look back tells a day that was just marked. */
function distinctDays(
  rows: readonly UnitEarnings[],
): { businessDay: UnitEarnings['businessDay']; developerId: string }[] {
  return rows
    .filter((row, index) => {
      const before = rows[index - 1];
      return before?.businessDay !== row.businessDay || before.developerId !== row.developerId;
    })
    .map(({ businessDay, developerId }) => ({ businessDay, developerId }));
}
