import type pg from 'pg';
import type { Queryable } from '../db/database.ts';
import { isDryRun } from '../db/dry-run.ts';
import { joinedTexts, plainArray } from '../db/lists.ts';
import type { BusinessDay } from '../domain/business-day.ts';
import { knowsMonthlyPlans } from '../plans/stored-plans.ts';

/** Earnings whose worth may have changed; null stands for all developers, all apps, all currencies, no last day. */
export interface DueExtent {
  readonly developerId: string | null;
  /** Only together with its developer. */
  readonly appId: string | null;
  readonly currency: string | null;
  readonly fromDay: BusinessDay;
  readonly toDay: BusinessDay | null;
}

/**
 * Marks each (developer, day) with earnings inside one of the extents as due, in every bucket; where a plan goes by the month, also
 * the days after an extent to the end of its last month. To mark more than has changed is harmless: settling such a day posts nothing.
 * A dry run marks nothing: settlements would wait for its rows, which nobody ever sees.
 */
export async function markDueWhere(tx: pg.ClientBase, extents: readonly DueExtent[]): Promise<void> {
  if (extents.length === 0 || isDryRun(tx)) return;
  const byMonth = await knowsMonthlyPlans(tx);
  // One statement, so that all rows are locked in key order, as the event workers lock theirs.
  await tx.query(
    `with extents as (
       select developer_id, app_id, currency, from_day, ${byMonth ? monthEnd('to_day') : 'to_day'} as to_day
       from unnest($1::text[], $2::text[], $3::text[], $4::date[], $5::date[])
         as extent (developer_id, app_id, currency, from_day, to_day)
     )
     insert into due_days (bucket, business_date, developer_id)
     select e.bucket, e.business_date, e.developer_id
     from extents as x
     join earnings as e on ${INSIDE}
     where x.developer_id is null
     union
     select e.bucket, e.business_date, e.developer_id
     from extents as x
     join earnings as e on ${INSIDE} and e.developer_id = x.developer_id
     where x.app_id is null
     union
     select e.bucket, e.business_date, e.developer_id
     from extents as x
     join earnings as e on ${INSIDE} and e.developer_id = x.developer_id and e.app_id = x.app_id
     order by bucket, business_date, developer_id
     ${SINCE_NO_BATCH}`,
    [
      extents.map(extent => extent.developerId),
      extents.map(extent => extent.appId),
      extents.map(extent => extent.currency),
      extents.map(extent => extent.fromDay),
      extents.map(extent => extent.toDay),
    ],
  );
}

/** A day that is due for a batch alone is due for something else too from now on. */
const SINCE_NO_BATCH = `on conflict (bucket, business_date, developer_id) do update
     set since_seq = 0
     where due_days.since_seq <> 0`;

const INSIDE = `e.business_date >= x.from_day and e.business_date <= coalesce(x.to_day, 'infinity')
       and e.currency = coalesce(x.currency, e.currency)`;

/**
 * Marks days of one bucket as due. They come in any order; a day that is due already stays so. Where a plan goes by the month, later
 * days of the month on which the developer earned anything are marked too, for a day's worth depends on those before it. Call it
 * under the bucket's turn: a plan recorded meanwhile marks what it sees, and nobody settles here before this commits.
 * @param sinceSeq the place in the bucket's order of the first batch that is the reason; 0 where the reason is none
 */
export async function markDue(
  tx: pg.ClientBase,
  bucket: number,
  days: readonly { readonly developerId: string; readonly businessDay: BusinessDay }[],
  sinceSeq = 0,
): Promise<void> {
  if (days.length === 0) return;
  const later = (await knowsMonthlyPlans(tx)) ? LATER_IN_MONTH : '';
  await tx.query(
    `with changed as (
       select business_date, developer_id
       from unnest($2::date[], string_to_array($3, E'\\n')) as changed (business_date, developer_id)
     )
     insert into due_days (bucket, business_date, developer_id, since_seq)
     select $1::smallint, due.business_date, due.developer_id, $4
     from (select ${sinceSeq === 0 ? 'distinct ' : ''}business_date, developer_id from changed ${later}) as due
     order by due.business_date, due.developer_id
     ${sinceSeq === 0 ? SINCE_NO_BATCH : 'on conflict do nothing'}`,
    [bucket, plainArray(days.map(day => day.businessDay)), joinedTexts(days.map(day => day.developerId)), sinceSeq],
  );
}

/** Days are looked up one by one in the key, and only up to the last on which anybody in the bucket earned anything. */
const LATER_IN_MONTH = `
       union
       select day::date, changed.developer_id
       from changed
       cross join (select max(business_date) as last_day from earnings where bucket = $1) as known
       cross join generate_series(changed.business_date + 1, least(${monthEnd('changed.business_date')}, known.last_day), '1 day') as day
       where exists (
         select
         from earnings as e
         where e.bucket = $1 and e.business_date = day::date and e.developer_id = changed.developer_id
       )`;

function monthEnd(day: string): string {
  return `(date_trunc('month', ${day}) + interval '1 month - 1 day')::date`;
}

/** The days up to `upTo`, inclusive, on which anything is due, oldest first. */
export async function dueDates(q: Queryable, { upTo }: { readonly upTo: BusinessDay }): Promise<BusinessDay[]> {
  const { rows } = await q.query<{ business_date: BusinessDay }>(
    'select distinct business_date from due_days where business_date <= $1 order by business_date',
    [upTo],
  );
  return rows.map(row => row.business_date);
}

/** The buckets in which anything is due on a day, in order. */
export async function bucketsDueOn(q: Queryable, day: BusinessDay): Promise<number[]> {
  const { rows } = await q.query<{ bucket: number }>(
    'select distinct bucket from due_days where business_date = $1 order by bucket',
    [day],
  );
  return rows.map(row => row.bucket);
}
