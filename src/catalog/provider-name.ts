import type { Queryable } from '../db/database.ts';
import { Refusal } from '../domain/errors.ts';
import { shown } from '../domain/shown.ts';

/**
 * The service provider's name as it was recorded last.
 * @throws Refusal `unknown_provider`
 */
export async function providerName(q: Queryable, providerId: string): Promise<string> {
  const { rows } = await q.query<{ name: string }>(
    'select name from provider_versions where provider_id = $1 order by reference_version desc limit 1',
    [providerId],
  );
  const [provider] = rows;
  if (provider === undefined) {
    throw new Refusal({
      code: 'unknown_provider',
      message: `${shown(providerId)} is not a service provider of the catalog`,
      remedy: 'check the id, or import a catalog that has it',
      details: { provider_id: shown(providerId) },
    });
  }
  return provider.name;
}
