import type pg from 'pg';
import { FileProblems } from '../catalog/file-problems.ts';
import { developersOfApps, knownDevelopers } from '../catalog/known-ids.ts';
import { referenceColumns } from '../catalog/reference-rows.ts';
import { currentReferenceVersion, lockReference, recordReferenceVersion } from '../catalog/reference-version.ts';
import { copyRows } from '../db/copy.ts';
import { checkOverlaps } from './check-overlaps.ts';
import { type Plan, type PlanTerms, selectPlans, storedTiers } from './plan.ts';
import { affectedBy, haveSameTerms, type PlanExtent } from './plan-extent.ts';
import { BAD_PLANS, type PlanFile } from './plan-file.ts';

export interface PlansImport {
  /** The version that this import recorded, or the one that holds if it changed nothing. */
  readonly referenceVersion: number;
  readonly added: number;
  readonly changed: number;
  readonly unchanged: number;
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
  await checkScopes(tx, file);
  const current = await currentReferenceVersion(tx);
  const planIds = file.plans.map(({ terms }) => terms.planId);
  const before = new Map(
    (await selectPlans(tx, { referenceVersion: current, planIds })).map(plan => [plan.planId, plan]),
  );
  const fresh = file.plans.map(({ terms }) => terms).filter(terms => !isKnown(before.get(terms.planId), terms));
  const added = fresh.filter(terms => !before.has(terms.planId)).length;
  const counts = { added, changed: fresh.length - added, unchanged: file.plans.length - fresh.length };
  if (fresh.length === 0) return { referenceVersion: current, ...counts, affected: [] };

  await stagePlans(tx, fresh);
  const news = [{ table: 'plan_versions', from: 'changed_plans' }] as const;
  const { referenceVersion } = await recordReferenceVersion(tx, { kind: 'plans', recordedAt, news });
  await tx.query('drop table changed_plans');
  await checkOverlaps(tx, file);
  const affected = fresh.flatMap(after => affectedBy({ before: before.get(after.planId) ?? null, after }));
  return { referenceVersion, ...counts, affected };
}

function isKnown(before: Plan | undefined, terms: PlanTerms): boolean {
  return before !== undefined && haveSameTerms(before, terms);
}

async function checkScopes(tx: pg.ClientBase, { source, plans }: PlanFile): Promise<void> {
  const problems = new FileProblems({ source, code: BAD_PLANS });
  const scopeIds = (scope: 'app' | 'developer') =>
    plans.filter(({ terms }) => terms.scope === scope).map(({ terms }) => terms.scopeId);
  const apps = await developersOfApps(tx, scopeIds('app'));
  const developers = await knownDevelopers(tx, scopeIds('developer'));
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
