import type { Queryable } from '../db/database.ts';
import type { BusinessDay } from '../domain/business-day.ts';

/** What has changed since it was last settled. */
export interface DueStatus {
  /** (Developer, day) on days that are over. */
  readonly overdue: number;
  readonly oldestDay: BusinessDay | null;
  readonly days: number;
  /** (Developer, day) on days that are not over yet. */
  readonly open: number;
}

export async function dueStatus(q: Queryable, { today }: { readonly today: BusinessDay }): Promise<DueStatus> {
  const { rows } = await q.query<DueStatus>(
    `select count(*) filter (where business_date < $1) as overdue, min(business_date) filter (where business_date < $1) as "oldestDay",
       count(distinct business_date) filter (where business_date < $1) as days,
       count(*) filter (where business_date >= $1) as open
     from due_days`,
    [today],
  );
  return rows[0] ?? { overdue: 0, oldestDay: null, days: 0, open: 0 };
}
