import type { Queryable } from '../db/database.ts';
import type { BusinessDay } from '../domain/business-day.ts';
import type { TrafficChecks } from './checks.ts';

/** Holds from its first day until the next policy does. */
export interface TrafficPolicy {
  readonly effectiveFrom: BusinessDay;
  readonly checks: TrafficChecks;
}

/** Checks as they are stored and written in files, each spelt out. */
export interface StoredChecks {
  readonly known_bot: boolean;
  readonly data_centre: boolean;
  readonly implausible_rate: false | { readonly max_impressions: number; readonly max_clicks: number };
  readonly click_without_impression: boolean;
  readonly click_too_soon: false | { readonly min_ms: number };
  readonly repeated_click: false | { readonly window_ms: number };
}

/** The policies that one reference version knows. */
export class PolicyBook {
  readonly policies: readonly TrafficPolicy[];

  /** No two may begin on one day. */
  constructor(policies: Iterable<TrafficPolicy>) {
    this.policies = [...policies].sort((a, b) => (a.effectiveFrom < b.effectiveFrom ? -1 : 1));
  }

  /** What is asked of the traffic of a day; null before the first policy: nothing. */
  on(day: BusinessDay): TrafficChecks | null {
    return this.policies.findLast(policy => policy.effectiveFrom <= day)?.checks ?? null;
  }
}

/** Each policy as its last version up to `referenceVersion` has it. */
export async function loadPolicies(q: Queryable, referenceVersion: number): Promise<PolicyBook> {
  const { rows } = await q.query<{ effectiveFrom: BusinessDay; checks: StoredChecks; lookbackDays: number }>(
    `select distinct on (effective_from) effective_from as "effectiveFrom", checks, lookback_days as "lookbackDays"
     from traffic_policy_versions
     where reference_version <= $1
     order by effective_from, reference_version desc`,
    [referenceVersion],
  );
  return new PolicyBook(
    rows.map(({ effectiveFrom, checks, lookbackDays }) => ({
      effectiveFrom,
      checks: checksFromStored(checks, lookbackDays),
    })),
  );
}

/** The one spelling of a policy's checks. */
export function storedChecks(checks: TrafficChecks): StoredChecks {
  const { implausibleRate, clickTooSoon, repeatedClick } = checks;
  return {
    known_bot: checks.knownBot,
    data_centre: checks.dataCentre,
    implausible_rate: implausibleRate !== null && {
      max_impressions: implausibleRate.maxImpressions,
      max_clicks: implausibleRate.maxClicks,
    },
    click_without_impression: checks.clickWithoutImpression,
    click_too_soon: clickTooSoon !== null && { min_ms: clickTooSoon.minMs },
    repeated_click: repeatedClick !== null && { window_ms: repeatedClick.windowMs },
  };
}

export function checksFromStored(stored: StoredChecks, lookbackDays: number): TrafficChecks {
  const { implausible_rate: rate, click_too_soon: tooSoon, repeated_click: repeated } = stored;
  return {
    knownBot: stored.known_bot,
    dataCentre: stored.data_centre,
    implausibleRate: rate === false ? null : { maxImpressions: rate.max_impressions, maxClicks: rate.max_clicks },
    clickWithoutImpression: stored.click_without_impression,
    clickTooSoon: tooSoon === false ? null : { minMs: tooSoon.min_ms },
    repeatedClick: repeated === false ? null : { windowMs: repeated.window_ms },
    lookbackDays,
  };
}
