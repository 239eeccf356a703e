import type { BusinessDay } from '../domain/business-day.ts';
import type { Nanos } from '../domain/nanos.ts';
import { COMPONENT_REASONS, type Component, type TransferReason } from '../domain/transfer.ts';
import { worthOfDay } from '../domain/worth.ts';
import type { Plan, PlanBook } from '../plans/plan.ts';

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
  readonly parts: readonly {
    readonly component: Component;
    readonly reason: TransferReason;
    readonly worthNanos: Nanos;
  }[];
}

/** What an (app, day) is worth under the plans known: the one function that settling, explaining and verifying share. */
export function worthOfApp(
  gross: AppGross,
  { day, category, plans }: { readonly day: BusinessDay; readonly category: string | null; readonly plans: PlanBook },
): AppWorth {
  const { appId, developerId, currency } = gross;
  const plan = plans.planFor({ appId, developerId, category, currency, day });
  if (plan === null) return { ...gross, plan, parts: [] };
  const worth = worthOfDay(plan, gross.grossNanos);
  return {
    ...gross,
    plan,
    parts: [
      { component: 'platform', reason: COMPONENT_REASONS.platform, worthNanos: worth.platformNanos },
      { component: 'developer', reason: COMPONENT_REASONS.developer, worthNanos: worth.developerNanos },
    ],
  };
}
