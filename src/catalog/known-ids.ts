import type { Queryable } from '../db/database.ts';
import { joinedTexts } from '../db/lists.ts';

// An ingest asks about hundreds of thousands of ids. They are printable ASCII, so that many are one text, separated by what none
// can hold: to make and read rows of two values costs more than looking them up.

/** The developer of each of the apps that the catalog has. */
export async function developersOfApps(q: Queryable, appIds: readonly string[]): Promise<Map<string, string>> {
  if (appIds.length === 0) return new Map();
  const { rows } = await q.query<{ pairs: string | null }>(
    `select string_agg(app_id || E'\\t' || developer_id, E'\\n') as pairs
     from apps
     where app_id = any(string_to_array($1, E'\\n'))`,
    [joinedTexts(appIds)],
  );
  return pairsIn(rows[0]?.pairs ?? null);
}

/** The app of each of the ad units that the catalog has. */
export async function appsOfAdUnits(q: Queryable, adUnitIds: readonly string[]): Promise<Map<string, string>> {
  if (adUnitIds.length === 0) return new Map();
  const { rows } = await q.query<{ pairs: string | null }>(
    `select string_agg(ad_unit_id || E'\\t' || app_id, E'\\n') as pairs
     from ad_units
     where ad_unit_id = any(string_to_array($1, E'\\n'))`,
    [joinedTexts(adUnitIds)],
  );
  return pairsIn(rows[0]?.pairs ?? null);
}

/** Those of the developers that the catalog has. */
export async function knownDevelopers(q: Queryable, developerIds: readonly string[]): Promise<Set<string>> {
  const { rows } = await q.query<{ developerId: string }>(
    'select developer_id as "developerId" from developers where developer_id = any($1)',
    [developerIds],
  );
  return new Set(rows.map(row => row.developerId));
}

function pairsIn(pairs: string | null): Map<string, string> {
  return new Map(pairs?.split('\n').map(pair => pair.split('\t') as [string, string]));
}
