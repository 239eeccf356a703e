import type pg from 'pg';
import type { BusinessDay } from '../domain/business-day.ts';
import { needsOtherEvents } from '../traffic/checks.ts';
import type { PolicyBook } from '../traffic/policy.ts';
import { reachedDays } from '../traffic/reach.ts';
import { markDue } from './due-days.ts';
import { type DeveloperDay, earnedOn } from './due-if-earned.ts';

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
    readonly earned: readonly DeveloperDay[];
    readonly invalid: readonly DeveloperDay[];
  },
): Promise<void> {
  const days = new Map(earned.map(day => [keyOf(day), day]));
  const others = reachedBy(policies, { earned: [...days.values()], invalid }).filter(day => !days.has(keyOf(day)));
  await markDue(tx, bucket, [...days.values(), ...(await earnedOn(tx, bucket, others))], sinceSeq);
}

function keyOf({ businessDay, developerId }: DeveloperDay): string {
  return `${businessDay} ${developerId}`;
}

function reachedBy(
  policies: PolicyBook,
  { earned, invalid }: { readonly earned: readonly DeveloperDay[]; readonly invalid: readonly DeveloperDay[] },
): DeveloperDay[] {
  if (policies.policies.length === 0) return [];
  const reachedFrom = new Map<BusinessDay, readonly BusinessDay[]>();
  const marked = new Map<string, DeveloperDay>();
  const mark = (developerId: string, businessDay: BusinessDay) => {
    const day = { developerId, businessDay };
    marked.set(keyOf(day), day);
  };
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
  return [...marked.values()];
}
