/** Rules 7 and 8 and docs/plans.md; nothing here comes from the program. */
import { Decimal } from 'decimal.js';
import type { ModelCatalog } from './catalog.ts';
import { Exact, halfEven, NANOS } from './rounding.ts';

export interface PlanFileEntry {
  readonly id: string;
  readonly scope: Readonly<Record<string, string | boolean>>;
  readonly currency: string;
  readonly effective_from: string;
  readonly effective_to: string | null;
  readonly basis: string;
  readonly mode: 'marginal' | 'whole';
  readonly tiers: readonly { readonly up_to?: string; readonly share: string }[];
  readonly outside_band?: string;
}

/** A version of a plan, with the day from which it acts: null where it acts on all, 'never' while it waits for acceptance. */
interface PlanVersion {
  readonly plan: PlanFileEntry;
  /** Its place among all that was recorded. */
  readonly recorded: number;
  actsFrom: string | null;
}

const NEVER = 'never';

export class ModelPlans {
  readonly #catalog: ModelCatalog;
  /** By id, in the order in which they were recorded. */
  readonly #plans = new Map<string, PlanVersion[]>();
  #recordings = 0;
  /** How many were recorded. */
  acceptances = 0;

  constructor(catalog: ModelCatalog) {
    this.#catalog = catalog;
  }

  /** False: refused, and nothing of it taken. */
  import(plans: readonly PlanFileEntry[]): boolean {
    const isKnown = ({ scope }: PlanFileEntry) =>
      (scope.app === undefined || this.#catalog.developerOf(String(scope.app)) !== null) &&
      (scope.developer === undefined || this.#catalog.hasDeveloper(String(scope.developer)));
    if (new Set(plans.map(plan => plan.id)).size < plans.length) return false;
    if (!plans.every(plan => isSound(plan) && isKnown(plan))) return false;
    const result = new Map([...this.#plans].map(([id, versions]) => [id, lastOf(versions).plan]));
    for (const plan of plans) result.set(plan.id, plan);
    const all = [...result.values()];
    const clash = (a: PlanFileEntry, b: PlanFileEntry) =>
      a.id < b.id && JSON.stringify([a.scope, a.currency]) === JSON.stringify([b.scope, b.currency]) && meet(a, b);
    if (all.some(a => all.some(b => clash(a, b)))) return false;
    this.#recordings += 1;
    for (const plan of plans) {
      const versions = this.#plans.get(plan.id) ?? [];
      if (versions.length > 0 && termsOf(lastOf(versions).plan) === termsOf(plan)) continue;
      const actsFrom = isForOne(plan) ? NEVER : null;
      this.#plans.set(plan.id, [...versions, { plan, recorded: this.#recordings, actsFrom }]);
    }
    return true;
  }

  /** Why it is refused, or null; a second acceptance changes nothing. */
  accept(planId: string, developerId: string, today: string): string | null {
    const versions = this.#plans.get(planId);
    if (versions === undefined) return 'unknown_plan';
    const last = lastOf(versions);
    const { scope } = last.plan;
    if (!isForOne(last.plan)) return 'needs_no_acceptance';
    const owner = scope.developer ?? this.#catalog.developerOf(String(scope.app));
    if (owner !== developerId) return 'not_their_plan';
    if (last.actsFrom === NEVER) {
      last.actsFrom = today;
      this.acceptances += 1;
    }
    return null;
  }

  /** Of the versions of each plan that act on the day the last one, where it covers the day; the one recorded last comes first. */
  #inForce(currency: string, day: string): PlanFileEntry[] {
    const acting = [...this.#plans.values()].flatMap(versions => {
      const version = versions.findLast(({ actsFrom }) => actsFrom === null || actsFrom <= day);
      return version === undefined ? [] : [version];
    });
    return acting
      .filter(({ plan }) => plan.currency === currency)
      .filter(({ plan }) => plan.effective_from <= day && day <= (plan.effective_to ?? '9999'))
      .sort((a, b) => b.recorded - a.recorded)
      .map(({ plan }) => plan);
  }

  /** The narrowest scope wins; null if no plan is in force. */
  planFor(appId: string, currency: string, day: string): PlanFileEntry | null {
    const candidates = this.#inForce(currency, day);
    const developerId = this.#catalog.developerOf(appId);
    return (
      candidates.find(({ scope }) => scope.app === appId) ??
      candidates.find(({ scope }) => scope.developer === developerId) ??
      candidates.find(({ scope }) => scope.category === this.#catalog.categoryOn(appId, day)) ??
      candidates.find(({ scope }) => scope.default === true) ??
      null
    );
  }
}

/** The developer's total: the unrounded sum over tiers, rounded half-even to the nano. */
export function shareOf({ mode, tiers }: PlanFileEntry, gross: bigint): bigint {
  const all = new Exact(gross.toString());
  let sum = new Exact(0);
  let below = new Exact(0);
  for (const { up_to: upTo, share } of tiers) {
    const top = upTo === undefined ? all : Decimal.min(all, new Exact(upTo).times(NANOS));
    if (mode === 'marginal') sum = sum.plus(top.minus(below).times(share));
    else if (below.lt(all) || below.isZero()) sum = all.times(share);
    below = top;
  }
  return halfEven(sum);
}

function lastOf(versions: readonly PlanVersion[]): PlanVersion {
  const last = versions.at(-1);
  if (last === undefined) throw new Error('a plan without a version');
  return last;
}

function isForOne({ scope }: PlanFileEntry): boolean {
  return scope.app !== undefined || scope.developer !== undefined;
}

/** The same however numbers are spelt. */
function termsOf({ tiers, ...plan }: PlanFileEntry): string {
  const exact = tiers.map(({ up_to, share }) => [up_to === undefined ? null : new Exact(up_to), new Exact(share)]);
  const { scope, currency, effective_from, effective_to, basis, mode, outside_band } = plan;
  return JSON.stringify([scope, currency, effective_from, effective_to, basis, mode, outside_band ?? null, exact]);
}

function isSound(plan: PlanFileEntry): boolean {
  const { effective_from: from, effective_to: to, tiers, outside_band: reason } = plan;
  if (plan.basis === 'app_month' && plan.mode === 'whole') return false;
  if (to !== null && to < from) return false;
  const isBounded = tiers.every(({ up_to: upTo }, index) => (upTo === undefined) === (index === tiers.length - 1));
  const bounds = tiers.flatMap(({ up_to: upTo }) => (upTo === undefined ? [] : [new Exact(upTo)]));
  const ascends = bounds.every((bound, index) => bound.gt(bounds[index - 1] ?? 0));
  const inBand = tiers.every(({ share }) => new Exact(share).gte('0.3') && new Exact(share).lte('0.5'));
  return isBounded && ascends && (inBand || reason !== undefined);
}

function meet(a: PlanFileEntry, b: PlanFileEntry): boolean {
  return a.effective_from <= (b.effective_to ?? '9999') && b.effective_from <= (a.effective_to ?? '9999');
}
