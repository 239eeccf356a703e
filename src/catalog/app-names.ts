import type { Queryable } from '../db/database.ts';
import { Refusal } from '../domain/errors.ts';
import { shown } from '../domain/shown.ts';

/** The names of apps as they were recorded last; apps that the catalog does not have are left out. */
export async function appNames(q: Queryable, appIds: readonly string[]): Promise<Map<string, string>> {
  const { rows } = await q.query<{ appId: string; name: string }>(
    `select distinct on (app_id) app_id as "appId", name
     from app_versions
     where app_id = any ($1)
     order by app_id, reference_version desc`,
    [appIds],
  );
  return new Map(rows.map(row => [row.appId, row.name]));
}

/**
 * The developer that an app belongs to, which never changes.
 * @throws Refusal `unknown_app`
 */
export async function developerOfApp(q: Queryable, appId: string): Promise<string> {
  const { rows } = await q.query<{ developerId: string }>(
    'select developer_id as "developerId" from apps where app_id = $1',
    [appId],
  );
  const [app] = rows;
  if (app === undefined) {
    throw new Refusal({
      code: 'unknown_app',
      message: `${shown(appId)} is not an app of the catalog`,
      remedy: 'check the id, or import a catalog that has it',
      details: { app_id: shown(appId) },
    });
  }
  return app.developerId;
}
