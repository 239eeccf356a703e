import type pg from 'pg';
import { streamRows } from '../db/stream-rows.ts';
import type { BusinessDay } from '../domain/business-day.ts';
import { nanos } from '../domain/nanos.ts';
import type { UnitEarnings } from './earnings-fold.ts';

/** A bucket's earnings in the order of their key. */
export async function* storedEarnings(client: pg.ClientBase, bucket: number): AsyncGenerator<UnitEarnings> {
  const rows = streamRows<{
    business_date: BusinessDay;
    developer_id: string;
    app_id: string;
    ad_unit_id: string;
    currency: string;
    impressions: number;
    clicks: number;
    gross_nanos: string;
  }>(
    client,
    `select business_date, developer_id, app_id, ad_unit_id, currency, impressions, clicks, gross_nanos
     from earnings
     where bucket = $1
     order by business_date, developer_id collate "C", app_id collate "C", ad_unit_id collate "C", currency collate "C"`,
    [bucket],
  );
  for await (const row of rows) {
    yield {
      businessDay: row.business_date,
      developerId: row.developer_id,
      appId: row.app_id,
      adUnitId: row.ad_unit_id,
      currency: row.currency,
      impressions: row.impressions,
      clicks: row.clicks,
      grossNanos: nanos(BigInt(row.gross_nanos)),
    };
  }
}
