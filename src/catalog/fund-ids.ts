import type { Queryable } from '../db/database.ts';
import type { NewRows } from './reference-rows.ts';

/** Ids of new funds, to be recorded from the temporary table `new_funds`. */
export const NEW_FUND_IDS: NewRows = { table: 'funds', from: 'new_funds' };

/** Whose book has the id already; null: nobody's. */
export async function kindOfBook(q: Queryable, id: string): Promise<'developer' | 'service provider' | 'fund' | null> {
  const { rows } = await q.query<{ kind: 'developer' | 'service provider' | 'fund' }>(
    `select 'developer' as kind from developers where developer_id = $1
     union all
     select 'service provider' from providers where provider_id = $1
     union all
     select 'fund' from funds where fund_id = $1`,
    [id],
  );
  return rows[0]?.kind ?? null;
}
