import type { Queryable } from '../db/database.ts';
import type { Period } from '../domain/period.ts';
import type { AccountKind } from '../domain/transfer.ts';

/** Owners whose books have transfers in a closed period, or for whom something stands on one of the accounts at its end; in order. */
export async function ownersAtEnd(
  q: Queryable,
  {
    bucket,
    period,
    accounts,
  }: { readonly bucket: number; readonly period: Period; readonly accounts: readonly AccountKind[] },
): Promise<string[]> {
  const { rows } = await q.query<{ ownerId: string }>(
    `select owner_id as "ownerId"
     from (
       select distinct on (owner_id, currency) owner_id, period, balances
       from book_seals
       where bucket = $1 and period <= $2
       order by owner_id, currency, period desc
     ) as latest
     where period = $2 or balances ?| $3
     group by owner_id
     order by owner_id collate "C"`,
    [bucket, period, accounts],
  );
  return rows.map(row => row.ownerId);
}
