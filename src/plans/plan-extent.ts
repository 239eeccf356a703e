import { addDays, type BusinessDay } from '../domain/business-day.ts';
import type { PlanScope, PlanTerms } from './plan.ts';

/** Days of a scope whose worth a plan decides; both inclusive, null while there is no last one. */
export interface PlanExtent {
  readonly scope: PlanScope;
  readonly scopeId: string;
  readonly currency: string;
  readonly fromDay: BusinessDay;
  readonly toDay: BusinessDay | null;
}

type Days = Pick<PlanExtent, 'fromDay' | 'toDay'>;

export function haveSameTerms(a: PlanTerms, b: PlanTerms): boolean {
  return textOf(a) === textOf(b);
}

/** Where a new version of a plan decides otherwise than the one before it: only the days between the ends, if only those moved. */
export function affectedBy({
  before,
  after,
}: {
  readonly before: PlanTerms | null;
  readonly after: PlanTerms;
}): PlanExtent[] {
  if (before === null) return [extentOf(after)];
  const [old, fresh] = [extentOf(before), extentOf(after)];
  const onNewDays = { ...before, effectiveFrom: after.effectiveFrom, effectiveTo: after.effectiveTo };
  if (!haveSameTerms({ ...onNewDays, outsideBand: after.outsideBand }, after)) return [old, fresh];
  return eitherNotBoth(old, fresh).map(days => ({ ...fresh, ...days }));
}

function extentOf({ scope, scopeId, currency, effectiveFrom, effectiveTo }: PlanTerms): PlanExtent {
  return { scope, scopeId, currency, fromDay: effectiveFrom, toDay: effectiveTo };
}

function eitherNotBoth(a: Days, b: Days): Days[] {
  const [first, second] = a.fromDay <= b.fromDay ? [a, b] : [b, a];
  if (first.toDay !== null && first.toDay < second.fromDay) return [first, second];
  const days: Days[] = [];
  if (first.fromDay < second.fromDay) days.push({ fromDay: first.fromDay, toDay: addDays(second.fromDay, -1) });
  if (a.toDay === b.toDay) return days;
  const [sooner, later] = isBefore(a.toDay, b.toDay) ? [a.toDay, b.toDay] : [b.toDay, a.toDay];
  if (sooner !== null) days.push({ fromDay: addDays(sooner, 1), toDay: later });
  return days;
}

function isBefore(a: BusinessDay | null, b: BusinessDay | null): boolean {
  return a !== null && (b === null || a < b);
}

function textOf(terms: PlanTerms): string {
  const { planId, scope, scopeId, currency, effectiveFrom, effectiveTo, basis, mode, outsideBand } = terms;
  const tiers = terms.tiers.map(({ upToNanos, sharePpm }) => [String(upToNanos), String(sharePpm)]);
  return JSON.stringify([
    planId,
    scope,
    scopeId,
    currency,
    effectiveFrom,
    effectiveTo,
    basis,
    mode,
    tiers,
    outsideBand,
  ]);
}
