import type { Queryable } from '../db/database.ts';
import { digestOfRows } from '../db/row-digest.ts';
import type { BusinessDay } from '../domain/business-day.ts';

/** Which days of a bucket, and whose not. */
export interface PostedDays {
  readonly bucket: number;
  readonly from: BusinessDay;
  readonly to: BusinessDay;
  /** (Developer, day)s to leave out. */
  readonly except: readonly { readonly businessDay: BusinessDay; readonly developerId: string }[];
}

/** What was taken from advertisers for an app in a day, as the ledger has it. */
export interface PostedRevenue {
  readonly businessDay: BusinessDay;
  readonly appId: string;
  readonly currency: string;
  /** Decimal string of nanos; never zero. */
  readonly gross: string;
}

/** −`ad_revenue` of each (app, day, currency), for all that was ever posted for the days. */
const REVENUE = `select ledger_date as "businessDay", app_id as "appId", currency,
         sum(case when debit = 'ad_revenue' then amount_nanos else -amount_nanos end) as gross
       from transfers as t
       where bucket = $1 and ledger_date between $2 and $3 and business_date is not null
         and (debit = 'ad_revenue' or credit = 'ad_revenue')
         and not exists (
           select
           from unnest($4::date[], $5::text[]) as left_out (day, developer_id)
           where left_out.day = t.ledger_date and left_out.developer_id = t.developer_id
         )
       group by ledger_date, app_id, currency
       having sum(case when debit = 'ad_revenue' then amount_nanos else -amount_nanos end) <> 0`;

/** Of each day one digest over all its rows, to be compared with that of what ad units earned; a day without any has none. */
export async function adRevenueDigests(q: Queryable, days: PostedDays): Promise<Map<BusinessDay, string>> {
  const { rows } = await q.query<{ businessDay: BusinessDay; digest: string }>(
    `select "businessDay", encode(${digestOfRows(GROSS_ROWS)}, 'hex') as digest
     from (${REVENUE}) as revenue
     group by "businessDay"`,
    valuesOf(days),
  );
  return new Map(rows.map(row => [row.businessDay, row.digest]));
}

export async function adRevenueOfDays(q: Queryable, days: PostedDays): Promise<PostedRevenue[]> {
  const { rows } = await q.query<PostedRevenue>(`${REVENUE} order by 1, 2, 3`, valuesOf(days));
  return rows;
}

const GROSS_ROWS = { columns: '"appId", currency, gross', order: '"appId", currency' };

function valuesOf({ bucket, from, to, except }: PostedDays): unknown[] {
  return [bucket, from, to, except.map(each => each.businessDay), except.map(each => each.developerId)];
}
