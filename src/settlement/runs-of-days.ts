import type { Queryable } from '../db/database.ts';
import type { BusinessDay } from '../domain/business-day.ts';

/** What a run knew when it settled a business day in one bucket. */
export interface RunOfDay {
  readonly runId: string;
  readonly businessDay: BusinessDay;
  /** The bucket's last batch that it took in. */
  readonly cutoffSeq: number;
  readonly referenceVersion: number;
  readonly finishedAt: Date;
}

/** Every run that settled one of the days in the bucket, each day's in the order in which they finished. */
export async function runsOfDays(
  q: Queryable,
  { bucket, days }: { readonly bucket: number; readonly days: readonly BusinessDay[] },
): Promise<RunOfDay[]> {
  const { rows } = await q.query<RunOfDay>(
    `select run.run_id as "runId", run.business_date as "businessDay", done.cutoff_seq as "cutoffSeq",
       done.reference_version as "referenceVersion", done.finished_at as "finishedAt"
     from settlement_runs as run
     join settlement_run_buckets as done on done.run_id = run.run_id
     where done.bucket = $1 and run.business_date = any ($2::date[])
     order by run.business_date, done.finished_at, run.run_id`,
    [bucket, days],
  );
  return rows;
}

/** The reference version that each of the runs knew in each of the buckets, by `run bucket`. */
export async function versionsOfRuns(
  q: Queryable,
  { buckets, runIds }: { readonly buckets: readonly number[]; readonly runIds: readonly string[] },
): Promise<Map<string, number>> {
  const { rows } = await q.query<{ key: string; version: number }>(
    `select run_id || ' ' || bucket as key, reference_version as version
     from settlement_run_buckets
     where bucket = any ($1::smallint[]) and run_id = any ($2::uuid[])`,
    [buckets, runIds],
  );
  return new Map(rows.map(row => [row.key, row.version]));
}

/** The business day that a run settles, which is also the ledger's day of all its transfers; null if there is no such run. */
export async function dayOfRun(q: Queryable, runId: string): Promise<BusinessDay | null> {
  const { rows } = await q.query<{ businessDay: BusinessDay }>(
    'select business_date as "businessDay" from settlement_runs where run_id = $1',
    [runId],
  );
  return rows[0]?.businessDay ?? null;
}
