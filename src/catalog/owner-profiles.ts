import type { Queryable } from '../db/database.ts';
import type { AboutInstant } from '../domain/about-instant.ts';

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

/** What the catalog may have had of them at about an instant, the last recorded first; mostly one each. */
export async function ownerProfilesAbout(
  q: Queryable,
  { ownerIds, about }: { readonly ownerIds: readonly string[]; readonly about: AboutInstant },
): Promise<Map<string, OwnerProfile[]>> {
  const { rows } = await q.query<OwnerProfile & { ownerId: string }>(
    `select "ownerId", country, type
     from (
       select "ownerId", country, type, reference_version,
         lead(recorded_at) over (partition by "ownerId" order by reference_version) as replaced_at, recorded_at
       from (
         select developer_id as "ownerId", country, type, reference_version
         from developer_versions
         where developer_id = any ($1)
         union all
         select provider_id, country, type, reference_version
         from provider_versions
         where provider_id = any ($1)
       ) as versions
       join reference_versions using (reference_version)
     ) as recorded
     where recorded_at <= $3 and (replaced_at is null or replaced_at >= $2)
     order by "ownerId", reference_version desc`,
    [ownerIds, about.surely, about.perhaps],
  );
  const profiles = new Map<string, OwnerProfile[]>();
  for (const { ownerId, country, type } of rows) {
    profiles.set(ownerId, [...(profiles.get(ownerId) ?? []), { country, type }]);
  }
  return profiles;
}
