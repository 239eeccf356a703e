import path from 'node:path';
import type pg from 'pg';
import { parseCatalog } from '../catalog/catalog-file.ts';
import type { CatalogImport } from '../catalog/import-catalog.ts';
import type { ReferenceFile } from '../catalog/reference-file.ts';
import type { PlansImport } from '../plans/import-plans.ts';
import { parsePlans } from '../plans/plan-file.ts';
import { type ImportDeps, recordCatalog, recordPlans } from '../settlement/import-reference.ts';
import { recordTraffic } from '../settlement/import-traffic.ts';
import type { PoliciesImport } from '../traffic/import-policies.ts';
import { parseNetworks } from '../traffic/network-file.ts';
import { parsePolicies } from '../traffic/policy-file.ts';
import { needsDecision } from './ready-decision.ts';
import { anyPersons } from './stored-persons.ts';

/**
 * Imports a catalog in one transaction, as one person may: once persons are on record, no providers or campaigns that are new or
 * changed, and no other category for an app.
 * @throws Refusal `bad_catalog`, `needs_decision`: nothing of the file was taken
 */
export async function importCatalogFile(
  { db, now, calendar }: ImportDeps,
  { text, source }: ReferenceFile,
): Promise<CatalogImport> {
  const catalog = parseCatalog(text, source);
  const parameters = { file: path.basename(source) };
  return await db.transaction(async tx => {
    const recordedAt = now();
    const { result } = await recordCatalog(tx, catalog, { recordedAt, today: calendar.dayOf(recordedAt.getTime()) });
    const { added, changed, categoryChanges } = result;
    for (const alone of [
      { what: 'service providers', kind: 'provider_ratio', added: added.providers, changed: changed.providers },
      { what: 'categories of apps', kind: 'category', added: 0, changed: categoryChanges.length },
      { what: 'campaigns', kind: 'rate_cards', added: added.campaigns, changed: changed.campaigns },
    ]) {
      await refuseAlone(tx, { ...alone, source, parameters });
    }
    return result;
  });
}

/**
 * Imports share plans in one transaction, as one person may: once persons are on record, none that are new or changed.
 * @throws Refusal `bad_plans`, `needs_decision`: nothing of the file was taken
 */
export async function importPlansFile(
  { db, now }: Pick<ImportDeps, 'db' | 'now'>,
  { text, source }: ReferenceFile,
): Promise<PlansImport> {
  const plans = parsePlans(text, source);
  const parameters = { file: path.basename(source) };
  return await db.transaction(async tx => {
    const { result } = await recordPlans(tx, plans, { recordedAt: now() });
    const { added, changed } = result;
    await refuseAlone(tx, { what: 'share plans', kind: 'plan', added, changed, source, parameters });
    return result;
  });
}

/**
 * Imports traffic policies, and the networks of data centres if they are handed in, in one transaction, as one person may: once persons
 * are on record, nothing that is new or changed but the patterns of bots that a new version of this program brings.
 * @throws Refusal `bad_traffic`, `bad_networks`, `needs_decision`: nothing of either file was taken
 */
export async function importTrafficFile(
  { db, now }: Pick<ImportDeps, 'db' | 'now'>,
  { policies, networks }: { readonly policies: ReferenceFile; readonly networks: ReferenceFile | null },
): Promise<PoliciesImport> {
  const { source } = policies;
  const file = parsePolicies(policies.text, source);
  const list = networks === null ? null : parseNetworks(networks.text, networks.source);
  const parameters = {
    file: path.basename(source),
    ...(networks === null ? {} : { data_centres: { file: path.basename(networks.source) } }),
  };
  return await db.transaction(async tx => {
    const { result } = await recordTraffic(tx, { policies: file, networks: list }, { recordedAt: now() });
    const changed = result.changed + result.lists.filter(each => each.name === 'data_centres').length;
    const what = 'traffic policies or lists';
    await refuseAlone(tx, { what, kind: 'traffic_policy', added: result.added, changed, source, parameters });
    return result;
  });
}

/** Under the reference lock, which whoever records the first persons waits for: nothing slips in beside them. */
async function refuseAlone(tx: pg.ClientBase, recorded: Parameters<typeof needsDecision>[0]): Promise<void> {
  if (recorded.added + recorded.changed > 0 && (await anyPersons(tx))) throw needsDecision(recorded);
}
