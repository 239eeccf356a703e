import type pg from 'pg';
import { FileProblems, type Problem } from '../catalog/file-problems.ts';
import type { BusinessDay } from '../domain/business-day.ts';
import type { PlanScope } from './plan.ts';
import { BAD_PLANS, type PlanFile } from './plan-file.ts';

interface Overlap {
  readonly planId: string;
  readonly otherId: string;
  readonly scope: PlanScope;
  readonly scopeId: string;
  readonly currency: string;
  readonly fromDay: BusinessDay;
  readonly toDay: BusinessDay | null;
  readonly found: number;
}

const LISTED = 20;

/**
 * Looks at the last versions of all plans, those just inserted among them. Of plans in the order of their first day, two neighbours
 * overlap if any two do.
 * @throws Refusal `bad_plans` naming both plans and the days on which they would be in force together
 */
export async function checkOverlaps(tx: pg.ClientBase, file: PlanFile): Promise<void> {
  const { rows } = await tx.query<Overlap>(
    `with latest as (
       select distinct on (plan_id) plan_id, scope, scope_id, currency, effective_from, effective_to
       from plan_versions
       order by plan_id, reference_version desc
     ), neighbours as (
       select latest.*, lead(plan_id) over next as other_id, lead(effective_from) over next as other_from,
         lead(effective_to) over next as other_to
       from latest
       window next as (partition by scope, scope_id, currency order by effective_from, plan_id)
     )
     select plan_id as "planId", other_id as "otherId", scope, scope_id as "scopeId", currency, other_from as "fromDay",
       least(effective_to, other_to) as "toDay", count(*) over () as found
     from neighbours
     where other_from <= coalesce(effective_to, 'infinity')
     order by scope, scope_id, currency, other_from
     limit ${LISTED}`,
  );
  const problems = new FileProblems({ source: file.source, code: BAD_PLANS });
  const found = rows.map(overlap => problemOf(file, overlap));
  problems.addAll(found, rows[0]?.found ?? 0);
  problems.refuseIfAny();
}

function problemOf(
  { plans }: PlanFile,
  { planId, otherId, scope, scopeId, currency, fromDay, toDay }: Overlap,
): Problem {
  const input = plans.findLast(({ terms }) => terms.planId === planId || terms.planId === otherId);
  if (input === undefined) throw new Error(`plans ${planId} and ${otherId} overlapped before this import`);
  const id = input.terms.planId;
  const days = toDay === null ? `from ${fromDay} on` : `from ${fromDay} to ${toDay}`;
  const where = scope === 'default' ? `${currency}, default scope` : `${currency}, ${scope} "${scopeId}"`;
  return {
    place: input.place,
    value: id,
    fault: `which would be in force together with "${id === planId ? otherId : planId}" ${days} (${where})`,
    remedy: 'end one of them before the other starts, or leave one out',
  };
}
