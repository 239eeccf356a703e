import type { Queryable } from '../db/database.ts';
import type { BusinessDay } from '../domain/business-day.ts';
import type { SettlementRun } from './runs.ts';

const FINISHED = `cardinality(run.buckets) > 0
       and cardinality(run.buckets) = (select count(*) from settlement_run_buckets as done where done.run_id = run.run_id)`;

/** A run each of whose buckets has its record; null while one lacks it. */
export async function finishedRun(q: Queryable, runId: string): Promise<SettlementRun | null> {
  const { rows } = await q.query<SettlementRun>(
    `select run_id as "runId", business_date as "businessDay", buckets
     from settlement_runs as run
     where run_id = $1 and ${FINISHED}`,
    [runId],
  );
  return rows[0] ?? null;
}

/**
 * Finished runs over days in a range that were requested since an instant, in the order in which they finished; only those of which
 * a bucket knew the version of catalog, plans and decisions.
 */
export async function finishedRuns(
  q: Queryable,
  {
    from,
    to,
    requestedSince,
    referenceVersion,
  }: {
    /** Null: from the first day on. */
    readonly from: BusinessDay | null;
    readonly to: BusinessDay;
    readonly requestedSince: Date;
    readonly referenceVersion: number;
  },
): Promise<SettlementRun[]> {
  const { rows } = await q.query<SettlementRun>(
    `select run_id as "runId", business_date as "businessDay", buckets
     from settlement_runs as run
     cross join lateral (
       select max(finished_at) as finished_at, max(reference_version) as reference_version
       from settlement_run_buckets as done
       where done.run_id = run.run_id
     ) as last
     where requested_at >= $3 and ($1::date is null or business_date >= $1) and business_date <= $2 and ${FINISHED}
       and last.reference_version >= $4
     order by last.finished_at, run_id`,
    [from, to, requestedSince, referenceVersion],
  );
  return rows;
}
