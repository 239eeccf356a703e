import type { Queryable } from '../db/database.ts';
import type { BusinessDay } from '../domain/business-day.ts';

/** The earliest day under which anything is filed; null while the ledger is empty. */
export async function firstLedgerDay(
  q: Queryable,
  { bucketCount }: { readonly bucketCount: number },
): Promise<BusinessDay | null> {
  // A look at the key for each bucket.
  const { rows } = await q.query<{ day: BusinessDay | null }>(
    `select min(ledger_date) as day
     from generate_series(0, $1::integer - 1) as each
     cross join lateral (
       select ledger_date from transfers where bucket = each order by ledger_date limit 1
     ) as first`,
    [bucketCount],
  );
  return rows[0]?.day ?? null;
}
