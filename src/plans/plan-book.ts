import type { BusinessDay } from '../domain/business-day.ts';
import { type Holding, holdingsOf } from './holdings.ts';
import type { Plan, PlanScope } from './plan.ts';

interface AppOnDay {
  readonly appId: string;
  readonly developerId: string;
  readonly category: string | null;
  readonly currency: string;
  readonly day: BusinessDay;
}

type HoldingsByScopeId = Map<string, Holding[]>;

/** Which plan holds for an app on a day, by the versions and acceptances that one reference version knows. */
export class PlanBook {
  readonly #byCurrency = new Map<string, Record<PlanScope, HoldingsByScopeId>>();

  /**
   * @param versions all that may hold on some day, in any order. The last versions of two plans of one scope and currency never
   * cover the same day.
   */
  constructor(versions: Iterable<Plan>) {
    for (const ofPlan of Map.groupBy(versions, plan => plan.planId).values()) {
      const recorded = ofPlan.toSorted((a, b) => a.referenceVersion - b.referenceVersion);
      for (const holding of holdingsOf(recorded)) this.#add(holding);
    }
  }

  /** Whether any plan is for a category, so that an app's category matters. */
  get knowsCategories(): boolean {
    return [...this.#byCurrency.values()].some(scopes => scopes.category.size > 0);
  }

  /** Whether any plan goes by the month, so that what an app earned on earlier days matters. */
  get knowsMonths(): boolean {
    for (const { plan } of this.holdings()) if (plan.basis === 'app_month') return true;
    return false;
  }

  /** The plan that holds for the app on the day, the narrowest scope first; null if there is none. */
  planFor({ appId, developerId, category, currency, day }: AppOnDay): Plan | null {
    const scopes = this.#byCurrency.get(currency);
    if (scopes === undefined) return null;
    return (
      holdingOn(scopes.app.get(appId), day) ??
      holdingOn(scopes.developer.get(developerId), day) ??
      (category === null ? null : holdingOn(scopes.category.get(category), day)) ??
      holdingOn(scopes.default.get(''), day)
    );
  }

  /** Every version that holds on some day, with its days; in no order. */
  *holdings(): Generator<Holding> {
    for (const scopes of this.#byCurrency.values()) {
      for (const byScopeId of Object.values(scopes)) for (const holdings of byScopeId.values()) yield* holdings;
    }
  }

  #add(holding: Holding): void {
    const { currency, scope, scopeId } = holding.plan;
    let scopes = this.#byCurrency.get(currency);
    if (scopes === undefined) {
      scopes = { app: new Map(), developer: new Map(), category: new Map(), default: new Map() };
      this.#byCurrency.set(currency, scopes);
    }
    const holdings = scopes[scope].get(scopeId);
    if (holdings === undefined) scopes[scope].set(scopeId, [holding]);
    else holdings.push(holding);
  }
}

/**
 * Two plans of a scope can both hold on a day only while one of them waits for the acceptance of a version that ends it; then the
 * one recorded later holds, which is also the one accepted later.
 */
function holdingOn(holdings: readonly Holding[] | undefined, day: BusinessDay): Plan | null {
  if (holdings === undefined) return null;
  let last: Plan | null = null;
  for (const { plan, fromDay, toDay } of holdings) {
    const holds = fromDay <= day && (toDay === null || day <= toDay);
    if (holds && (last === null || plan.referenceVersion > last.referenceVersion)) last = plan;
  }
  return last;
}
