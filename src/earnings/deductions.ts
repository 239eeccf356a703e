import type pg from 'pg';
import type { Queryable } from '../db/database.ts';
import type { BusinessDay } from '../domain/business-day.ts';
import { type Nanos, nanos } from '../domain/nanos.ts';
import { withGrossNanos } from './gross-row.ts';

/** What does not count of what an ad unit earned in a day, for one reason; or a signed change of that. */
export interface Deduction {
  readonly developerId: string;
  readonly appId: string;
  readonly adUnitId: string;
  readonly currency: string;
  readonly reason: string;
  /** Null: an automatic check. */
  readonly invalidationId: string | null;
  readonly impressions: number;
  readonly clicks: number;
  readonly grossNanos: Nanos;
}

export interface DayDeduction extends Deduction {
  readonly businessDay: BusinessDay;
}

interface DayOfBucket {
  readonly bucket: number;
  readonly day: BusinessDay;
}

const COLUMNS = `developer_id as "developerId", app_id as "appId", ad_unit_id as "adUnitId", currency, reason,
       nullif(invalidation_id, '') as "invalidationId"`;
const SUMS = `sum(impressions)::bigint as impressions, sum(clicks)::bigint as clicks, sum(gross_nanos) as gross`;
const NOT_NOTHING = 'having sum(impressions) <> 0 or sum(clicks) <> 0 or sum(gross_nanos) <> 0';

/** What is deducted from a day by all runs so far, of the given developers; what came to nothing is left out. */
export async function recordedDeductions(
  q: Queryable,
  { bucket, day, developerIds }: DayOfBucket & { readonly developerIds: readonly string[] },
): Promise<Deduction[]> {
  const { rows } = await q.query<Omit<Deduction, 'grossNanos'> & { gross: string }>(
    `select ${COLUMNS}, ${SUMS}
     from deductions
     where bucket = $1 and business_date = $2 and developer_id = any ($3)
     group by developer_id, app_id, ad_unit_id, currency, reason, invalidation_id
     ${NOT_NOTHING}`,
    [bucket, day, developerIds],
  );
  return rows.map(withGrossNanos);
}

/** What is deducted from a developer's days, of one app only if it is given; in the order of days, apps, ad units and reasons. */
export async function deductionsOfDeveloper(
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
): Promise<DayDeduction[]> {
  const { rows } = await q.query<Omit<DayDeduction, 'grossNanos'> & { gross: string }>(
    `select business_date as "businessDay", ${COLUMNS}, ${SUMS}
     from deductions
     where bucket = $1 and business_date = any ($2::date[]) and developer_id = $3 and app_id = coalesce($4, app_id)
     group by business_date, developer_id, app_id, ad_unit_id, currency, reason, invalidation_id
     ${NOT_NOTHING}
     order by business_date, app_id, ad_unit_id, currency, reason, invalidation_id`,
    [bucket, days, developerId, appId ?? null],
  );
  return rows.map(withGrossNanos);
}

/** What each run changed about the deductions of a bucket's days. */
export async function deductionsByRun(
  q: Queryable,
  bucket: number,
): Promise<(DayDeduction & { readonly runId: string })[]> {
  const { rows } = await q.query<Omit<DayDeduction, 'grossNanos'> & { gross: string; runId: string }>(
    `select business_date as "businessDay", run_id as "runId", ${COLUMNS}, impressions, clicks, gross_nanos as gross
     from deductions
     where bucket = $1`,
    [bucket],
  );
  return rows.map(withGrossNanos);
}

/** Records what a run changes about the deductions of a day, in the transaction that posts the transfers to match. */
export async function appendDeductions(
  tx: pg.ClientBase,
  { bucket, day, runId }: DayOfBucket & { readonly runId: string },
  changes: readonly Deduction[],
): Promise<void> {
  if (changes.length === 0) return;
  await tx.query(
    `insert into deductions (bucket, business_date, run_id, developer_id, app_id, ad_unit_id, currency, reason, invalidation_id,
       impressions, clicks, gross_nanos)
     select $1, $2, $3, *
     from unnest($4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::bigint[], $11::bigint[], $12::numeric[])`,
    [
      bucket,
      day,
      runId,
      changes.map(change => change.developerId),
      changes.map(change => change.appId),
      changes.map(change => change.adUnitId),
      changes.map(change => change.currency),
      changes.map(change => change.reason),
      changes.map(change => change.invalidationId ?? ''),
      changes.map(change => change.impressions),
      changes.map(change => change.clicks),
      changes.map(change => change.grossNanos),
    ],
  );
}

/** What must be added to `before` to come to `after`; whatever comes to nothing is left out. */
export function deductionChanges({
  before,
  after,
}: {
  readonly before: readonly Deduction[];
  readonly after: readonly Deduction[];
}): Deduction[] {
  const changes = new Map(after.map(deduction => [deductionKey(deduction), deduction]));
  for (const old of before) {
    const key = deductionKey(old);
    const fresh = changes.get(key);
    changes.set(key, {
      ...old,
      impressions: (fresh?.impressions ?? 0) - old.impressions,
      clicks: (fresh?.clicks ?? 0) - old.clicks,
      grossNanos: nanos((fresh?.grossNanos ?? 0n) - old.grossNanos),
    });
  }
  return [...changes.values()].filter(
    ({ impressions, clicks, grossNanos }) => impressions !== 0 || clicks !== 0 || grossNanos !== 0n,
  );
}

/** Of the day. */
export function deductionKey({ developerId, appId, adUnitId, currency, reason, invalidationId }: Deduction): string {
  return [developerId, appId, adUnitId, currency, reason, invalidationId ?? ''].join('\0');
}
