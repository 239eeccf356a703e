import type pg from 'pg';
import type { Catalog } from '../catalog/catalog-file.ts';
import { appsEverIn } from '../catalog/categories.ts';
import { type CatalogImport, importCatalog } from '../catalog/import-catalog.ts';
import { developersOfApps } from '../catalog/known-ids.ts';
import type { Database, Queryable } from '../db/database.ts';
import type { BusinessCalendar, BusinessDay } from '../domain/business-day.ts';
import { type DueExtent, markDueWhere } from '../earnings/due-days.ts';
import { type AcceptPlan, acceptPlan, type PlanAcceptance } from '../plans/accept-plan.ts';
import { importPlans, type PlansImport } from '../plans/import-plans.ts';
import type { PlanExtent } from '../plans/plan-extent.ts';
import type { PlanFile } from '../plans/plan-file.ts';

/** What was recorded, and the earnings whose days it has made due. */
export interface Recorded<Result> {
  readonly result: Result;
  readonly due: readonly DueExtent[];
}

export interface ImportDeps {
  readonly db: Database;
  readonly now: () => Date;
  readonly calendar: BusinessCalendar;
}

/**
 * Imports a catalog inside a transaction; days that a change of category may have changed become due.
 * @throws Refusal `bad_catalog`
 */
export async function recordCatalog(
  tx: pg.ClientBase,
  catalog: Catalog,
  { recordedAt, today }: { readonly recordedAt: Date; readonly today: BusinessDay },
): Promise<Recorded<CatalogImport>> {
  const result = await importCatalog(tx, catalog, { recordedAt, today });
  const due = result.categoryChanges.map(change => ({ ...change, currency: null, toDay: null }));
  await markDueWhere(tx, due);
  return { result, due };
}

/**
 * Imports share plans inside a transaction; days that they may have changed become due.
 * @throws Refusal `bad_plans`
 */
export async function recordPlans(
  tx: pg.ClientBase,
  plans: PlanFile,
  { recordedAt }: { readonly recordedAt: Date },
): Promise<Recorded<PlansImport>> {
  const result = await importPlans(tx, plans, { recordedAt });
  const due = await earningsIn(tx, result.affected);
  await markDueWhere(tx, due);
  return { result, due };
}

/**
 * Records that a developer accepts the last version of a plan, and marks due what it changes.
 * @throws Refusal `unknown_plan`, `needs_no_acceptance`, `not_their_plan`
 */
export async function acceptPlanAs({ db, now, calendar }: ImportDeps, accept: AcceptPlan): Promise<PlanAcceptance> {
  return await db.transaction(async tx => {
    const recordedAt = now();
    const today = calendar.dayOf(recordedAt.getTime());
    const result = await acceptPlan(tx, accept, { recordedAt, today });
    await markDueWhere(tx, await earningsIn(tx, result.affected));
    return result;
  });
}

/** The earnings that plan extents reach; of a category, those of every app that ever was in it. */
async function earningsIn(tx: Queryable, extents: readonly PlanExtent[]): Promise<DueExtent[]> {
  const scopeIds = (scope: PlanExtent['scope']) => [
    ...new Set(extents.filter(extent => extent.scope === scope).map(extent => extent.scopeId)),
  ];
  const developers = await developersOfApps(tx, scopeIds('app'));
  const members = Map.groupBy(await appsEverIn(tx, scopeIds('category')), app => app.category);
  return extents.flatMap(({ scope, scopeId, currency, fromDay, toDay }): DueExtent[] => {
    const where = { currency, fromDay, toDay };
    if (scope === 'default') return [{ ...where, developerId: null, appId: null }];
    if (scope === 'developer') return [{ ...where, developerId: scopeId, appId: null }];
    if (scope === 'category') {
      return (members.get(scopeId) ?? []).map(({ developerId, appId }) => ({ ...where, developerId, appId }));
    }
    const developerId = developers.get(scopeId);
    if (developerId === undefined) throw new Error(`a plan is for app ${scopeId}, which the catalog does not have`);
    return [{ ...where, developerId, appId: scopeId }];
  });
}
