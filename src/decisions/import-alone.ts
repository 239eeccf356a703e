import path from 'node:path';
import type pg from 'pg';
import { parseCatalog } from '../catalog/catalog-file.ts';
import type { CatalogImport } from '../catalog/import-catalog.ts';
import type { ReferenceFile } from '../catalog/reference-file.ts';
import { Refusal } from '../domain/errors.ts';
import type { PlansImport } from '../plans/import-plans.ts';
import { parsePlans } from '../plans/plan-file.ts';
import { type ImportDeps, recordCatalog, recordPlans } from '../settlement/import-reference.ts';
import { proposeInstead, readyDecision } from './ready-decision.ts';
import { anyPersons } from './stored-persons.ts';

/**
 * Imports a catalog in one transaction, as one person may: once persons are on record, no providers that are new or changed.
 * @throws Refusal `bad_catalog`, `needs_decision`: nothing of the file was taken
 */
export async function importCatalogFile(
  { db, now, calendar }: ImportDeps,
  { text, source }: ReferenceFile,
): Promise<CatalogImport> {
  const catalog = parseCatalog(text, source);
  return await db.transaction(async tx => {
    const recordedAt = now();
    const { result } = await recordCatalog(tx, catalog, { recordedAt, today: calendar.dayOf(recordedAt.getTime()) });
    const { added, changed } = result;
    const counts = { added: added.providers, changed: changed.providers };
    await refuseAlone(tx, { ...counts, what: 'service providers', kind: 'provider_ratio', source });
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
  return await db.transaction(async tx => {
    const { result } = await recordPlans(tx, plans, { recordedAt: now() });
    const { added, changed } = result;
    await refuseAlone(tx, { added, changed, what: 'share plans', kind: 'plan', source });
    return result;
  });
}

/** Under the reference lock, which whoever records the first persons waits for: nothing slips in beside them. */
async function refuseAlone(
  tx: pg.ClientBase,
  {
    added,
    changed,
    what,
    kind,
    source,
  }: {
    readonly added: number;
    readonly changed: number;
    readonly what: string;
    readonly kind: string;
    readonly source: string;
  },
): Promise<void> {
  if (added + changed === 0 || !(await anyPersons(tx))) return;
  const decision = readyDecision(kind, { file: path.basename(source) });
  throw new Refusal({
    code: 'needs_decision',
    message: `${source}: ${added} ${what} would be added and ${changed} changed, which takes two persons since persons are on record`,
    remedy: `${proposeInstead(decision)}; nothing of the file was taken`,
    details: { source, added, changed, decision },
  });
}
