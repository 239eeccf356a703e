import type pg from 'pg';
import type { Queryable } from '../db/database.ts';
import { streamRows } from '../db/stream-rows.ts';
import type { BusinessDay } from '../domain/business-day.ts';
import type { AloneReason } from '../traffic/checks.ts';
import { compareUnitEarnings, EarningsFold, type UnitEarnings } from './earnings-fold.ts';
import { withGrossNanos } from './gross-row.ts';

/** What one ad unit's events, invalid alone for one reason, would have earned on one business day in one currency. */
export interface InvalidEarnings extends Readonly<UnitEarnings> {
  readonly reason: AloneReason;
}

/** Adds events up that are accepted but never become earnings. */
export class InvalidFold {
  readonly #folds = new Map<AloneReason, EarningsFold>();

  add(reason: AloneReason, ...event: Parameters<EarningsFold['add']>): void {
    this.of(reason).add(...event);
  }

  /** What is invalid for that reason. */
  of(reason: AloneReason): EarningsFold {
    let fold = this.#folds.get(reason);
    if (fold === undefined) {
      fold = new EarningsFold();
      this.#folds.set(reason, fold);
    }
    return fold;
  }

  /** In the order of the table's key. */
  sorted(): InvalidEarnings[] {
    return [...this.#folds]
      .flatMap(([reason, fold]) => fold.sorted().map(row => ({ ...row, reason })))
      .sort((a, b) => compareUnitEarnings(a, b) || (a.reason < b.reason ? -1 : 1));
  }
}

const COLUMNS = `business_date as "businessDay", developer_id as "developerId", app_id as "appId", ad_unit_id as "adUnitId", currency,
       reason, impressions, clicks, gross_nanos as gross`;

/** Adds to what the bucket's invalid events would have earned. Rows come in the order of the table's key. */
export async function addInvalidEarnings(
  tx: pg.ClientBase,
  bucket: number,
  rows: readonly InvalidEarnings[],
): Promise<void> {
  if (rows.length === 0) return;
  await tx.query(
    `insert into invalid_earnings (bucket, business_date, developer_id, app_id, ad_unit_id, currency, reason, impressions, clicks,
       gross_nanos)
     select $1, *
     from unnest($2::date[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::bigint[], $9::bigint[], $10::numeric[])
     on conflict (bucket, business_date, developer_id, app_id, ad_unit_id, currency, reason) do update
     set impressions = invalid_earnings.impressions + excluded.impressions,
       clicks = invalid_earnings.clicks + excluded.clicks,
       gross_nanos = invalid_earnings.gross_nanos + excluded.gross_nanos`,
    [
      bucket,
      rows.map(row => row.businessDay),
      rows.map(row => row.developerId),
      rows.map(row => row.appId),
      rows.map(row => row.adUnitId),
      rows.map(row => row.currency),
      rows.map(row => row.reason),
      rows.map(row => row.impressions),
      rows.map(row => row.clicks),
      rows.map(row => row.grossNanos),
    ],
  );
}

/** A bucket's invalid earnings in the order of their key. */
export async function* storedInvalidEarnings(client: pg.ClientBase, bucket: number): AsyncGenerator<InvalidEarnings> {
  const rows = streamRows<Omit<InvalidEarnings, 'grossNanos'> & { gross: string }>(
    client,
    `select ${COLUMNS}
     from invalid_earnings
     where bucket = $1
     order by business_date, developer_id collate "C", app_id collate "C", ad_unit_id collate "C", currency collate "C",
       reason collate "C"`,
    [bucket],
  );
  for await (const row of rows) yield withGrossNanos(row);
}

/** A developer's invalid earnings of the given days, in the order of the table's key; of one app only, if it is given. */
export async function invalidEarningsOfDeveloper(
  q: Queryable,
  {
    bucket,
    developerId,
    days,
    appId,
  }: {
    readonly bucket: number;
    readonly developerId: string;
    readonly days: readonly BusinessDay[];
    readonly appId?: string;
  },
): Promise<InvalidEarnings[]> {
  const { rows } = await q.query<Omit<InvalidEarnings, 'grossNanos'> & { gross: string }>(
    `select ${COLUMNS}
     from invalid_earnings
     where bucket = $1 and business_date = any ($2::date[]) and developer_id = $3 and app_id = coalesce($4, app_id)
     order by business_date, app_id, ad_unit_id, currency, reason`,
    [bucket, days, developerId, appId ?? null],
  );
  return rows.map(withGrossNanos);
}
