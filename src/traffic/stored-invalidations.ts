import type pg from 'pg';
import { recordedInstants, recordReferenceVersion } from '../catalog/reference-version.ts';
import type { Queryable } from '../db/database.ts';
import type { BusinessDay } from '../domain/business-day.ts';
import type { Invalidation } from './invalidation.ts';

/** An invalidation with everything that was recorded about it. */
export interface RecordedInvalidation extends Omit<Invalidation, 'events'> {
  readonly referenceVersion: number;
  readonly recordedAt: Date;
  /** Null: a slice. */
  readonly eventCount: number | null;
  readonly actor: string;
  readonly note: string | null;
  readonly reinstatement: Reinstatement | null;
}

export interface Reinstatement {
  readonly referenceVersion: number;
  readonly recordedAt: Date;
  readonly reason: string;
  readonly actor: string;
}

/** An invalidation about to be recorded; `events` as `eventKey` writes them. */
export interface NewInvalidation extends Omit<Invalidation, 'events'> {
  readonly events: readonly string[] | null;
  readonly actor: string;
  readonly note: string | null;
}

/** Invalidations that stand at a reference version and may concern the developers' day, in the order in which they were recorded. */
export async function standingInvalidations(
  q: Queryable,
  {
    developerIds,
    day,
    referenceVersion,
  }: { readonly developerIds: readonly string[]; readonly day: BusinessDay; readonly referenceVersion: number },
): Promise<Invalidation[]> {
  const { rows } = await q.query<Omit<Invalidation, 'events'> & { events: string | null }>(
    `select invalidation_id as "invalidationId", developer_id as "developerId", app_id as "appId", ad_unit_id as "adUnitId",
       event_type as "eventType", from_day as "fromDay", to_day as "toDay", events, reason
     from invalidations
     where developer_id = any ($1) and from_day <= $2 and to_day >= $2 and reference_version <= $3
       and not exists (
         select
         from reinstatements
         where reinstatements.invalidation_id = invalidations.invalidation_id and reinstatements.reference_version <= $3
       )
     order by reference_version`,
    [developerIds, day, referenceVersion],
  );
  return rows.map(row => ({ ...row, events: row.events === null ? null : new Set(row.events.split('\n')) }));
}

export interface InvalidationFilter {
  readonly invalidationIds?: readonly string[] | undefined;
  readonly appId?: string | undefined;
  /** Only those recorded before this version. */
  readonly beforeVersion?: number | undefined;
  readonly limit: number;
}

/** What is stored of an invalidation; its instants stand with its versions. */
export interface InvalidationVersions extends Omit<RecordedInvalidation, 'recordedAt' | 'reinstatement'> {
  /** Null where it stands. */
  readonly reinstatedVersion: number | null;
  readonly reinstatedReason: string;
  readonly reinstatedBy: string;
}

/** The latest first. */
export async function invalidationVersions(
  q: Queryable,
  { invalidationIds, appId, beforeVersion, limit }: InvalidationFilter,
): Promise<InvalidationVersions[]> {
  const { rows } = await q.query<InvalidationVersions>(
    `select i.invalidation_id as "invalidationId", i.reference_version as "referenceVersion", i.developer_id as "developerId",
       i.app_id as "appId", i.ad_unit_id as "adUnitId", i.event_type as "eventType", i.from_day as "fromDay", i.to_day as "toDay",
       i.event_count as "eventCount", i.reason, i.actor, i.note, back.reference_version as "reinstatedVersion",
       back.reason as "reinstatedReason", back.actor as "reinstatedBy"
     from invalidations as i
     left join reinstatements as back using (invalidation_id)
     where ($1::text[] is null or i.invalidation_id = any ($1)) and ($2::text is null or i.app_id = $2)
       and ($3::int is null or i.reference_version < $3)
     order by i.reference_version desc
     limit $4`,
    [invalidationIds ?? null, appId ?? null, beforeVersion ?? null, limit],
  );
  return rows;
}

/** The latest first. */
export async function selectInvalidations(q: Queryable, filter: InvalidationFilter): Promise<RecordedInvalidation[]> {
  const rows = await invalidationVersions(q, filter);
  const versions = rows.flatMap(({ referenceVersion, reinstatedVersion }) =>
    [referenceVersion, reinstatedVersion ?? []].flat(),
  );
  const instants = await recordedInstants(q, versions);
  const recordedAt = (version: number) => {
    const instant = instants.get(version);
    if (instant === undefined) throw new Error(`reference version ${version} is missing`);
    return instant;
  };
  return rows.map(({ reinstatedVersion, reinstatedReason, reinstatedBy, ...row }) => ({
    ...row,
    recordedAt: recordedAt(row.referenceVersion),
    reinstatement:
      reinstatedVersion === null
        ? null
        : {
            referenceVersion: reinstatedVersion,
            recordedAt: recordedAt(reinstatedVersion),
            reason: reinstatedReason,
            actor: reinstatedBy,
          },
  }));
}

/** The single events of an invalidation as `eventKey` writes them, sorted; null for a slice. */
export async function invalidatedEvents(q: Queryable, invalidationId: string): Promise<string[] | null> {
  const { rows } = await q.query<{ events: string | null }>(
    'select events from invalidations where invalidation_id = $1',
    [invalidationId],
  );
  return rows[0]?.events?.split('\n') ?? null;
}

/** Records it under the next version, which is returned. Needs `lockReference` exclusively; nothing of that id is recorded yet. */
export async function recordInvalidation(
  tx: pg.ClientBase,
  invalidation: NewInvalidation,
  recordedAt: Date,
): Promise<number> {
  await tx.query(
    `create temporary table new_invalidation on commit drop as
     select $1::text as invalidation_id, $2::text as developer_id, $3::text as app_id, $4::text as ad_unit_id, $5::text as event_type,
       $6::date as from_day, $7::date as to_day, $8::text as events, $9::int as event_count, $10::text as reason,
       $11::text as actor, $12::text as note`,
    [
      invalidation.invalidationId,
      invalidation.developerId,
      invalidation.appId,
      invalidation.adUnitId,
      invalidation.eventType,
      invalidation.fromDay,
      invalidation.toDay,
      invalidation.events?.join('\n') ?? null,
      invalidation.events?.length ?? null,
      invalidation.reason,
      invalidation.actor,
      invalidation.note,
    ],
  );
  const news = [{ table: 'invalidations', from: 'new_invalidation' }] as const;
  const { referenceVersion } = await recordReferenceVersion(tx, { kind: 'invalidation', recordedAt, news });
  await tx.query('drop table new_invalidation');
  return referenceVersion;
}

/** Takes an invalidation back under the next version, which is returned. Needs `lockReference` exclusively; it stands. */
export async function recordReinstatement(
  tx: pg.ClientBase,
  {
    invalidationId,
    reason,
    actor,
  }: { readonly invalidationId: string; readonly reason: string; readonly actor: string },
  recordedAt: Date,
): Promise<number> {
  await tx.query(
    `create temporary table new_reinstatement on commit drop as
     select $1::text as invalidation_id, $2::text as reason, $3::text as actor`,
    [invalidationId, reason, actor],
  );
  const news = [{ table: 'reinstatements', from: 'new_reinstatement' }] as const;
  const { referenceVersion } = await recordReferenceVersion(tx, { kind: 'reinstatement', recordedAt, news });
  await tx.query('drop table new_reinstatement');
  return referenceVersion;
}

/** Whether any policy or decision was ever recorded, so that traffic may be invalid for other events' sake. */
export async function knowsTrafficRules(q: Queryable): Promise<boolean> {
  const { rows } = await q.query<{ known: boolean }>(
    'select exists (select from traffic_policy_versions) or exists (select from invalidations) as known',
  );
  return rows[0]?.known ?? false;
}
