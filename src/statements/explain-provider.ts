import type { ConfirmedTerm, ProviderOfDay } from '../catalog/provider-book.ts';
import type { BusinessDay } from '../domain/business-day.ts';
import { minorUnits } from '../domain/currency.ts';
import { type Money, money } from '../domain/money.ts';
import type { Nanos } from '../domain/nanos.ts';
import { shareWithProvider } from '../domain/provider-part.ts';
import { formatShare } from '../domain/tiers.ts';
import { exactAmount } from './exact-amount.ts';

/** A service provider's part of an app's day: `developer_total` × `ratio`, rounded half-even to the nano. */
export interface ExplainedProvider {
  readonly id: string;
  readonly ratio: string;
  /** What the developer and the provider share. */
  readonly developer_total: Money;
  readonly unrounded_share: Money;
  readonly share: Money;
  /** Why the provider has the app on that day. */
  readonly engagement: ExplainedTerm;
  /** Where the ratio comes from; null if the engagement has its own. */
  readonly default_ratio: ExplainedTerm | null;
}

/** Terms of a provider and who agreed to them on the developer's side. */
export interface ExplainedTerm {
  readonly effective_from: BusinessDay;
  readonly effective_to: BusinessDay | null;
  readonly terms_version: number;
  readonly confirmed_on: BusinessDay;
  readonly confirmed_by: string;
  readonly confirmation_version: number;
}

/** Explains a provider's part and what it leaves the developer. */
export function explainProvider(
  { providerId, ratioPpm, engagement, defaultRatio }: ProviderOfDay,
  { totalNanos, currency }: { readonly totalNanos: Nanos; readonly currency: string },
): { provider: ExplainedProvider; developerNanos: Nanos } {
  const { providerNanos, developerNanos } = shareWithProvider(totalNanos, ratioPpm);
  const provider = {
    id: providerId,
    ratio: formatShare(ratioPpm),
    developer_total: money(totalNanos, currency),
    unrounded_share: { amount: exactAmount(totalNanos * ratioPpm, minorUnits(currency)), currency },
    share: money(providerNanos, currency),
    engagement: explainTerm(engagement),
    default_ratio: defaultRatio === null ? null : explainTerm(defaultRatio),
  };
  return { provider, developerNanos };
}

function explainTerm({ term, termsVersion, confirmedOn, actor, confirmationVersion }: ConfirmedTerm): ExplainedTerm {
  return {
    effective_from: term.effective_from,
    effective_to: term.effective_to,
    terms_version: termsVersion,
    confirmed_on: confirmedOn,
    confirmed_by: actor,
    confirmation_version: confirmationVersion,
  };
}
