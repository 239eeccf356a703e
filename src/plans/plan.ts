import type { Queryable } from '../db/database.ts';
import type { BusinessDay } from '../domain/business-day.ts';
import { formatAmount, parseAmount } from '../domain/nanos.ts';
import { formatShare, type Mode, parseShare, type Tier } from '../domain/tiers.ts';

export type PlanScope = 'app' | 'developer' | 'category' | 'default';

/** What a plan says; a version of it replaces all of this. */
export interface PlanTerms {
  readonly planId: string;
  readonly scope: PlanScope;
  /** The app, developer or category; empty for the default scope. */
  readonly scopeId: string;
  readonly currency: string;
  readonly effectiveFrom: BusinessDay;
  /** The last day, inclusive; null while there is none. */
  readonly effectiveTo: BusinessDay | null;
  readonly basis: 'app_day';
  readonly mode: Mode;
  readonly tiers: readonly Tier[];
  /** Why a share lies outside the usual band. */
  readonly outsideBand: string | null;
}

export interface Plan extends PlanTerms {
  readonly referenceVersion: number;
}

/** A tier as it is stored and written in files: decimal strings, at least the minor unit's digits. */
export interface StoredTier {
  readonly up_to?: string;
  readonly share: string;
}

interface AppOnDay {
  readonly appId: string;
  readonly developerId: string;
  readonly category: string | null;
  readonly currency: string;
  readonly day: BusinessDay;
}

type PlansByScopeId = Map<string, Plan[]>;

/** The plans that one reference version knows. */
export class PlanBook {
  readonly #byCurrency = new Map<string, Record<PlanScope, PlansByScopeId>>();

  /** Of each plan one version; no two may be in force on one day for the same scope and currency. */
  constructor(plans: Iterable<Plan>) {
    for (const plan of plans) this.#add(plan);
  }

  /** Whether any plan is for a category, so that an app's category matters. */
  get knowsCategories(): boolean {
    return [...this.#byCurrency.values()].some(scopes => scopes.category.size > 0);
  }

  /** The plan in force for the app on the day, the narrowest scope first; null if there is none. */
  planFor({ appId, developerId, category, currency, day }: AppOnDay): Plan | null {
    const plans = this.#byCurrency.get(currency);
    if (plans === undefined) return null;
    return (
      inForce(plans.app.get(appId), day) ??
      inForce(plans.developer.get(developerId), day) ??
      (category === null ? null : inForce(plans.category.get(category), day)) ??
      inForce(plans.default.get(''), day)
    );
  }

  #add(plan: Plan): void {
    let scopes = this.#byCurrency.get(plan.currency);
    if (scopes === undefined) {
      scopes = { app: new Map(), developer: new Map(), category: new Map(), default: new Map() };
      this.#byCurrency.set(plan.currency, scopes);
    }
    const plans = scopes[plan.scope].get(plan.scopeId);
    if (plans === undefined) scopes[plan.scope].set(plan.scopeId, [plan]);
    else plans.push(plan);
  }
}

/** Each plan as its last version up to `referenceVersion` has it. */
export async function loadPlans(q: Queryable, referenceVersion: number): Promise<PlanBook> {
  return new PlanBook(await selectPlans(q, { referenceVersion, planIds: null }));
}

interface PlanRow extends Omit<Plan, 'tiers'> {
  readonly tiers: readonly StoredTier[];
}

/** The last version, up to `referenceVersion`, of each of the plans, of all plans if null. */
export async function selectPlans(
  q: Queryable,
  { referenceVersion, planIds }: { readonly referenceVersion: number; readonly planIds: readonly string[] | null },
): Promise<Plan[]> {
  const { rows } = await q.query<PlanRow>(
    `select distinct on (plan_id) plan_id as "planId", reference_version as "referenceVersion", scope, scope_id as "scopeId",
       currency, effective_from as "effectiveFrom", effective_to as "effectiveTo", basis, mode, tiers,
       outside_band as "outsideBand"
     from plan_versions
     where reference_version <= $1 and ($2::text[] is null or plan_id = any($2))
     order by plan_id, reference_version desc`,
    [referenceVersion, planIds],
  );
  return rows.map(row => ({ ...row, tiers: row.tiers.map(toTier) }));
}

/** A plan's tiers as they are stored: the one spelling of their values. */
export function storedTiers({ tiers, currency }: Pick<PlanTerms, 'tiers' | 'currency'>): StoredTier[] {
  return tiers.map(({ upToNanos, sharePpm }) => ({
    ...(upToNanos === null ? {} : { up_to: formatAmount(upToNanos, currency) }),
    share: formatShare(sharePpm),
  }));
}

function toTier({ up_to, share }: StoredTier): Tier {
  return { upToNanos: up_to === undefined ? null : parseAmount(up_to), sharePpm: parseShare(share) };
}

function inForce(plans: readonly Plan[] | undefined, day: BusinessDay): Plan | null {
  if (plans === undefined) return null;
  for (const plan of plans) {
    if (plan.effectiveFrom <= day && (plan.effectiveTo === null || day <= plan.effectiveTo)) return plan;
  }
  return null;
}
