import { type Nanos, nanos } from './nanos.ts';
import { type Basis, type Mode, shareOf, type Tier } from './tiers.ts';

/** What an app earned in one currency. */
export interface DayGross {
  /** On the day; ≥ 0. */
  readonly grossNanos: Nanos;
  /** From the 1st of the month to the day before; ≥ 0. Only plans that go by the month read it. */
  readonly monthBeforeNanos: Nanos;
}

/** What an (app, business day, currency) is worth to each side; the two add up to its gross. */
export interface Worth {
  readonly platformNanos: Nanos;
  readonly developerNanos: Nanos;
}

export interface ShareTerms {
  readonly basis: Basis;
  readonly mode: Mode;
  readonly tiers: readonly Tier[];
}

/** The platform takes what the developer's total leaves of the gross. */
export function worthOfDay(terms: ShareTerms, gross: DayGross): Worth {
  const developerNanos = developerTotal(terms, gross);
  return { platformNanos: nanos(gross.grossNanos - developerNanos), developerNanos };
}

/**
 * Rounded half-even to the nano. By the month, the difference of two such totals, so that the days of a month under one plan add up to
 * the total of the month; it lies within one nano of what the day's own gross allows.
 */
export function developerTotal({ basis, mode, tiers }: ShareTerms, { grossNanos, monthBeforeNanos }: DayGross): Nanos {
  if (basis === 'app_day') return shareOf(mode, tiers, grossNanos).shareNanos;
  const untilDay = shareOf(mode, tiers, nanos(monthBeforeNanos + grossNanos)).shareNanos;
  return nanos(untilDay - shareOf(mode, tiers, monthBeforeNanos).shareNanos);
}
