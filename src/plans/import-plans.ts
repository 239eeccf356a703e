import type pg from 'pg';
import { FileProblems } from '../catalog/file-problems.ts';
import { developersOfApps, knownDevelopers } from '../catalog/known-ids.ts';
import { referenceColumns } from '../catalog/reference-rows.ts';
import { currentReferenceVersion, lockReference, recordReferenceVersion } from '../catalog/reference-version.ts';
import { copyRows } from '../db/copy.ts';
import type { Queryable } from '../db/database.ts';
import { checkOverlaps } from './check-overlaps.ts';
import { holdingsOf } from './holdings.ts';
import { needsAcceptance, type Plan, type PlanTerms, storedTiers } from './plan.ts';
import { affectedBy, haveSameTerms, type PlanExtent } from './plan-extent.ts';
import { BAD_PLANS, type PlanFile } from './plan-file.ts';
import { lastVersions, plansNamed, plansOfScopes, selectPlanVersions } from './stored-plans.ts';

export interface PlansImport {
  /** The version that this import recorded, or the one that holds if it changed nothing. */
  readonly referenceVersion: number;
  readonly added: number;
  readonly changed: number;
  readonly unchanged: number;
  /** Ids of the file's plans that hold only once their developers accept them, in the order of the file. */
  readonly waiting: readonly string[];
  /** What may be worth something else now. */
  readonly affected: readonly PlanExtent[];
}

/**
 * Records plans that are new or say something else as a new version; a second import of the same file changes nothing. A plan that
 * the file leaves out stays as it is.
 * @throws Refusal `bad_plans` for scopes of unknown apps or developers, and when two plans of one scope and currency would be in
 * force on one day
 */
export async function importPlans(
  tx: pg.ClientBase,
  file: PlanFile,
  { recordedAt }: { readonly recordedAt: Date },
): Promise<PlansImport> {
  await lockReference(tx, 'exclusive');
  const current = await currentReferenceVersion(tx);
  const of = plansNamed(file.plans.map(({ terms }) => terms.planId));
  const recorded = Map.groupBy(
    await selectPlanVersions(tx, { referenceVersion: current, of }),
    version => version.planId,
  );
  const latest = ({ planId }: PlanTerms) => recorded.get(planId)?.at(-1);
  const fresh = file.plans.map(({ terms }) => terms).filter(terms => !isKnown(latest(terms), terms));
  const isNew = new Set(fresh);
  const waiting = file.plans
    .filter(({ terms }) => (isNew.has(terms) ? needsAcceptance(terms) : latest(terms)?.acceptance === 'waiting'))
    .map(({ terms }) => terms.planId);
  const added = fresh.filter(terms => latest(terms) === undefined).length;
  const counts = { added, changed: fresh.length - added, unchanged: file.plans.length - fresh.length, waiting };
  if (fresh.length === 0) return { referenceVersion: current, ...counts, affected: [] };
  await checkPlans(tx, file, current);

  await stagePlans(tx, fresh);
  const news = [{ table: 'plan_versions', from: 'changed_plans' }] as const;
  const { referenceVersion } = await recordReferenceVersion(tx, { kind: 'plans', recordedAt, news });
  await tx.query('drop table changed_plans');
  const affected = fresh.flatMap(terms => {
    const before = recorded.get(terms.planId) ?? [];
    const after = [...before, versionOf(terms, referenceVersion)];
    return affectedBy({ before: holdingsOf(before), after: holdingsOf(after) });
  });
  return { referenceVersion, ...counts, affected };
}

/**
 * Compares the plans of a file with the catalog and with the other plans that `referenceVersion` knows.
 * @throws Refusal `bad_plans` for scopes of unknown apps or developers, and for plans in force on one day with another of their scope
 */
export async function checkPlans(q: Queryable, file: PlanFile, referenceVersion: number): Promise<void> {
  await checkScopes(q, file);
  const of = plansOfScopes(file.plans.map(({ terms }) => terms));
  checkOverlaps(file, lastVersions(await selectPlanVersions(q, { referenceVersion, of })));
}

/** A version as it is when it has just been recorded. */
function versionOf(terms: PlanTerms, referenceVersion: number): Plan {
  return { ...terms, referenceVersion, acceptance: needsAcceptance(terms) ? 'waiting' : 'not_needed' };
}

function isKnown(before: Plan | undefined, terms: PlanTerms): boolean {
  return before !== undefined && haveSameTerms(before, terms);
}

async function checkScopes(q: Queryable, { source, plans }: PlanFile): Promise<void> {
  const problems = new FileProblems({ source, code: BAD_PLANS });
  const scopeIds = (scope: 'app' | 'developer') =>
    plans.filter(({ terms }) => terms.scope === scope).map(({ terms }) => terms.scopeId);
  const apps = await developersOfApps(q, scopeIds('app'));
  const developers = await knownDevelopers(q, scopeIds('developer'));
  for (const { place, terms } of plans) {
    const { scope, scopeId } = terms;
    const isMissing = (scope === 'app' && !apps.has(scopeId)) || (scope === 'developer' && !developers.has(scopeId));
    if (!isMissing) continue;
    const remedy = `import the catalog with that ${scope} first, or correct the id`;
    problems.add({
      place: `${place}.scope.${scope}`,
      value: scopeId,
      fault: 'which the catalog does not have',
      remedy,
    });
  }
  problems.refuseIfAny();
}

async function stagePlans(tx: pg.ClientBase, plans: readonly PlanTerms[]): Promise<void> {
  await tx.query('create temporary table changed_plans on commit drop as select * from plan_versions with no data');
  await copyRows(
    tx,
    { table: 'changed_plans', columns: referenceColumns('plan_versions') },
    plans.map(plan => [
      plan.planId,
      plan.scope,
      plan.scopeId,
      plan.currency,
      plan.effectiveFrom,
      plan.effectiveTo,
      plan.basis,
      plan.mode,
      JSON.stringify(storedTiers(plan)),
      plan.outsideBand,
    ]),
  );
}
