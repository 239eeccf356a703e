import type pg from 'pg';
import type { Queryable } from '../db/database.ts';
import type { BusinessDay } from '../domain/business-day.ts';
import { Refusal } from '../domain/errors.ts';
import { shown } from '../domain/shown.ts';
import { bucketsDueOn } from '../earnings/due-days.ts';

export interface SettlementRun {
  readonly runId: string;
  readonly businessDay: BusinessDay;
  readonly buckets: readonly number[];
}

/** What one bucket of a run came to; it commits with the transfers. */
export interface BucketResult {
  readonly bucket: number;
  readonly runId: string;
  readonly cutoffSeq: number;
  readonly referenceVersion: number;
  readonly apps: number;
  readonly transfers: number;
  readonly appsWithoutPlan: number;
  readonly startedAt: Date;
  readonly finishedAt: Date;
}

export interface RunProgress {
  readonly bucketsDone: number;
  readonly apps: number;
  readonly transfers: number;
  readonly appsWithoutPlan: number;
}

/** Records a run over the buckets in which the day is due. */
export async function insertRun(
  db: Queryable,
  {
    runId,
    businessDay,
    requestedAt,
  }: { readonly runId: string; readonly businessDay: BusinessDay; readonly requestedAt: Date },
): Promise<SettlementRun> {
  const buckets = await bucketsDueOn(db, businessDay);
  await db.query('insert into settlement_runs (run_id, business_date, requested_at, buckets) values ($1, $2, $3, $4)', [
    runId,
    businessDay,
    requestedAt,
    buckets,
  ]);
  return { runId, businessDay, buckets };
}

export async function isBucketDone(
  db: Queryable,
  { runId, bucket }: { readonly runId: string; readonly bucket: number },
): Promise<boolean> {
  const { rowCount } = await db.query('select from settlement_run_buckets where bucket = $1 and run_id = $2', [
    bucket,
    runId,
  ]);
  return rowCount === 1;
}

export async function insertBucketResult(tx: pg.ClientBase, result: BucketResult): Promise<void> {
  await tx.query(
    `insert into settlement_run_buckets (bucket, run_id, cutoff_seq, reference_version, apps, transfers, apps_without_plan,
       started_at, finished_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
    [
      result.bucket,
      result.runId,
      result.cutoffSeq,
      result.referenceVersion,
      result.apps,
      result.transfers,
      result.appsWithoutPlan,
      result.startedAt,
      result.finishedAt,
    ],
  );
}

/** How many buckets the runs have done, together. */
export async function bucketsDone(db: Queryable, runIds: readonly string[]): Promise<number> {
  const { rows } = await db.query<{ done: number }>(
    'select count(*) as done from settlement_run_buckets where run_id = any ($1::uuid[])',
    [runIds],
  );
  return rows[0]?.done ?? 0;
}

export async function runProgress(db: Queryable, runId: string): Promise<RunProgress> {
  const { rows } = await db.query<{ buckets_done: number; apps: number; transfers: number; apps_without_plan: number }>(
    `select count(*) as buckets_done, coalesce(sum(apps), 0)::bigint as apps, coalesce(sum(transfers), 0)::bigint as transfers,
       coalesce(sum(apps_without_plan), 0)::bigint as apps_without_plan
     from settlement_run_buckets
     where run_id = $1`,
    [runId],
  );
  const row = rows[0];
  return {
    bucketsDone: row?.buckets_done ?? 0,
    apps: row?.apps ?? 0,
    transfers: row?.transfers ?? 0,
    appsWithoutPlan: row?.apps_without_plan ?? 0,
  };
}

/**
 * A run and the buckets that it still lacks.
 * @throws Refusal `unknown_run`
 */
export async function unfinishedRun(
  db: Queryable,
  runId: string,
): Promise<SettlementRun & { readonly lacking: readonly number[] }> {
  const { rows } = await db.query<SettlementRun & { lacking: number[] }>(
    `select run_id as "runId", business_date as "businessDay", buckets,
       array(
         select unnest(buckets)
         except
         select bucket::smallint from settlement_run_buckets as done where done.run_id = run.run_id
       ) as lacking
     from settlement_runs as run
     where run_id::text = $1`,
    [runId],
  );
  const [run] = rows;
  if (run === undefined) throw unknownRun(runId);
  return run;
}

export function unknownRun(runId: string): Refusal {
  return new Refusal({
    code: 'unknown_run',
    message: `there is no run ${shown(runId)}`,
    remedy: 'take an id that "apportion runs" lists',
    details: { run: shown(runId) },
  });
}

/** Buckets that runs requested after an instant still lack, the run requested first first. */
export async function unfinishedBuckets(
  db: Queryable,
  requestedAfter: Date,
): Promise<{ runId: string; businessDay: BusinessDay; bucket: number }[]> {
  const { rows } = await db.query<{ run_id: string; business_date: BusinessDay; bucket: number }>(
    `select run.run_id, run.business_date, wanted.bucket
     from settlement_runs as run
     cross join unnest(run.buckets) as wanted (bucket)
     where run.requested_at > $1
       and not exists (
         select from settlement_run_buckets as done where done.bucket = wanted.bucket and done.run_id = run.run_id
       )
     order by run.requested_at, wanted.bucket`,
    [requestedAfter],
  );
  return rows.map(row => ({ runId: row.run_id, businessDay: row.business_date, bucket: row.bucket }));
}

/** A run's record of one bucket, with the day of the run; null where the run itself is not recorded or does not name the bucket. */
export interface RecordedResult extends Omit<BucketResult, 'bucket' | 'startedAt' | 'finishedAt'> {
  readonly businessDay: BusinessDay | null;
}

/** What every run recorded of a bucket. */
export async function bucketResults(db: Queryable, bucket: number): Promise<RecordedResult[]> {
  const { rows } = await db.query<RecordedResult>(
    `select done.run_id as "runId", run.business_date as "businessDay", done.cutoff_seq as "cutoffSeq",
       done.reference_version as "referenceVersion", done.apps, done.transfers, done.apps_without_plan as "appsWithoutPlan"
     from settlement_run_buckets as done
     left join settlement_runs as run on run.run_id = done.run_id and done.bucket = any (run.buckets)
     where done.bucket = $1`,
    [bucket],
  );
  return rows;
}

/** The reference version that each of the runs knew, by `bucket run`; in all buckets, or in some. */
export async function versionsKnownToRuns(
  q: Queryable,
  runIds: readonly string[],
  buckets: readonly number[] | null = null,
): Promise<Map<string, number>> {
  const { rows } = await q.query<{ bucket: number; runId: string; referenceVersion: number }>(
    `select bucket, run_id as "runId", reference_version as "referenceVersion"
     from settlement_run_buckets
     where run_id = any ($1::uuid[])${buckets === null ? '' : ' and bucket = any ($2)'}`,
    buckets === null ? [runIds] : [runIds, buckets],
  );
  return new Map(rows.map(row => [`${row.bucket} ${row.runId}`, row.referenceVersion]));
}
