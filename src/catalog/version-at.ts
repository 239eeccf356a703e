import type { Queryable } from '../db/database.ts';

/** The last version of catalog, plans and decisions recorded at or before an instant; 0 before the first. */
export async function referenceVersionAt(q: Queryable, instant: Date): Promise<number> {
  const { rows } = await q.query<{ version: number }>(
    'select coalesce(max(reference_version), 0) as version from reference_versions where recorded_at <= $1',
    [instant],
  );
  return rows[0]?.version ?? 0;
}
