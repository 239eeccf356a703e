import type pg from 'pg';
import { joinedTexts, plainArray } from '../db/lists.ts';
import type { UnitEarnings } from './earnings-fold.ts';

/** Adds to the bucket's earnings, in the order of the table's key. The caller marks as due what they touch, in the same transaction. */
export async function addEarnings(tx: pg.ClientBase, bucket: number, rows: readonly UnitEarnings[]): Promise<void> {
  if (rows.length === 0) return;
  await tx.query(
    `insert into earnings (bucket, business_date, developer_id, app_id, ad_unit_id, currency, impressions, clicks, gross_nanos)
     select $1, *
     from unnest($2::date[], string_to_array($3, E'\\n'), string_to_array($4, E'\\n'), string_to_array($5, E'\\n'),
       string_to_array($6, E'\\n'), $7::bigint[], $8::bigint[], $9::numeric[])
     on conflict (bucket, business_date, developer_id, app_id, ad_unit_id, currency) do update
     set impressions = earnings.impressions + excluded.impressions,
       clicks = earnings.clicks + excluded.clicks,
       gross_nanos = earnings.gross_nanos + excluded.gross_nanos`,
    [
      bucket,
      plainArray(rows.map(row => row.businessDay)),
      joinedTexts(rows.map(row => row.developerId)),
      joinedTexts(rows.map(row => row.appId)),
      joinedTexts(rows.map(row => row.adUnitId)),
      joinedTexts(rows.map(row => row.currency)),
      plainArray(rows.map(row => row.impressions)),
      plainArray(rows.map(row => row.clicks)),
      plainArray(rows.map(row => row.grossNanos)),
    ],
  );
}
