import type pg from 'pg';
import { developersOfApps } from '../catalog/known-ids.ts';
import { referenceColumns } from '../catalog/reference-rows.ts';
import { currentReferenceVersion, lockReference, recordReferenceVersion } from '../catalog/reference-version.ts';
import { copyRows } from '../db/copy.ts';
import type { BusinessDay } from '../domain/business-day.ts';
import { Refusal } from '../domain/errors.ts';
import { shown } from '../domain/shown.ts';
import { holdingsOf } from './holdings.ts';
import { type Acceptance, needsAcceptance, type Plan, type PlanTerms } from './plan.ts';
import { affectedBy, type PlanExtent } from './plan-extent.ts';
import { plansNamed, selectPlanVersions } from './stored-plans.ts';

export interface AcceptPlan {
  readonly planId: string;
  readonly developerId: string;
  /** Who says that the developer accepts. */
  readonly actor: string;
}

export interface PlanAcceptance {
  /** The version that this acceptance recorded, or the one that holds if it changed nothing. */
  readonly referenceVersion: number;
  /** The version of the plan that is accepted now, with its acceptance. */
  readonly plan: Plan;
  /** False: it was accepted before. */
  readonly isNew: boolean;
  /** What may be worth something else now. */
  readonly affected: readonly PlanExtent[];
}

/**
 * Records that the developer accepts the last version of a plan; it acts from `today`, the business day of `recordedAt`, and never
 * on earlier days. A second acceptance changes nothing.
 * @throws Refusal `unknown_plan`, `needs_no_acceptance`, `not_their_plan`
 */
export async function acceptPlan(
  tx: pg.ClientBase,
  { planId, developerId, actor }: AcceptPlan,
  { recordedAt, today }: { readonly recordedAt: Date; readonly today: BusinessDay },
): Promise<PlanAcceptance> {
  await lockReference(tx, 'exclusive');
  const current = await currentReferenceVersion(tx);
  const versions = await selectPlanVersions(tx, { referenceVersion: current, of: plansNamed([planId]) });
  const last = versions.at(-1);
  if (last === undefined) throw unknownPlan(planId);
  await checkDeveloper(tx, last, developerId);
  if (last.acceptance !== 'waiting') return { referenceVersion: current, plan: last, isNew: false, affected: [] };

  const acceptance = { developerId, actor, acceptedOn: today };
  const plan = { ...last, acceptance };
  const referenceVersion = await record(tx, { plan: last, acceptance, recordedAt });
  const affected = affectedBy({ before: holdingsOf(versions), after: holdingsOf([...versions.slice(0, -1), plan]) });
  return { referenceVersion, plan, isNew: true, affected };
}

async function checkDeveloper(tx: pg.ClientBase, plan: PlanTerms, developerId: string): Promise<void> {
  const { planId, scope, scopeId } = plan;
  if (!needsAcceptance(plan)) {
    throw new Refusal({
      code: 'needs_no_acceptance',
      message: `plan ${shown(planId)} is for ${scope === 'category' ? `category ${shown(scopeId)}` : 'everybody'} and needs no acceptance`,
      remedy: 'nothing is to be done: it holds from its first day',
      details: { plan: planId, scope },
    });
  }
  const owner = scope === 'developer' ? scopeId : (await developersOfApps(tx, [scopeId])).get(scopeId);
  if (owner === developerId) return;
  throw new Refusal({
    code: 'not_their_plan',
    message: `plan ${shown(planId)} is for ${scope} ${shown(scopeId)}${scope === 'app' ? ` of developer ${shown(owner)}` : ''}, not for developer ${shown(developerId)}`,
    remedy: 'name the developer that it is for',
    details: { plan: planId, developer: developerId },
  });
}

function unknownPlan(planId: string): Refusal {
  return new Refusal({
    code: 'unknown_plan',
    message: `there is no plan ${shown(planId)}`,
    remedy: 'import it, or see which there are with: npx apportion plans list',
    details: { plan: shown(planId) },
  });
}

async function record(
  tx: pg.ClientBase,
  { plan, acceptance, recordedAt }: { readonly plan: Plan; readonly acceptance: Acceptance; readonly recordedAt: Date },
): Promise<number> {
  await tx.query(
    'create temporary table new_acceptances on commit drop as select * from plan_acceptances with no data',
  );
  await copyRows(tx, { table: 'new_acceptances', columns: referenceColumns('plan_acceptances') }, [
    [plan.planId, plan.referenceVersion, acceptance.developerId, acceptance.actor, acceptance.acceptedOn],
  ]);
  const news = [{ table: 'plan_acceptances', from: 'new_acceptances' }] as const;
  const { referenceVersion } = await recordReferenceVersion(tx, { kind: 'acceptance', recordedAt, news });
  await tx.query('drop table new_acceptances');
  return referenceVersion;
}
