import { type Nanos, nanos } from './nanos.ts';
import { type Mode, shareOf, type Tier } from './tiers.ts';

/** What an (app, business day, currency) is worth to each side; the two add up to its gross. */
export interface Worth {
  readonly platformNanos: Nanos;
  readonly developerNanos: Nanos;
}

/** The developer's total is rounded half-even to the nano, the platform takes the rest. Gross ≥ 0. */
export function worthOfDay(plan: { readonly mode: Mode; readonly tiers: readonly Tier[] }, grossNanos: Nanos): Worth {
  const { shareNanos } = shareOf(plan.mode, plan.tiers, grossNanos);
  return { platformNanos: nanos(grossNanos - shareNanos), developerNanos: shareNanos };
}
