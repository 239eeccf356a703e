import { acceptedPlansVersion } from '../catalog/installation.ts';
import type { Queryable } from '../db/database.ts';
import type { BusinessDay } from '../domain/business-day.ts';
import { needsAcceptance, type Plan, type PlanTerms, type StoredTier, toTier } from './plan.ts';
import { PlanBook } from './plan-book.ts';

/** Apps whose plans are asked for, with their developers. */
export type PlannedApps = Iterable<{ readonly appId: string; readonly developerId: string }>;

/**
 * The plans that hold by what was recorded up to `referenceVersion`. With `apps`, plans for other apps and developers are left out,
 * of which there may be millions.
 */
export async function loadPlans(q: Queryable, referenceVersion: number, apps?: PlannedApps): Promise<PlanBook> {
  return new PlanBook(
    await selectPlanVersions(q, { referenceVersion, of: apps === undefined ? ALL_PLANS : planIdsOf(apps) }),
  );
}

/** The same for several reference versions at once, by version. */
export async function loadPlansAt(
  q: Queryable,
  { versions, apps }: { readonly versions: Iterable<number>; readonly apps: PlannedApps },
): Promise<Map<number, PlanBook>> {
  const wanted = [...new Set(versions)];
  const rows = await selectPlanRows(q, { referenceVersion: Math.max(0, ...wanted), of: planIdsOf(apps) });
  const countsUpTo = rows.some(needsAcceptance) ? await acceptedPlansVersion(q) : 0;
  return new Map(
    wanted.map(version => {
      const known = rows.filter(row => row.referenceVersion <= version);
      return [version, new PlanBook(known.map(row => toPlan(asKnownAt(row, version), countsUpTo)))];
    }),
  );
}

/** Whether any version of any plan ever went by the month. */
export async function knowsMonthlyPlans(q: Queryable): Promise<boolean> {
  const { rows } = await q.query<{ known: boolean }>(
    "select exists (select from plan_versions where basis = 'app_month') as known",
  );
  return rows[0]?.known ?? false;
}

interface PlanRow extends Omit<Plan, 'tiers' | 'acceptance'> {
  readonly tiers: readonly StoredTier[];
  /** The four are null together. */
  readonly acceptedBy: string | null;
  readonly actor: string | null;
  readonly acceptedOn: BusinessDay | null;
  /** What recorded the acceptance. */
  readonly acceptanceVersion: number | null;
}

/** Which plans: SQL that gives their ids, with its values from $2 on. */
interface PlanIds {
  readonly sql: string | null;
  readonly values: readonly (readonly string[])[];
}

export const ALL_PLANS: PlanIds = { sql: null, values: [] };

/** The plans named. */
export function plansNamed(planIds: readonly string[]): PlanIds {
  return { sql: 'select unnest($2::text[])', values: [planIds] };
}

/** The plans that any version was for the scope of one of these. */
export function plansOfScopes(plans: Iterable<Pick<PlanTerms, 'scope' | 'scopeId'>>): PlanIds {
  const scopes = new Map<string, Pick<PlanTerms, 'scope' | 'scopeId'>>();
  for (const { scope, scopeId } of plans) scopes.set(`${scope} ${scopeId}`, { scope, scopeId });
  return {
    sql: `select plan_id
      from unnest($2::text[], $3::text[]) as asked (scope, scope_id)
      join plan_versions using (scope, scope_id)`,
    values: [[...scopes.values()].map(each => each.scope), [...scopes.values()].map(each => each.scopeId)],
  };
}

/** Of versions by plan and version, as they are selected, the last of each plan. */
export function lastVersions(versions: readonly Plan[]): Plan[] {
  return versions.filter((version, index) => versions[index + 1]?.planId !== version.planId);
}

/** Every version up to `referenceVersion` of the plans, with its acceptance as far as that is known then; by plan and version. */
export async function selectPlanVersions(
  q: Queryable,
  asked: { readonly referenceVersion: number; readonly of: PlanIds },
): Promise<Plan[]> {
  const countsUpTo = await acceptedPlansVersion(q);
  return (await selectPlanRows(q, asked)).map(row => toPlan(row, countsUpTo));
}

async function selectPlanRows(
  q: Queryable,
  { referenceVersion, of }: { readonly referenceVersion: number; readonly of: PlanIds },
): Promise<PlanRow[]> {
  const { rows } = await q.query<PlanRow>(
    `select v.plan_id as "planId", v.reference_version as "referenceVersion", v.scope, v.scope_id as "scopeId", v.currency,
       v.effective_from as "effectiveFrom", v.effective_to as "effectiveTo", v.basis, v.mode, v.tiers,
       v.outside_band as "outsideBand", a.developer_id as "acceptedBy", a.actor, a.accepted_on as "acceptedOn", a.reference_version as "acceptanceVersion"
     from plan_versions v
     left join plan_acceptances a
       on a.plan_id = v.plan_id and a.plan_version = v.reference_version and a.reference_version <= $1
     where v.reference_version <= $1 ${of.sql === null ? '' : `and v.plan_id in (${of.sql})`}
     order by v.plan_id collate "C", v.reference_version`,
    [referenceVersion, ...of.values],
  );
  return rows;
}

function asKnownAt(row: PlanRow, version: number): PlanRow {
  if (row.acceptanceVersion === null || row.acceptanceVersion <= version) return row;
  return { ...row, acceptedBy: null, actor: null, acceptedOn: null, acceptanceVersion: null };
}

function toPlan(
  { tiers, acceptedBy, actor, acceptedOn, acceptanceVersion: _, ...terms }: PlanRow,
  countsUpTo: number,
): Plan {
  const plan = { ...terms, tiers: tiers.map(toTier) };
  if (!needsAcceptance(plan)) return { ...plan, acceptance: 'not_needed' };
  if (plan.referenceVersion <= countsUpTo) return { ...plan, acceptance: 'counts' };
  if (acceptedBy === null || actor === null || acceptedOn === null) return { ...plan, acceptance: 'waiting' };
  return { ...plan, acceptance: { developerId: acceptedBy, actor, acceptedOn } };
}

/** Plans that any version was for one of the apps, their developers, a category or all: another version may have ended that. */
function planIdsOf(apps: PlannedApps): PlanIds {
  const appIds = new Set<string>();
  const developerIds = new Set<string>();
  for (const { appId, developerId } of apps) {
    appIds.add(appId);
    developerIds.add(developerId);
  }
  return {
    sql: `select plan_id from plan_versions where scope in ('category', 'default')
      union all
      select plan_id from plan_versions where scope = 'developer' and scope_id = any ($2::text[])
      union all
      select plan_id from plan_versions where scope = 'app' and scope_id = any ($3::text[])`,
    values: [[...developerIds], [...appIds]],
  };
}
