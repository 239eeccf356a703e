import type pg from 'pg';
import type { BusinessDay } from '../domain/business-day.ts';
import { markDue } from './due-days.ts';

/** A developer's day. */
export interface DeveloperDay {
  readonly developerId: string;
  readonly businessDay: BusinessDay;
}

/** Marks those of the days as due on which the developer earned anything, under the bucket's turn: nothing else can be settled. */
export async function markDueIfEarned(tx: pg.ClientBase, bucket: number, days: readonly DeveloperDay[]): Promise<void> {
  if (days.length === 0) return;
  const last = await lastEarnedDay(tx, bucket);
  const past = last === null ? [] : days.filter(day => day.businessDay <= last);
  await markDue(tx, bucket, await earnedOn(tx, bucket, past));
}

/** The last day on which anybody in the bucket earned anything: mostly the days asked about are still to come, and one look at the key tells. */
export async function lastEarnedDay(tx: pg.ClientBase, bucket: number): Promise<BusinessDay | null> {
  const { rows } = await tx.query<{ last: BusinessDay | null }>(
    'select max(business_date) as last from earnings where bucket = $1',
    [bucket],
  );
  return rows[0]?.last ?? null;
}

/** Those of the days on which the developer earned anything. */
export async function earnedOn(
  tx: pg.ClientBase,
  bucket: number,
  days: readonly DeveloperDay[],
): Promise<readonly DeveloperDay[]> {
  if (days.length === 0) return [];
  const { rows } = await tx.query<DeveloperDay>(
    `select asked.business_date as "businessDay", asked.developer_id as "developerId"
     from unnest($2::date[], $3::text[]) as asked (business_date, developer_id)
     where exists (
       select
       from earnings as e
       where e.bucket = $1 and e.business_date = asked.business_date and e.developer_id = asked.developer_id
     )`,
    [bucket, days.map(day => day.businessDay), days.map(day => day.developerId)],
  );
  return rows;
}
