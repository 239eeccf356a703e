/** Rules 7 and 8, and what the design says of catalogs and plans; nothing here comes from the program. */
import { Decimal } from 'decimal.js';
import { microsOf } from './read-line.ts';

const Exact = Decimal.clone({ precision: 200, toExpPos: 200, toExpNeg: -200 });

export interface CatalogFile {
  readonly developers?: readonly DeveloperFile[];
  readonly apps?: readonly AppFile[];
  readonly ad_units?: readonly { readonly id: string; readonly app_id: string; readonly format: string }[];
  readonly campaigns?: readonly CampaignFile[];
}

export interface DeveloperFile {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly country: string;
}

export interface AppFile {
  readonly id: string;
  readonly developer_id: string;
  readonly name: string;
  readonly category: string;
  readonly category_from?: string;
}

export interface CampaignFile {
  readonly id: string;
  readonly currency: string;
  readonly rate_cards: readonly RateCardFile[];
}

interface RateCardFile {
  readonly effective_from: string;
  readonly effective_to: string | null;
  readonly cpm?: string;
  readonly cpc?: string;
}

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

interface ModelApp {
  readonly developerId: string;
  /** In the order in which they were recorded. */
  readonly categories: { readonly category: string; readonly from: string }[];
}

export type CardPrice = 'none' | 'other_currency' | bigint;

export class ModelReference {
  readonly #developers = new Set<string>();
  readonly #apps = new Map<string, ModelApp>();
  readonly #appByAdUnit = new Map<string, string>();
  readonly #campaigns = new Map<string, CampaignFile>();
  /** By id, in the order in which they were recorded. */
  readonly #plans = new Map<string, PlanVersion[]>();
  #recordings = 0;
  /** How many were recorded. */
  acceptances = 0;

  developerOf(appId: string): string | null {
    return this.#apps.get(appId)?.developerId ?? null;
  }

  appOfAdUnit(adUnitId: string): string | null {
    return this.#appByAdUnit.get(adUnitId) ?? null;
  }

  /** False: refused, and nothing of it taken. */
  importCatalog(file: CatalogFile, today: string): boolean {
    const { developers = [], apps = [], ad_units: adUnits = [], campaigns = [] } = file;
    const knows = (id: string) => this.#developers.has(id) || developers.some(developer => developer.id === id);
    const hasApp = (id: string) => this.#apps.has(id) || apps.some(app => app.id === id);
    const moves = (app: AppFile) => (this.developerOf(app.id) ?? app.developer_id) !== app.developer_id;
    if (apps.some(app => !knows(app.developer_id) || moves(app))) return false;
    if (adUnits.some(unit => !hasApp(unit.app_id) || (this.appOfAdUnit(unit.id) ?? unit.app_id) !== unit.app_id)) {
      return false;
    }
    for (const { id } of developers) this.#developers.add(id);
    for (const app of apps) this.#recordCategory(app, today);
    for (const unit of adUnits) this.#appByAdUnit.set(unit.id, unit.app_id);
    for (const campaign of campaigns) this.#campaigns.set(campaign.id, campaign);
    return true;
  }

  /** The file says what the category is from a day until now; what is so already is not recorded again. */
  #recordCategory({ id, developer_id: developerId, category, category_from: from }: AppFile, today: string): void {
    const known = this.#apps.get(id);
    if (known === undefined) {
      this.#apps.set(id, { developerId, categories: [{ category, from: from ?? today }] });
      return;
    }
    const first = from ?? today;
    const last = first > today ? first : today;
    const days = [first, last, ...known.categories.map(each => each.from).filter(day => day > first && day <= last)];
    if (days.every(day => this.categoryOn(id, day) === category)) return;
    known.categories.push({ category, from: first });
  }

  /** The one recorded last among those that hold from the day or earlier; before all of them, the first. */
  categoryOn(appId: string, day: string): string {
    const categories = this.#apps.get(appId)?.categories ?? [];
    const held = categories.findLast(({ from }) => from <= day) ?? categories[0];
    if (held === undefined) throw new Error(`no app ${appId}`);
    return held.category;
  }

  /** The campaign's price for the day, in millionths. */
  cardPrice(
    event: { readonly campaignId: string | null; readonly type: 'impression' | 'click'; readonly currency: string },
    day: string,
  ): CardPrice {
    const campaign = event.campaignId === null ? undefined : this.#campaigns.get(event.campaignId);
    const card = campaign?.rate_cards.find(each => each.effective_from <= day && day <= (each.effective_to ?? '9999'));
    const price = event.type === 'click' ? card?.cpc : card?.cpm;
    if (campaign === undefined || price === undefined) return 'none';
    return campaign.currency === event.currency ? (microsOf(price) ?? 'none') : 'other_currency';
  }

  /** False: refused, and nothing of it taken. */
  importPlans(plans: readonly PlanFileEntry[]): boolean {
    const isKnown = ({ scope }: PlanFileEntry) =>
      (scope.app === undefined || this.#apps.has(String(scope.app))) &&
      (scope.developer === undefined || this.#developers.has(String(scope.developer)));
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
  acceptPlan(planId: string, developerId: string, today: string): string | null {
    const versions = this.#plans.get(planId);
    if (versions === undefined) return 'unknown_plan';
    const last = lastOf(versions);
    const { scope } = last.plan;
    if (!isForOne(last.plan)) return 'needs_no_acceptance';
    const owner = scope.developer ?? this.developerOf(String(scope.app));
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
    const { developerId = '' } = this.#apps.get(appId) ?? {};
    return (
      candidates.find(({ scope }) => scope.app === appId) ??
      candidates.find(({ scope }) => scope.developer === developerId) ??
      candidates.find(({ scope }) => scope.category === this.categoryOn(appId, day)) ??
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
    const top = upTo === undefined ? all : Decimal.min(all, new Exact(upTo).times('1e9'));
    if (mode === 'marginal') sum = sum.plus(top.minus(below).times(share));
    else if (below.lt(all) || below.isZero()) sum = all.times(share);
    below = top;
  }
  return BigInt(sum.toDecimalPlaces(0, Decimal.ROUND_HALF_EVEN).toFixed());
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
