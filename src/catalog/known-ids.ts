import type { Queryable } from '../db/database.ts';
import { joinedTexts } from '../db/lists.ts';

// An ingest asks about hundreds of thousands of ids. They are printable ASCII, so that many are one text, separated by what none
// can hold: to make and read rows of two values costs more than looking them up.

/** Ids with their owners: `id`, a tab, its owner, a line feed between two of them. */
export type OwnedIds = string;

/** The apps, each with its developer; of those given the ones that the catalog has, or all of the catalog. */
export async function ownedApps(q: Queryable, appIds: readonly string[] | 'all'): Promise<OwnedIds> {
  return await ownedIds(q, { ids: appIds, table: 'apps', id: 'app_id', owner: 'developer_id' });
}

/** The ad units, each with its app; of those given the ones that the catalog has, or all of the catalog. */
export async function ownedAdUnits(q: Queryable, adUnitIds: readonly string[] | 'all'): Promise<OwnedIds> {
  return await ownedIds(q, { ids: adUnitIds, table: 'ad_units', id: 'ad_unit_id', owner: 'app_id' });
}

async function ownedIds(
  q: Queryable,
  {
    ids,
    table,
    id,
    owner,
  }: { readonly ids: readonly string[] | 'all'; readonly table: string; readonly id: string; readonly owner: string },
): Promise<OwnedIds> {
  if (ids.length === 0) return '';
  const select = `select string_agg(${id} || E'\\t' || ${owner}, E'\\n') as owned from ${table}`;
  const { rows } =
    ids === 'all'
      ? await q.query<{ owned: string | null }>(select)
      : await q.query<{ owned: string | null }>(`${select} where ${id} = any(string_to_array($1, E'\\n'))`, [
          joinedTexts(ids),
        ]);
  return rows[0]?.owned ?? '';
}

/** Whether the catalog has at most so many apps, and at most so many ad units. */
export async function isCatalogWithin(q: Queryable, most: number): Promise<boolean> {
  const { rows } = await q.query<{ within: boolean }>(
    `select (select count(*) from (select from apps limit $1 + 1) as some_apps) <= $1
       and (select count(*) from (select from ad_units limit $1 + 1) as some_ad_units) <= $1 as within`,
    [most],
  );
  return rows[0]?.within ?? false;
}

/** The developer of each of the apps that the catalog has. */
export async function developersOfApps(q: Queryable, appIds: readonly string[]): Promise<Map<string, string>> {
  return ownersIn(await ownedApps(q, appIds));
}

/** The app of each of the ad units that the catalog has. */
export async function appsOfAdUnits(q: Queryable, adUnitIds: readonly string[]): Promise<Map<string, string>> {
  return ownersIn(await ownedAdUnits(q, adUnitIds));
}

/** Those of the developers that the catalog has. */
export async function knownDevelopers(q: Queryable, developerIds: readonly string[]): Promise<Set<string>> {
  const { rows } = await q.query<{ developerId: string }>(
    'select developer_id as "developerId" from developers where developer_id = any($1)',
    [developerIds],
  );
  return new Set(rows.map(row => row.developerId));
}

function ownersIn(owned: OwnedIds): Map<string, string> {
  return new Map(owned === '' ? [] : owned.split('\n').map(pair => pair.split('\t') as [string, string]));
}
