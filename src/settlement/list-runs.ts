import type { Queryable } from '../db/database.ts';
import type { BusinessDay } from '../domain/business-day.ts';
import { checkLimit, DEFAULT_LIMIT, readCursor, writeCursor } from '../domain/page-cursor.ts';
import { type AccountMovement, movedByRuns } from '../ledger/moved-by-runs.ts';
import { unknownRun } from './runs.ts';

export interface RunFilters {
  /** The days settled, inclusive. */
  readonly from?: BusinessDay | undefined;
  readonly to?: BusinessDay | undefined;
  /** Only runs that lack a bucket. */
  readonly unfinished?: boolean | undefined;
}

/** A run of settlement, as finance and operators read it. */
export interface RunRow {
  readonly run_id: string;
  readonly business_date: BusinessDay;
  readonly requested_at: string;
  /** Null until its last bucket is done. */
  readonly finished_at: string | null;
  /** From the request to the end of the last bucket. */
  readonly duration_ms: number | null;
  readonly buckets: number;
  readonly buckets_done: number;
  readonly apps: number;
  readonly apps_without_plan: number;
  readonly transfers: number;
  /** The versions of catalog, plans and decisions that its buckets knew: the first and the last. */
  readonly reference_versions: { readonly first: number; readonly last: number } | null;
  /** What it moved, by currency and account. */
  readonly totals: readonly AccountMovement[];
}

/** What a run did in one bucket, and what it knew when it did it. */
export interface RunBucketRow {
  readonly bucket: number;
  /** The bucket's last batch that it took in. */
  readonly cutoff_seq: number;
  readonly reference_version: number;
  readonly apps: number;
  readonly apps_without_plan: number;
  readonly transfers: number;
  readonly started_at: string;
  readonly finished_at: string;
}

const CURSOR = [/^\d{4}-\d\d-\d\dT[\d:.]+Z$/, /^[0-9a-f-]{36}$/];

/** Runs, the last requested first. Refuses (`bad_limit`, `bad_cursor`) a page that can't be given. */
export async function listRuns(
  q: Queryable,
  {
    from,
    to,
    unfinished = false,
    limit = DEFAULT_LIMIT,
    after,
  }: RunFilters & { readonly limit?: number; readonly after?: string | undefined } = {},
): Promise<{ items: RunRow[]; next: string | null }> {
  const [afterAt, afterId] = after === undefined ? [null, null] : readCursor(after, CURSOR);
  const most = checkLimit(limit);
  const rows = await selectRuns(
    q,
    `where ($1::date is null or run.business_date >= $1) and ($2::date is null or run.business_date <= $2)
       and (not $3::boolean or cardinality(run.buckets) > (
         select count(*) from settlement_run_buckets as done where done.run_id = run.run_id and done.bucket = any (run.buckets)
       ))
       and ($4::timestamptz is null or (run.requested_at, run.run_id) < ($4, $5::uuid))
     order by run.requested_at desc, run.run_id desc
     limit $6`,
    [from ?? null, to ?? null, unfinished, afterAt, afterId, most + 1],
  );
  const items = rows.slice(0, most);
  const last = items.at(-1);
  const next = rows.length > most && last !== undefined ? writeCursor([last.requested_at, last.run_id]) : null;
  return { items, next };
}

/**
 * One run, bucket by bucket.
 * @throws Refusal `unknown_run`
 */
export async function showRun(q: Queryable, runId: string): Promise<RunRow & { items: RunBucketRow[] }> {
  const [run] = await selectRuns(q, 'where run.run_id::text = $1', [runId]);
  if (run === undefined) throw unknownRun(runId);
  const { rows } = await q.query<Record<keyof RunBucketRow, number> & { started_at: Date; finished_at: Date }>(
    `select bucket, cutoff_seq, reference_version, apps, apps_without_plan, transfers, started_at, finished_at
     from settlement_run_buckets
     where run_id = $1
     order by bucket`,
    [runId],
  );
  const items = rows.map(row => ({
    ...row,
    started_at: row.started_at.toISOString(),
    finished_at: row.finished_at.toISOString(),
  }));
  return { ...run, items };
}

interface SelectedRun {
  readonly run_id: string;
  readonly business_date: BusinessDay;
  readonly requested_at: Date;
  readonly buckets: number;
  readonly buckets_done: number;
  readonly apps: number;
  readonly apps_without_plan: number;
  readonly transfers: number;
  readonly first_version: number | null;
  readonly last_version: number | null;
  readonly finished_at: Date | null;
}

async function selectRuns(q: Queryable, which: string, values: unknown[]): Promise<RunRow[]> {
  const { rows } = await q.query<SelectedRun>(
    `select run.run_id, run.business_date, run.requested_at, cardinality(run.buckets) as buckets, done.*
     from settlement_runs as run
     cross join lateral (
       select count(*) as buckets_done, coalesce(sum(apps), 0)::bigint as apps,
         coalesce(sum(apps_without_plan), 0)::bigint as apps_without_plan, coalesce(sum(transfers), 0)::bigint as transfers,
         min(reference_version) as first_version, max(reference_version) as last_version, max(finished_at) as finished_at
       from settlement_run_buckets
       where run_id = run.run_id
     ) as done
     ${which}`,
    values,
  );
  const totals = await movedByRuns(
    q,
    rows.map(row => row.run_id),
  );
  return rows.map(row => runRow(row, totals.get(row.run_id) ?? []));
}

function runRow(
  { first_version, last_version, finished_at, requested_at, ...row }: SelectedRun,
  totals: readonly AccountMovement[],
): RunRow {
  // A run over nothing was finished when it was requested.
  const finishedAt = row.buckets_done < row.buckets ? null : (finished_at ?? requested_at);
  return {
    run_id: row.run_id,
    business_date: row.business_date,
    requested_at: requested_at.toISOString(),
    finished_at: finishedAt?.toISOString() ?? null,
    duration_ms: finishedAt === null ? null : finishedAt.getTime() - requested_at.getTime(),
    buckets: row.buckets,
    buckets_done: row.buckets_done,
    apps: row.apps,
    apps_without_plan: row.apps_without_plan,
    transfers: row.transfers,
    reference_versions:
      first_version === null || last_version === null ? null : { first: first_version, last: last_version },
    totals,
  };
}
