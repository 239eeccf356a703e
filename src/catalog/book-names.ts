import type { Queryable } from '../db/database.ts';

/** Who owns a book that has statements. */
export interface BookName {
  readonly kind: 'developer' | 'provider';
  /** As it was recorded last. */
  readonly name: string;
}

/** By id, the developers and service providers among the ids. */
export async function bookNames(q: Queryable, ids: readonly string[]): Promise<Map<string, BookName>> {
  const { rows } = await q.query<BookName & { readonly id: string }>(
    `(select distinct on (developer_id) developer_id as id, 'developer' as kind, name
      from developer_versions
      where developer_id = any ($1)
      order by developer_id, reference_version desc)
     union all
     (select distinct on (provider_id) provider_id, 'provider', name
      from provider_versions
      where provider_id = any ($1)
      order by provider_id, reference_version desc)`,
    [ids],
  );
  return new Map(rows.map(({ id, ...book }) => [id, book]));
}
