import type pg from 'pg';
import type { BusinessDay } from '../domain/business-day.ts';
import { type CategoryChange, categoryChanges, dropChanges, findChanges } from './catalog-changes.ts';
import type { Catalog } from './catalog-file.ts';
import { checkStaged } from './check-staged.ts';
import type { NewRows, ReferenceTable, RowsDigest } from './reference-rows.ts';
import { lockReference, recordReferenceVersion } from './reference-version.ts';
import { dropStaged, stageCatalog } from './stage-catalog.ts';

/** How many of each list. */
export interface CatalogCounts {
  readonly developers: number;
  readonly apps: number;
  readonly adUnits: number;
  readonly campaigns: number;
}

export interface CatalogImport {
  /** The version that this import recorded, or the one that holds if it changed nothing. */
  readonly referenceVersion: number;
  readonly added: CatalogCounts;
  readonly changed: CatalogCounts;
  readonly unchanged: CatalogCounts;
  /** Days from `fromDay` on may be worth something else now; in the order of the apps' ids. */
  readonly categoryChanges: readonly CategoryChange[];
}

/**
 * Adds what the catalog lacks and records what differs as a new version; a second import of the same file changes nothing. Nothing
 * is removed. A change of category without a date of its own holds from `today`.
 * @throws Refusal `bad_catalog` for references to what neither file nor database has, and for apps or ad units that would move
 */
export async function importCatalog(
  tx: pg.ClientBase,
  catalog: Catalog,
  { recordedAt, today }: { readonly recordedAt: Date; readonly today: BusinessDay },
): Promise<CatalogImport> {
  await lockReference(tx, 'exclusive');
  await stageCatalog(tx, catalog, today);
  await checkStaged(tx, catalog.source);
  await findChanges(tx, today);

  const { referenceVersion, rows } = await recordReferenceVersion(tx, { kind: 'catalog', recordedAt, news: NEWS });
  const result = {
    referenceVersion,
    ...countsOf(catalog, rows, await addedCampaigns(tx)),
    categoryChanges: await categoryChanges(tx),
  };
  await dropChanges(tx);
  await dropStaged(tx);
  return result;
}

const NEWS: readonly NewRows[] = [
  { table: 'developers', from: 'changed_developers where added' },
  { table: 'developer_versions', from: 'changed_developers' },
  { table: 'apps', from: 'changed_apps where added' },
  { table: 'app_versions', from: 'changed_apps' },
  { table: 'ad_units', from: 'changed_ad_units where added' },
  { table: 'ad_unit_versions', from: 'changed_ad_units' },
  { table: 'campaign_versions', from: 'changed_campaigns' },
];

async function addedCampaigns(tx: pg.ClientBase): Promise<number> {
  const { rows } = await tx.query<{ added: number }>('select count(*) as added from changed_campaigns where added');
  return rows[0]?.added ?? 0;
}

function countsOf(
  catalog: Catalog,
  inserted: readonly RowsDigest[],
  campaignsAdded: number,
): { added: CatalogCounts; changed: CatalogCounts; unchanged: CatalogCounts } {
  const rowsOf = (table: ReferenceTable) => inserted.find(each => each.table === table)?.rows ?? 0;
  const added = {
    developers: rowsOf('developers'),
    apps: rowsOf('apps'),
    adUnits: rowsOf('ad_units'),
    campaigns: campaignsAdded,
  };
  const changed = {
    developers: rowsOf('developer_versions') - added.developers,
    apps: rowsOf('app_versions') - added.apps,
    adUnits: rowsOf('ad_unit_versions') - added.adUnits,
    campaigns: rowsOf('campaign_versions') - added.campaigns,
  };
  const unchanged = {
    developers: catalog.developers.length - added.developers - changed.developers,
    apps: catalog.apps.length - added.apps - changed.apps,
    adUnits: catalog.adUnits.length - added.adUnits - changed.adUnits,
    campaigns: catalog.campaigns.length - added.campaigns - changed.campaigns,
  };
  return { added, changed, unchanged };
}
