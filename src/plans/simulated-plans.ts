import { currentReferenceVersion } from '../catalog/reference-version.ts';
import type { Queryable } from '../db/database.ts';
import { checkPlans } from './import-plans.ts';
import type { Plan } from './plan.ts';
import { PlanBook } from './plan-book.ts';
import type { PlanFile } from './plan-file.ts';
import { ALL_PLANS, selectPlanVersions } from './stored-plans.ts';

/** The plans that hold now, and those that would hold; a version in both is the same object. */
export interface SimulatedPlans {
  readonly referenceVersion: number;
  readonly present: PlanBook;
  readonly simulated: PlanBook;
}

/**
 * As if each plan of the file had always replaced the one of its id and every developer had accepted it from its first day.
 * @throws Refusal `bad_plans` where an import would be refused
 */
export async function simulatedPlans(q: Queryable, file: PlanFile): Promise<SimulatedPlans> {
  const referenceVersion = await currentReferenceVersion(q);
  await checkPlans(q, file, referenceVersion);
  const versions = await selectPlanVersions(q, { referenceVersion, of: ALL_PLANS });
  const replaced = new Set(file.plans.map(({ terms }) => terms.planId));
  const kept = versions.filter(({ planId }) => !replaced.has(planId));
  const fresh = file.plans.map(
    ({ terms }): Plan => ({ ...terms, referenceVersion: referenceVersion + 1, acceptance: 'counts' }),
  );
  return { referenceVersion, present: new PlanBook(versions), simulated: new PlanBook([...kept, ...fresh]) };
}
