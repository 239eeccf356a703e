import type { Queryable } from '../db/database.ts';
import { Refusal } from '../domain/errors.ts';
import { shown } from '../domain/shown.ts';

/**
 * The developer's name as it was recorded last.
 * @throws Refusal `unknown_developer`
 */
export async function developerName(q: Queryable, developerId: string): Promise<string> {
  const { rows } = await q.query<{ name: string }>(
    'select name from developer_versions where developer_id = $1 order by reference_version desc limit 1',
    [developerId],
  );
  const [developer] = rows;
  if (developer === undefined) {
    throw new Refusal({
      code: 'unknown_developer',
      message: `${shown(developerId)} is not a developer of the catalog`,
      remedy: 'check the id, or import a catalog that has it',
      details: { developer_id: shown(developerId) },
    });
  }
  return developer.name;
}
