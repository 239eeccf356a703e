import type pg from 'pg';

/** SQL of `bucketOf` for a column with the owner's id; $1 is the number of buckets. */
const BUCKET = `('x' || left(encode(sha256(convert_to(app.developer_id, 'UTF8')), 'hex'), 8))::bit(32)::bigint % $1`;

export interface EarningsLoad {
  readonly bucketCount: number;
  readonly from: string;
  /** The last day, inclusive. */
  readonly to: string;
  /** How many of the catalog's apps, chosen by a hash of their ids. */
  readonly apps: number;
}

/**
 * Puts earnings of every ad unit of so many apps into the tables, as if their events had been processed, and marks the days due: up to 66 yuan a
 * unit, the same at each call. The owner does it in SQL, because a day of a million apps would take a billion events. The planner's figures are
 * brought up to date, as autovacuum does while events trickle in.
 * @returns the number of apps and of their developers
 */
export async function loadEarnings(
  owner: pg.Client,
  load: EarningsLoad,
): Promise<{ apps: number; developers: number }> {
  const { bucketCount, from, to, apps } = load;
  await owner.query(
    `insert into earnings (bucket, business_date, developer_id, app_id, ad_unit_id, currency, impressions, clicks, gross_nanos)
     select ${BUCKET}, day::date, app.developer_id, app.app_id, unit.ad_unit_id, 'CNY', 1000 + luck, luck / 100, (luck + 1) * 1000001::numeric
     from generate_series($2::date, $3::date, interval '1 day') as day
     cross join (select app_id, developer_id from apps order by hashtext(app_id), app_id limit $4) as app
     join ad_units as unit on unit.app_id = app.app_id
     cross join lateral (select hashtextextended(unit.ad_unit_id, extract(epoch from day)::bigint) & 65535 as luck) as drawn
     order by 1, 2, 3, 4, 5`,
    [bucketCount, from, to, apps],
  );
  await markLoadedDue(owner, { from, to });
  await owner.query('analyze earnings, due_days');
  const { rows } = await owner.query<{ apps: number; developers: number }>(
    `select count(distinct app_id)::int as apps, count(distinct developer_id)::int as developers
     from earnings
     where business_date = $1`,
    [from],
  );
  return rows[0] ?? { apps: 0, developers: 0 };
}

/** As when a new version of a plan reaches these days: every developer's day is to be settled again. */
export async function markLoadedDue(
  owner: pg.Client,
  { from, to }: { readonly from: string; readonly to: string },
): Promise<void> {
  await owner.query(
    `insert into due_days (bucket, business_date, developer_id)
     select distinct bucket, business_date, developer_id
     from earnings
     where business_date between $1 and $2
     order by bucket, business_date, developer_id
     on conflict do nothing`,
    [from, to],
  );
}
