import type { Queryable } from '../db/database.ts';
import type { BusinessDay } from '../domain/business-day.ts';

interface DayOfBucket {
  readonly bucket: number;
  readonly businessDay: BusinessDay;
}

/** Those of the days whose last run found apps in the bucket that no plan covers: they stay due until one does. */
export async function runsWithoutPlan(q: Queryable, days: readonly DayOfBucket[]): Promise<DayOfBucket[]> {
  const { rows } = await q.query<DayOfBucket>(
    `select asked.bucket, asked.day as "businessDay"
     from unnest($1::smallint[], $2::date[]) as asked (bucket, day)
     cross join lateral (
       select done.apps_without_plan
       from settlement_runs as run
       join settlement_run_buckets as done on done.run_id = run.run_id
       where done.bucket = asked.bucket and run.business_date = asked.day
       order by done.finished_at desc, done.cutoff_seq desc, done.reference_version desc
       limit 1
     ) as last
     where last.apps_without_plan > 0`,
    [days.map(each => each.bucket), days.map(each => each.businessDay)],
  );
  return rows;
}
