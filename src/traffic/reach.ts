import { addDays, type BusinessDay } from '../domain/business-day.ts';
import { looksUpImpressions, MOST_LOOKBACK_DAYS } from './checks.ts';
import type { PolicyBook } from './policy.ts';

/**
 * Later days on which a new event of a day may change verdicts: it may be the impression of their clicks, or the click before them.
 * A verdict about a click may change one about a click of the next day, and so on; beyond the days told here that is so only where a
 * chain of clicks lasts a whole day, which settling the day finds out.
 */
export function reachedDays(policies: PolicyBook, day: BusinessDay): BusinessDay[] {
  const reached: BusinessDay[] = [];
  let isLastReached = true;
  for (let distance = 1; distance <= MOST_LOOKBACK_DAYS + 1; distance += 1) {
    const later = addDays(day, distance);
    const checks = policies.on(later);
    const isReached: boolean =
      checks !== null &&
      ((looksUpImpressions(checks) && checks.lookbackDays >= distance) ||
        (isLastReached && checks.repeatedClick !== null));
    if (isReached) reached.push(later);
    isLastReached = isReached;
  }
  return reached;
}
