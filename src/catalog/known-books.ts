import type { Queryable } from '../db/database.ts';

/** Those of the ids that own a book: the developers and service providers of the catalog. */
export async function knownBooks(q: Queryable, ownerIds: readonly string[]): Promise<Set<string>> {
  const { rows } = await q.query<{ ownerId: string }>(
    `select developer_id as "ownerId" from developers where developer_id = any ($1)
     union all
     select provider_id from providers where provider_id = any ($1)`,
    [ownerIds],
  );
  return new Set(rows.map(row => row.ownerId));
}
