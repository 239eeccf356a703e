import type pg from 'pg';
import type { BusinessDay } from '../domain/business-day.ts';
import { needsOtherEvents } from '../traffic/checks.ts';
import type { PolicyBook } from '../traffic/policy.ts';
import { reachedDays } from '../traffic/reach.ts';
import { markDue } from './due-days.ts';
import { type DeveloperDay, earnedOn, lastEarnedDay } from './due-if-earned.ts';

/**
 * Marks as due what new events change: the days that they were earned on, later days, whose clicks they may concern, and, of events that
 * are invalid alone, their own day, for they are counted with the others of their device. Under the bucket's turn, once the earnings
 * are there. All in one statement, for an import marks days without any turn: where both lock in key order, neither waits for the other.
 */
export async function markTouched(
  tx: pg.ClientBase,
  bucket: number,
  {
    sinceSeq,
    policies,
    earned,
    invalid,
  }: {
    /** The place in the bucket's order of the first batch that the events are of. */
    readonly sinceSeq: number;
    readonly policies: PolicyBook;
    /** In the order of the table's key, as `invalid` is. */
    readonly earned: readonly DeveloperDay[];
    readonly invalid: readonly DeveloperDay[];
  },
): Promise<void> {
  const days = eachOnce(earned);
  const others = await othersReached(tx, bucket, { policies, earned: days, invalid: eachOnce(invalid) });
  await markDue(tx, bucket, [...days, ...others], sinceSeq);
}

/** Of days in the order of the earnings table's key, each once. */
function eachOnce(days: readonly DeveloperDay[]): DeveloperDay[] {
  return days.filter(({ businessDay, developerId }, place) => {
    const before = days[place - 1];
    return before?.developerId !== developerId || before.businessDay !== businessDay;
  });
}

/** The days beside `earned` that are reached, as far as their developers earned anything. */
async function othersReached(
  tx: pg.ClientBase,
  bucket: number,
  {
    policies,
    earned,
    invalid,
  }: {
    readonly policies: PolicyBook;
    readonly earned: readonly DeveloperDay[];
    readonly invalid: readonly DeveloperDay[];
  },
): Promise<readonly DeveloperDay[]> {
  if (policies.policies.length === 0) return [];
  const last = await lastEarnedDay(tx, bucket);
  if (last === null) return [];
  const reachedFrom = new Map<BusinessDay, readonly BusinessDay[]>();
  const reached = new Map<string, DeveloperDay>();
  const mark = (developerId: string, businessDay: BusinessDay) => {
    reached.set(`${businessDay} ${developerId}`, { developerId, businessDay });
  };
  for (const { developerId, businessDay } of [...earned, ...invalid]) {
    let later = reachedFrom.get(businessDay);
    if (later === undefined) {
      later = reachedDays(policies, businessDay).filter(day => day <= last);
      reachedFrom.set(businessDay, later);
    }
    for (const day of later) mark(developerId, day);
  }
  for (const { developerId, businessDay } of invalid) {
    const checks = policies.on(businessDay);
    if (checks !== null && needsOtherEvents(checks)) mark(developerId, businessDay);
  }
  const others = [...reached.values()].filter(day => !isAmong(earned, day));
  return await earnedOn(tx, bucket, others);
}

/** Whether days in their order hold this one. */
function isAmong(days: readonly DeveloperDay[], { businessDay, developerId }: DeveloperDay): boolean {
  let low = 0;
  let high = days.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const day = days[middle] as DeveloperDay;
    const isBelow = day.businessDay < businessDay || (day.businessDay === businessDay && day.developerId < developerId);
    if (isBelow) low = middle + 1;
    else high = middle;
  }
  return days[low]?.businessDay === businessDay && days[low]?.developerId === developerId;
}
