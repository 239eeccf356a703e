import type { Queryable } from '../db/database.ts';

/** The developer of each of the apps that the catalog has. */
export async function developersOfApps(q: Queryable, appIds: readonly string[]): Promise<Map<string, string>> {
  const { rows } = await q.query<{ appId: string; developerId: string }>(
    'select app_id as "appId", developer_id as "developerId" from apps where app_id = any($1)',
    [appIds],
  );
  return new Map(rows.map(row => [row.appId, row.developerId]));
}

/** The app of each of the ad units that the catalog has. */
export async function appsOfAdUnits(q: Queryable, adUnitIds: readonly string[]): Promise<Map<string, string>> {
  const { rows } = await q.query<{ adUnitId: string; appId: string }>(
    'select ad_unit_id as "adUnitId", app_id as "appId" from ad_units where ad_unit_id = any($1)',
    [adUnitIds],
  );
  return new Map(rows.map(row => [row.adUnitId, row.appId]));
}

/** Those of the developers that the catalog has. */
export async function knownDevelopers(q: Queryable, developerIds: readonly string[]): Promise<Set<string>> {
  const { rows } = await q.query<{ developerId: string }>(
    'select developer_id as "developerId" from developers where developer_id = any($1)',
    [developerIds],
  );
  return new Set(rows.map(row => row.developerId));
}
