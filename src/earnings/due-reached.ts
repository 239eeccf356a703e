import type pg from 'pg';
import type { BusinessDay } from '../domain/business-day.ts';
import { needsOtherEvents } from '../traffic/checks.ts';
import type { PolicyBook } from '../traffic/policy.ts';
import { reachedDays } from '../traffic/reach.ts';
import { markDueIfEarned } from './due-if-earned.ts';

interface DeveloperDay {
  readonly developerId: string;
  readonly businessDay: BusinessDay;
}

/**
 * Marks as due what new events may change beyond the days that they were earned on: later days, whose clicks they may concern, and,
 * of events that are invalid alone, their own day, for they are counted with the others of their device. Under the bucket's turn.
 */
export async function markReached(
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
    readonly earned: readonly DeveloperDay[];
    readonly invalid: readonly DeveloperDay[];
  },
): Promise<void> {
  if (policies.policies.length === 0) return;
  const reachedFrom = new Map<BusinessDay, readonly BusinessDay[]>();
  const marked = new Map<string, DeveloperDay>();
  const mark = (developerId: string, businessDay: BusinessDay) =>
    marked.set(`${businessDay} ${developerId}`, { developerId, businessDay });
  for (const { developerId, businessDay } of [...earned, ...invalid]) {
    let reached = reachedFrom.get(businessDay);
    if (reached === undefined) {
      reached = reachedDays(policies, businessDay);
      reachedFrom.set(businessDay, reached);
    }
    for (const later of reached) mark(developerId, later);
  }
  for (const { developerId, businessDay } of invalid) {
    const checks = policies.on(businessDay);
    if (checks !== null && needsOtherEvents(checks)) mark(developerId, businessDay);
  }
  await markDueIfEarned(tx, bucket, [...marked.values()], sinceSeq);
}
