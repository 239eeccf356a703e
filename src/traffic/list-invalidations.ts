import type { Queryable } from '../db/database.ts';
import { checkLimit, readCursor, writeCursor } from '../domain/page-cursor.ts';
import { type RecordedInvalidation, selectInvalidations } from './stored-invalidations.ts';

/** A decision as people read it. */
export interface InvalidationRow {
  readonly id: string;
  readonly version: number;
  readonly recorded_at: string;
  readonly developer_id: string;
  readonly app_id: string;
  readonly ad_unit_id: string | null;
  readonly type: string | null;
  readonly from: string;
  readonly to: string;
  /** How many single events; null: a slice. */
  readonly events: number | null;
  readonly reason: string;
  readonly actor: string;
  readonly note: string | null;
  readonly stands: boolean;
  readonly reinstated: {
    readonly version: number;
    readonly recorded_at: string;
    readonly reason: string;
    readonly actor: string;
  } | null;
}

export interface InvalidationPage {
  readonly items: readonly InvalidationRow[];
  /** Where the next page begins; null on the last. */
  readonly next: string | null;
}

/**
 * Decisions, the latest first.
 * @throws Refusal `bad_limit`, `bad_cursor`
 */
export async function listInvalidations(
  q: Queryable,
  {
    appId,
    limit,
    after,
  }: { readonly appId?: string | undefined; readonly limit: number; readonly after?: string | undefined },
): Promise<InvalidationPage> {
  checkLimit(limit);
  const beforeVersion = after === undefined ? undefined : Number(readCursor(after, [/^\d{1,9}$/])[0]);
  const found = await selectInvalidations(q, { appId, beforeVersion, limit: limit + 1 });
  const items = found.slice(0, limit);
  const last = items.at(-1);
  const next = found.length > limit && last !== undefined ? writeCursor([String(last.referenceVersion)]) : null;
  return { items: items.map(invalidationRow), next };
}

export function invalidationRow(invalidation: RecordedInvalidation): InvalidationRow {
  const { reinstatement } = invalidation;
  return {
    id: invalidation.invalidationId,
    version: invalidation.referenceVersion,
    recorded_at: invalidation.recordedAt.toISOString(),
    developer_id: invalidation.developerId,
    app_id: invalidation.appId,
    ad_unit_id: invalidation.adUnitId,
    type: invalidation.eventType,
    from: invalidation.fromDay,
    to: invalidation.toDay,
    events: invalidation.eventCount,
    reason: invalidation.reason,
    actor: invalidation.actor,
    note: invalidation.note,
    stands: reinstatement === null,
    reinstated: reinstatement && {
      version: reinstatement.referenceVersion,
      recorded_at: reinstatement.recordedAt.toISOString(),
      reason: reinstatement.reason,
      actor: reinstatement.actor,
    },
  };
}
