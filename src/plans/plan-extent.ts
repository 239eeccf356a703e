import { addDays, type BusinessDay } from '../domain/business-day.ts';
import type { Holding } from './holdings.ts';
import type { PlanScope, PlanTerms } from './plan.ts';

/** Days of a scope whose worth a plan decides; both inclusive, null while there is no last one. */
export interface PlanExtent {
  readonly scope: PlanScope;
  readonly scopeId: string;
  readonly currency: string;
  readonly fromDay: BusinessDay;
  readonly toDay: BusinessDay | null;
}

export function haveSameTerms(a: PlanTerms, b: PlanTerms): boolean {
  return termsText(a) === termsText(b);
}

/** Where a plan decides otherwise than before: what it no longer says, and what it says now. */
export function affectedBy({
  before,
  after,
}: {
  readonly before: readonly Holding[];
  readonly after: readonly Holding[];
}): PlanExtent[] {
  return [...leftOut(before, after), ...leftOut(after, before)];
}

/** The days of `holdings` on which `others` do not say the same. */
function leftOut(holdings: readonly Holding[], others: readonly Holding[]): PlanExtent[] {
  return holdings.flatMap(({ plan, fromDay, toDay }) => {
    const { scope, scopeId, currency } = plan;
    const meaning = meaningText(plan);
    let left: PlanExtent[] = [{ scope, scopeId, currency, fromDay, toDay }];
    for (const other of others) {
      if (meaningText(other.plan) === meaning) left = left.flatMap(extent => without(extent, other));
    }
    return left;
  });
}

function without(extent: PlanExtent, { fromDay, toDay }: Pick<Holding, 'fromDay' | 'toDay'>): PlanExtent[] {
  const endsBefore = extent.toDay !== null && extent.toDay < fromDay;
  if (endsBefore || (toDay !== null && toDay < extent.fromDay)) return [extent];
  const rest: PlanExtent[] = [];
  if (extent.fromDay < fromDay) rest.push({ ...extent, toDay: addDays(fromDay, -1) });
  if (toDay !== null && toDay < (extent.toDay ?? LAST_DAY)) rest.push({ ...extent, fromDay: addDays(toDay, 1) });
  return rest;
}

const LAST_DAY = '9999-12-31';

/** What decides a day's worth: the plan without its dates and reasons. */
function meaningText({ scope, scopeId, currency, basis, mode, tiers }: PlanTerms): string {
  return JSON.stringify([scope, scopeId, currency, basis, mode, tiersText(tiers)]);
}

function termsText(terms: PlanTerms): string {
  return JSON.stringify([terms.planId, meaningText(terms), terms.effectiveFrom, terms.effectiveTo, terms.outsideBand]);
}

function tiersText(tiers: PlanTerms['tiers']): string[][] {
  return tiers.map(({ upToNanos, sharePpm }) => [String(upToNanos), String(sharePpm)]);
}
