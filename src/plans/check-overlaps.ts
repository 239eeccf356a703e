import { FileProblems, type Problem } from '../catalog/file-problems.ts';
import type { BusinessDay } from '../domain/business-day.ts';
import type { PlanTerms } from './plan.ts';
import { BAD_PLANS, type PlanFile } from './plan-file.ts';

interface Overlap {
  readonly plan: PlanTerms;
  readonly other: PlanTerms;
  readonly toDay: BusinessDay | null;
}

/**
 * Looks at plans as they would be after the import: those of the file, and of the others the last versions.
 * @param recorded the last version of every plan of a scope that the file has a plan for; more do no harm
 * @throws Refusal `bad_plans` naming both plans and the days on which they would be in force together
 */
export function checkOverlaps(file: PlanFile, recorded: Iterable<PlanTerms>): void {
  const byId = new Map<string, PlanTerms>();
  for (const terms of recorded) byId.set(terms.planId, terms);
  for (const { terms } of file.plans) byId.set(terms.planId, terms);
  const problems = new FileProblems({ source: file.source, code: BAD_PLANS });
  const groups = Map.groupBy(byId.values(), plan => [plan.scope, plan.scopeId, plan.currency].join('\0'));
  for (const [, plans] of [...groups].sort(([a], [b]) => (a < b ? -1 : 1))) {
    for (const overlap of overlapsAmong(plans)) problems.add(problemOf(file, overlap));
  }
  problems.refuseIfAny();
}

/** Of plans in the order of their first day, two neighbours overlap if any two do. */
function overlapsAmong(plans: readonly PlanTerms[]): Overlap[] {
  const inOrder = plans.toSorted((a, b) => (firstDayAndId(a) < firstDayAndId(b) ? -1 : 1));
  return inOrder.flatMap((plan, index) => {
    const other = inOrder[index + 1];
    if (other === undefined || (plan.effectiveTo !== null && plan.effectiveTo < other.effectiveFrom)) return [];
    return [{ plan, other, toDay: earlier(plan.effectiveTo, other.effectiveTo) }];
  });
}

function firstDayAndId({ effectiveFrom, planId }: PlanTerms): string {
  return `${effectiveFrom} ${planId}`;
}

function earlier(a: BusinessDay | null, b: BusinessDay | null): BusinessDay | null {
  if (a === null) return b;
  return b === null || a < b ? a : b;
}

function problemOf({ plans }: PlanFile, { plan, other, toDay }: Overlap): Problem {
  const { scope, scopeId, currency } = plan;
  const input = plans.findLast(({ terms }) => terms.planId === plan.planId || terms.planId === other.planId);
  if (input === undefined) throw new Error(`plans ${plan.planId} and ${other.planId} overlapped before this import`);
  const id = input.terms.planId;
  const days = toDay === null ? `from ${other.effectiveFrom} on` : `from ${other.effectiveFrom} to ${toDay}`;
  const where = scope === 'default' ? `${currency}, default scope` : `${currency}, ${scope} "${scopeId}"`;
  return {
    place: input.place,
    value: id,
    fault: `which would be in force together with "${id === plan.planId ? other.planId : plan.planId}" ${days} (${where})`,
    remedy: 'end one of them before the other starts, or leave one out',
  };
}
