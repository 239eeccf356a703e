import type { BusinessDay } from '../domain/business-day.ts';
import { formatAmount, parseAmount } from '../domain/nanos.ts';
import { type Basis, formatShare, type Mode, parseShare, type Tier } from '../domain/tiers.ts';

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
  readonly basis: Basis;
  readonly mode: Mode;
  readonly tiers: readonly Tier[];
  /** Why a share lies outside the usual band. */
  readonly outsideBand: string | null;
}

/** A developer's consent to one version of a plan. */
export interface Acceptance {
  readonly developerId: string;
  /** Who recorded it. */
  readonly actor: string;
  /** The business day on which it was recorded, the first on which it acts. */
  readonly acceptedOn: BusinessDay;
}

/** One version of a plan, as a reference version recorded it. */
export interface Plan extends PlanTerms {
  readonly referenceVersion: number;
  /** `not_needed` for categories and the default; `counts`: recorded before acceptances were, so in force from its first day. */
  readonly acceptance: Acceptance | 'waiting' | 'not_needed' | 'counts';
}

/** A tier as it is stored and written in files: decimal strings, at least the minor unit's digits. */
export interface StoredTier {
  readonly up_to?: string;
  readonly share: string;
}

/** Plans for one app or one developer hold only once that developer has accepted them. */
export function needsAcceptance({ scope }: Pick<PlanTerms, 'scope'>): boolean {
  return scope === 'app' || scope === 'developer';
}

/** A plan's tiers as they are stored: the one spelling of their values. */
export function storedTiers({ tiers, currency }: Pick<PlanTerms, 'tiers' | 'currency'>): StoredTier[] {
  return tiers.map(({ upToNanos, sharePpm }) => ({
    ...(upToNanos === null ? {} : { up_to: formatAmount(upToNanos, currency) }),
    share: formatShare(sharePpm),
  }));
}

export function toTier({ up_to, share }: StoredTier): Tier {
  return { upToNanos: up_to === undefined ? null : parseAmount(up_to), sharePpm: parseShare(share) };
}
