import type { ProviderOfDay } from '../catalog/provider-book.ts';
import type { BusinessDay } from '../domain/business-day.ts';
import { type Nanos, nanos } from '../domain/nanos.ts';
import { shareWithProvider } from '../domain/provider-part.ts';
import { COMPONENT_REASONS, type Component, type TransferReason } from '../domain/transfer.ts';
import { worthOfDay } from '../domain/worth.ts';
import type { MonthBefore } from '../earnings/month-gross.ts';
import type { Plan } from '../plans/plan.ts';
import type { PlanBook } from '../plans/plan-book.ts';

/** What an app earned on the day in one currency. */
export interface AppGross {
  readonly developerId: string;
  readonly appId: string;
  readonly currency: string;
  readonly grossNanos: Nanos;
}

export interface AppWorth extends AppGross {
  /** Null: no plan covers the app on that day, so nothing is known to be owed. */
  readonly plan: Plan | null;
  readonly parts: readonly WorthPart[];
}

/** A part of what an app's day is worth; those in the developer's book add up to the gross. */
export interface WorthPart {
  readonly component: Component;
  readonly reason: TransferReason;
  /** Of a provider's part alone. */
  readonly providerId: string | null;
  readonly worthNanos: Nanos;
}

/** What an (app, day) is worth under the plans known: the one function that settling, explaining and verifying share. */
export function worthOfApp(
  gross: AppGross,
  {
    day,
    category,
    plans,
    monthBefore,
    provider,
  }: {
    readonly day: BusinessDay;
    readonly category: string | null;
    readonly plans: PlanBook;
    readonly monthBefore: MonthBefore;
    readonly provider: ProviderOfDay | null;
  },
): AppWorth {
  const { appId, developerId, currency } = gross;
  const plan = plans.planFor({ appId, developerId, category, currency, day });
  if (plan === null) return { ...gross, plan, parts: [] };
  const monthBeforeNanos = plan.basis === 'app_month' ? monthBefore(gross) : nanos(0n);
  const { platformNanos, developerNanos: totalNanos } = worthOfDay(plan, {
    grossNanos: gross.grossNanos,
    monthBeforeNanos,
  });
  if (provider === null)
    return { ...gross, plan, parts: [part('platform', platformNanos), part('developer', totalNanos)] };
  const { developerNanos, providerNanos } = shareWithProvider(totalNanos, provider.ratioPpm);
  const ofProvider = part('provider', providerNanos, provider.providerId);
  return { ...gross, plan, parts: [part('platform', platformNanos), part('developer', developerNanos), ofProvider] };
}

/**
 * What providers have been posted for an app's day that they have no part in any more is worth nothing now.
 * @param posted what the ledger says of that (app, day, currency)
 */
export function withFormerProviders(
  worth: AppWorth,
  posted: Iterable<{ readonly providerId: string | null }>,
): AppWorth {
  if (worth.plan === null) return worth;
  const parts = [...worth.parts];
  for (const { providerId } of posted) {
    if (providerId === null || parts.some(known => known.providerId === providerId)) continue;
    parts.push(part('provider', nanos(0n), providerId));
  }
  return { ...worth, parts };
}

function part(component: Component, worthNanos: Nanos, providerId: string | null = null): WorthPart {
  return { component, reason: COMPONENT_REASONS[component], providerId, worthNanos };
}
