import { developersOfApps } from '../../src/catalog/known-ids.ts';
import { listPlans } from '../../src/plans/list-plans.ts';
import { acceptPlanAs, type ImportDeps } from '../../src/settlement/import-reference.ts';

/** Every developer accepts what waits for it, by the clock of `deps`. */
export async function acceptAllPlans(deps: ImportDeps): Promise<void> {
  const { items } = await listPlans(deps.db);
  for (const { id, scope, scope_id: scopeId, acceptance } of items) {
    if (acceptance !== 'waiting' || scopeId === null) continue;
    const developerId = scope === 'app' ? (await developersOfApps(deps.db, [scopeId])).get(scopeId) : scopeId;
    await acceptPlanAs(deps, { planId: id, developerId: developerId ?? '', actor: 'li.wei' });
  }
}
