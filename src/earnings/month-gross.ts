import type { Queryable } from '../db/database.ts';
import { addDays, type BusinessDay, firstOfMonth } from '../domain/business-day.ts';
import { type Nanos, nanos } from '../domain/nanos.ts';

interface AppInCurrency {
  readonly appId: string;
  readonly currency: string;
}

/** What an app earned in a currency from the 1st of a day's month to the day before, settled or not, less what is deducted. */
export type MonthBefore = (app: AppInCurrency) => Nanos;

/** Where no plan goes by the month, nobody asks for it. */
export const MONTH_NOT_READ: MonthBefore = ({ appId }) => {
  throw new Error(`what app ${appId} earned in the month was not read`);
};

/** Reads it for the given apps of one bucket. */
export async function readMonthBefore(
  q: Queryable,
  {
    bucket,
    day,
    apps,
  }: {
    readonly bucket: number;
    readonly day: BusinessDay;
    readonly apps: Iterable<{ readonly appId: string; readonly developerId: string }>;
  },
): Promise<MonthBefore> {
  const developers = new Map<string, string>();
  for (const { appId, developerId } of apps) developers.set(appId, developerId);
  if (developers.size === 0) return MONTH_NOT_READ;
  const { rows } = await q.query<AppInCurrency & { gross: string }>(
    `with asked as (
       select *
       from unnest($4::text[], $5::text[]) as asked (developer_id, app_id)
     )
     select app_id as "appId", currency, sum(gross_nanos) as gross
     from (
       select e.app_id, e.currency, e.gross_nanos
       from asked
       join earnings as e on e.developer_id = asked.developer_id and e.app_id = asked.app_id
       where e.bucket = $1 and e.business_date between $2 and $3
       union all
       select d.app_id, d.currency, -d.gross_nanos
       from asked
       join deductions as d on d.developer_id = asked.developer_id and d.app_id = asked.app_id
       where d.bucket = $1 and d.business_date between $2 and $3
     ) as valid
     group by app_id, currency`,
    [bucket, firstOfMonth(day), addDays(day, -1), [...developers.values()], [...developers.keys()]],
  );
  const sums = rows.map(row => ({ ...row, grossNanos: nanos(BigInt(row.gross)) }));
  const before = addUpMonth(sums);
  return app => (developers.has(app.appId) ? before(app) : MONTH_NOT_READ(app));
}

/** The same from what is at hand: every row of the days from the 1st to the day before. */
export function addUpMonth(rows: Iterable<AppInCurrency & { readonly grossNanos: Nanos }>): MonthBefore {
  const sums = new Map<string, Nanos>();
  for (const row of rows) sums.set(keyOf(row), nanos((sums.get(keyOf(row)) ?? 0n) + row.grossNanos));
  return app => sums.get(keyOf(app)) ?? nanos(0n);
}

function keyOf({ appId, currency }: AppInCurrency): string {
  return `${appId}\0${currency}`;
}
