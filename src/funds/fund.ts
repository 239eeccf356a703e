import type { BusinessDay } from '../domain/business-day.ts';
import type { Incentive, IncentiveRule } from '../domain/incentive.ts';
import { parseAmount } from '../domain/nanos.ts';
import { parseShare } from '../domain/tiers.ts';

/** A rule as decisions have it and the database keeps it: points, or a bonus with its floor. */
export interface StoredRule {
  readonly points: string | null;
  readonly bonus: string | null;
  readonly floor: string | null;
  readonly categories: readonly string[] | null;
  readonly new_app_days: number | null;
}

/** A fund as it was decided: what never changes, and what was put into it up to now. */
export interface Fund {
  readonly fundId: string;
  readonly referenceVersion: number;
  readonly currency: string;
  readonly startDay: BusinessDay;
  /** Inclusive. */
  readonly endDay: BusinessDay;
  readonly rule: StoredRule;
  /** Its budget: endowed and topped up. */
  readonly budgetNanos: bigint;
  readonly isClosed: boolean;
}

export function ruleOf({ points, bonus, floor, categories, new_app_days: newAppDays }: StoredRule): IncentiveRule {
  return { incentive: incentiveOf({ points, bonus, floor }), categories, newAppDays };
}

function incentiveOf({ points, bonus, floor }: Pick<StoredRule, 'points' | 'bonus' | 'floor'>): Incentive {
  if (points !== null) return { kind: 'points', pointsPpm: parseShare(points) };
  if (bonus === null || floor === null) throw new Error('a fund has neither points nor a bonus with its floor');
  return { kind: 'bonus', bonusNanos: parseAmount(bonus), floorNanos: parseAmount(floor) };
}

/** As in "0.05 of the gross, in games or tools, on an app's first 30 days". */
export function ruleInWords({ points, bonus, floor, categories, new_app_days: newAppDays }: StoredRule): string {
  const what = points === null ? `${bonus} a day with gross of ${floor} or more` : `${points} of the gross`;
  const where = categories === null ? '' : `, in ${categories.join(' or ')}`;
  const when = newAppDays === null ? '' : `, on an app's first ${newAppDays} days`;
  return `${what}${where}${when}`;
}

export function isDayOf({ startDay, endDay }: Pick<Fund, 'startDay' | 'endDay'>, day: BusinessDay): boolean {
  return startDay <= day && day <= endDay;
}
