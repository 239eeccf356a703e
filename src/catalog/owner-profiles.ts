import type { Queryable } from '../db/database.ts';

/** What tax goes by. */
export interface OwnerProfile {
  /** Two capital letters as in ISO 3166-1. */
  readonly country: string;
  readonly type: 'individual' | 'company';
}

/** Of each developer and service provider among the ids, as the catalog has them last; others are missing. */
export async function ownerProfiles(q: Queryable, ownerIds: readonly string[]): Promise<Map<string, OwnerProfile>> {
  const { rows } = await q.query<OwnerProfile & { ownerId: string }>(
    `(select distinct on (developer_id) developer_id as "ownerId", country, type
      from developer_versions
      where developer_id = any ($1)
      order by developer_id, reference_version desc)
     union all
     (select distinct on (provider_id) provider_id, country, type
      from provider_versions
      where provider_id = any ($1)
      order by provider_id, reference_version desc)`,
    [ownerIds],
  );
  return new Map(rows.map(({ ownerId, country, type }) => [ownerId, { country, type }]));
}
