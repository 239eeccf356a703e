import type { Queryable } from '../db/database.ts';
import type { BusinessDay } from '../domain/business-day.ts';

/** Whether anything is due on one of the days, both inclusive. */
export async function isAnyDue(
  q: Queryable,
  { from, to }: { readonly from: BusinessDay; readonly to: BusinessDay },
): Promise<boolean> {
  const { rows } = await q.query<{ due: boolean }>(
    'select exists (select from due_days where business_date between $1 and $2) as due',
    [from, to],
  );
  return rows[0]?.due ?? false;
}
