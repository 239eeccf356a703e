import { addDays, type BusinessDay } from './business-day.ts';
import { divideHalfEven, type Nanos, nanos } from './nanos.ts';

/** Which (app, days) a fund is for; what is null does not matter. */
export interface IncentiveScope {
  /** The app must be in one of these categories on the day. */
  readonly categories: readonly string[] | null;
  /** The day must be one of the app's first so many, from its first earning day. */
  readonly newAppDays: number | null;
}

/** What a fund promises for an (app, business day) in its scope. */
export type Incentive =
  | { readonly kind: 'points'; readonly pointsPpm: bigint }
  | { readonly kind: 'bonus'; readonly bonusNanos: Nanos; readonly floorNanos: Nanos };

export interface IncentiveRule extends IncentiveScope {
  readonly incentive: Incentive;
}

/** What a claim is judged by. */
export interface EarnedDay {
  readonly businessDay: BusinessDay;
  /** As it is settled; ≥ 0. */
  readonly grossNanos: bigint;
  readonly category: string | null;
  /** The app's first earning day; null where the rule does not ask for it. */
  readonly firstDay: BusinessDay | null;
}

const PPM = 1_000_000n;

/**
 * What a day may claim, ≥ 0: points of the gross, half-even to the nano, or the whole bonus where the gross reaches the floor. A day
 * that earned nothing claims nothing.
 */
export function claimOf(rule: IncentiveRule, day: EarnedDay): Nanos {
  if (day.grossNanos <= 0n || !isInScope(rule, day)) return nanos(0n);
  const { incentive } = rule;
  if (incentive.kind === 'points') return nanos(divideHalfEven(day.grossNanos * incentive.pointsPpm, PPM));
  return day.grossNanos >= incentive.floorNanos ? incentive.bonusNanos : nanos(0n);
}

/** Whether the rule holds for the app on the day, whatever it earned. */
export function isInScope({ categories, newAppDays }: IncentiveScope, day: Omit<EarnedDay, 'grossNanos'>): boolean {
  if (categories !== null && (day.category === null || !categories.includes(day.category))) return false;
  if (newAppDays === null) return true;
  if (day.firstDay === null) return false;
  return day.businessDay >= day.firstDay && day.businessDay <= lastNewDay(day.firstDay, newAppDays);
}

/** The last of an app's first days, the first one counted. */
export function lastNewDay(firstDay: BusinessDay, newAppDays: number): BusinessDay {
  return addDays(firstDay, newAppDays - 1);
}
