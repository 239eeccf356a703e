import { currentReferenceVersion } from '../catalog/reference-version.ts';
import type { Queryable } from '../db/database.ts';
import type { BusinessDay } from '../domain/business-day.ts';
import { checkLimit, DEFAULT_LIMIT, readCursor, writeCursor } from '../domain/page-cursor.ts';
import { holdingsOf } from './holdings.ts';
import { type Plan, type PlanScope, type StoredTier, storedTiers } from './plan.ts';
import { plansNamed, selectPlanVersions } from './stored-plans.ts';

/** One version of a plan, as finance and operators read it. */
export interface PlanRow {
  readonly id: string;
  /** The reference version that recorded it. */
  readonly version: number;
  readonly scope: PlanScope;
  readonly scope_id: string | null;
  readonly currency: string;
  readonly effective_from: BusinessDay;
  readonly effective_to: BusinessDay | null;
  readonly basis: string;
  readonly mode: string;
  readonly tiers: readonly StoredTier[];
  readonly outside_band: string | null;
  readonly acceptance: 'accepted' | 'waiting' | 'not_needed' | 'counts';
  readonly accepted_on: BusinessDay | null;
  readonly accepted_by: string | null;
  /** The days on which this version holds; null if on none. */
  readonly holds: { readonly from: BusinessDay; readonly to: BusinessDay | null } | null;
}

const CURSOR = [/^[ -~]{1,64}$/];

/**
 * At most `limit` plans in the order of their ids: of each the last version, and before it those that hold on some day.
 * @throws Refusal `bad_limit`, `bad_cursor`
 */
export async function listPlans(
  q: Queryable,
  { limit = DEFAULT_LIMIT, after }: { readonly limit?: number; readonly after?: string | undefined } = {},
): Promise<{ items: PlanRow[]; next: string | null }> {
  const [afterId] = after === undefined ? [''] : readCursor(after, CURSOR);
  const most = checkLimit(limit);
  const { rows } = await q.query<{ planId: string }>(
    `select distinct plan_id collate "C" as "planId"
     from plan_versions
     where plan_id collate "C" > $1
     order by 1
     limit $2`,
    [afterId, most + 1],
  );
  const planIds = rows.slice(0, most).map(row => row.planId);
  const referenceVersion = await currentReferenceVersion(q);
  const versions = await selectPlanVersions(q, { referenceVersion, of: plansNamed(planIds) });
  const items = [...Map.groupBy(versions, plan => plan.planId).values()].flatMap(rowsOf);
  const last = planIds.at(-1);
  return { items, next: rows.length > most && last !== undefined ? writeCursor([last]) : null };
}

function rowsOf(versions: readonly Plan[]): PlanRow[] {
  const holdings = new Map(
    holdingsOf(versions).map(({ plan, fromDay, toDay }) => [plan, { from: fromDay, to: toDay }]),
  );
  return versions
    .filter((plan, index) => index === versions.length - 1 || holdings.has(plan))
    .map(plan => rowOf(plan, holdings.get(plan) ?? null));
}

function rowOf({ acceptance, ...plan }: Plan, holds: PlanRow['holds']): PlanRow {
  const accepted = typeof acceptance === 'string' ? null : acceptance;
  return {
    id: plan.planId,
    version: plan.referenceVersion,
    scope: plan.scope,
    scope_id: plan.scopeId === '' ? null : plan.scopeId,
    currency: plan.currency,
    effective_from: plan.effectiveFrom,
    effective_to: plan.effectiveTo,
    basis: plan.basis,
    mode: plan.mode,
    tiers: storedTiers(plan),
    outside_band: plan.outsideBand,
    acceptance: typeof acceptance === 'string' ? acceptance : 'accepted',
    accepted_on: accepted?.acceptedOn ?? null,
    accepted_by: accepted?.actor ?? null,
    holds,
  };
}
