/** Checks that judge an event alone, in the order in which they are asked. */
export const ALONE_REASONS = ['known_bot', 'data_centre'] as const;

/** Checks that need other events, in the order in which they are asked, after those of an event alone. */
export const DERIVED_REASONS = [
  'implausible_rate',
  'click_without_impression',
  'click_too_soon',
  'repeated_click',
] as const;

export type AloneReason = (typeof ALONE_REASONS)[number];
export type DerivedReason = (typeof DERIVED_REASONS)[number];

/** What a policy asks of the traffic of its days; false or null: not asked. */
export interface TrafficChecks {
  readonly knownBot: boolean;
  readonly dataCentre: boolean;
  /** Events of one type by one device of one developer within one local clock hour that may count. */
  readonly implausibleRate: { readonly maxImpressions: number; readonly maxClicks: number } | null;
  readonly clickWithoutImpression: boolean;
  readonly clickTooSoon: { readonly minMs: number } | null;
  readonly repeatedClick: { readonly windowMs: number } | null;
  /** Business days before that of a click on which its impression is looked for. */
  readonly lookbackDays: number;
}

/** How far an event can act on other days; nothing in the program looks further than this. */
export const MOST_LOOKBACK_DAYS = 7;
export const MOST_WINDOW_MS = 3_600_000;

export function looksUpImpressions({ clickWithoutImpression, clickTooSoon }: TrafficChecks): boolean {
  return clickWithoutImpression || clickTooSoon !== null;
}

/** Whether any check in force needs other events, so that days are judged when they are settled. */
export function needsOtherEvents(checks: TrafficChecks): boolean {
  return checks.implausibleRate !== null || checks.repeatedClick !== null || looksUpImpressions(checks);
}
