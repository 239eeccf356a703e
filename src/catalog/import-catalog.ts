import type pg from 'pg';
import type { BusinessDay } from '../domain/business-day.ts';
import { type CategoryChange, categoryChanges, dropChanges, findChanges } from './catalog-changes.ts';
import { BAD_CATALOG, type Catalog } from './catalog-file.ts';
import { tellOverlappingProviders } from './check-providers.ts';
import { checkStaged } from './check-staged.ts';
import { FileProblems } from './file-problems.ts';
import type { NewRows, ReferenceTable, RowsDigest } from './reference-rows.ts';
import { lockReference, recordReferenceVersion } from './reference-version.ts';
import { dropStaged, stageCatalog } from './stage-catalog.ts';
import { dropProviders, findChangedProviders, stageProviders } from './stage-providers.ts';

/** How many of each list. */
export interface CatalogCounts {
  readonly developers: number;
  readonly apps: number;
  readonly adUnits: number;
  readonly campaigns: number;
  /** One whose terms differ is changed. */
  readonly providers: number;
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
 * is removed, but that a provider's terms are replaced as a whole; no day's worth changes with them before they are confirmed. A
 * change of category without a date of its own holds from `today`.
 * @throws Refusal `bad_catalog` for references to what neither file nor database has, for apps or ad units that would move, for an
 * id both of a developer and of a provider, and when an app would have two providers on one day
 */
export async function importCatalog(
  tx: pg.ClientBase,
  catalog: Catalog,
  { recordedAt, today }: { readonly recordedAt: Date; readonly today: BusinessDay },
): Promise<CatalogImport> {
  await lockReference(tx, 'exclusive');
  await stageCatalog(tx, catalog, today);
  await stageProviders(tx, catalog.providers);
  await checkStaged(tx, catalog.source);
  await findChanges(tx, today);
  await findChangedProviders(tx);

  const { referenceVersion, rows } = await recordReferenceVersion(tx, { kind: 'catalog', recordedAt, news: NEWS });
  const problems = new FileProblems({ source: catalog.source, code: BAD_CATALOG });
  await tellOverlappingProviders(tx, { providers: catalog.providers, problems });
  problems.refuseIfAny();
  const result = {
    referenceVersion,
    ...countsOf(catalog, rows, { campaignsAdded: await addedCampaigns(tx), ...(await touchedProviders(tx)) }),
    categoryChanges: await categoryChanges(tx),
  };
  await dropChanges(tx);
  await dropProviders(tx);
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
  { table: 'providers', from: 'changed_providers where added' },
  { table: 'provider_versions', from: 'changed_providers' },
  { table: 'provider_terms', from: 'changed_provider_terms' },
];

async function addedCampaigns(tx: pg.ClientBase): Promise<number> {
  const { rows } = await tx.query<{ added: number }>('select count(*) as added from changed_campaigns where added');
  return rows[0]?.added ?? 0;
}

/** Providers of which anything is new, and those of them that are new themselves. */
async function touchedProviders(tx: pg.ClientBase): Promise<{ providersAdded: number; providersTouched: number }> {
  const { rows } = await tx.query<{ added: number; touched: number }>(
    `select count(distinct provider_id) as touched, count(distinct provider_id) filter (where added) as added
     from (
       select provider_id, added from changed_providers
       union all
       select provider_id, false from changed_provider_terms
     ) as change`,
  );
  return { providersAdded: rows[0]?.added ?? 0, providersTouched: rows[0]?.touched ?? 0 };
}

interface CountsElsewhere {
  readonly campaignsAdded: number;
  readonly providersAdded: number;
  readonly providersTouched: number;
}

function countsOf(
  catalog: Catalog,
  inserted: readonly RowsDigest[],
  { campaignsAdded, providersAdded, providersTouched }: CountsElsewhere,
): { added: CatalogCounts; changed: CatalogCounts; unchanged: CatalogCounts } {
  const rowsOf = (table: ReferenceTable) => inserted.find(each => each.table === table)?.rows ?? 0;
  const added = {
    developers: rowsOf('developers'),
    apps: rowsOf('apps'),
    adUnits: rowsOf('ad_units'),
    campaigns: campaignsAdded,
    providers: providersAdded,
  };
  const changed = {
    developers: rowsOf('developer_versions') - added.developers,
    apps: rowsOf('app_versions') - added.apps,
    adUnits: rowsOf('ad_unit_versions') - added.adUnits,
    campaigns: rowsOf('campaign_versions') - added.campaigns,
    providers: providersTouched - added.providers,
  };
  const unchanged = {
    developers: catalog.developers.length - added.developers - changed.developers,
    apps: catalog.apps.length - added.apps - changed.apps,
    adUnits: catalog.adUnits.length - added.adUnits - changed.adUnits,
    campaigns: catalog.campaigns.length - added.campaigns - changed.campaigns,
    providers: catalog.providers.length - added.providers - changed.providers,
  };
  return { added, changed, unchanged };
}
