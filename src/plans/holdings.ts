import { addDays, type BusinessDay } from '../domain/business-day.ts';
import type { Plan } from './plan.ts';

/** The days on which a version of a plan holds; both inclusive, null while there is no last one. */
export interface Holding {
  readonly plan: Plan;
  readonly fromDay: BusinessDay;
  readonly toDay: BusinessDay | null;
}

/**
 * When each version of one plan holds. Of the versions that act on a day the last one decides, and where that does not cover the
 * day, the plan does not hold. A version that needs no acceptance acts on all days, another one from the day of its acceptance on,
 * so what came before it keeps the earlier days.
 * @param versions of one plan, in the order in which they were recorded
 */
export function holdingsOf(versions: readonly Plan[]): Holding[] {
  const holdings: Holding[] = [];
  /** The first day that a later version has taken. */
  let taken: BusinessDay | null = null;
  for (const plan of versions.toReversed()) {
    const { acceptance, effectiveFrom, effectiveTo } = plan;
    if (acceptance === 'waiting') continue;
    const actsFrom = typeof acceptance === 'string' ? null : acceptance.acceptedOn;
    const fromDay: BusinessDay = actsFrom !== null && actsFrom > effectiveFrom ? actsFrom : effectiveFrom;
    const toDay: BusinessDay | null = earlier(effectiveTo, taken === null ? null : addDays(taken, -1));
    if (toDay === null || fromDay <= toDay) holdings.unshift({ plan, fromDay, toDay });
    if (actsFrom === null) break;
    if (taken === null || actsFrom < taken) taken = actsFrom;
  }
  return holdings;
}

/** Of two last days the one that comes first; null is none. */
function earlier(a: BusinessDay | null, b: BusinessDay | null): BusinessDay | null {
  if (a === null) return b;
  return b === null || a < b ? a : b;
}
