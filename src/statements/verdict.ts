import type pg from 'pg';
import type { BusinessDay } from '../domain/business-day.ts';
import { deriveTraffic } from '../settlement/deduct-traffic.ts';
import type { InvalidReason } from '../traffic/deduction-sums.ts';
import { eventKey } from '../traffic/invalidation.ts';
import { loadPolicies, storedChecks } from '../traffic/policy.ts';
import { selectInvalidations } from '../traffic/stored-invalidations.ts';
import type { AppDay } from './day-evidence.ts';
import type { Cutoff } from './explain-cutoff.ts';

/** Whether an accepted event counts and, if not, what says so. */
export interface Verdict {
  readonly valid: boolean;
  /** Null: it counts. */
  readonly reason: string | null;
  /** Of an automatic check: the policy that asks for it. */
  readonly policy: VerdictPolicy | null;
  /** Of a person's decision. */
  readonly invalidation: VerdictInvalidation | null;
}

export interface VerdictPolicy {
  readonly effective_from: BusinessDay;
  /** The check's parameters by name; empty where it has none. */
  readonly parameters: Readonly<Record<string, number>>;
  /** What the policy and its lists were known by. */
  readonly reference_version: number;
}

export interface VerdictInvalidation {
  readonly id: string;
  readonly version: number;
  readonly recorded_at: string;
  readonly actor: string;
  readonly note: string | null;
}

const VALID: Verdict = { valid: true, reason: null, policy: null, invalidation: null };

/** The reasons of a day's events that are valid by themselves and yet do not count; of those that `isWanted`, by `eventKey`. */
export async function invalidReasons(
  tx: pg.ClientBase,
  { bucket, developerId, day, calendar, cutoff }: Omit<AppDay, 'appId'> & { readonly cutoff: Cutoff },
  isWanted: (key: string) => boolean,
): Promise<Map<string, InvalidReason>> {
  const reasons = new Map<string, InvalidReason>();
  const { seq: cutoffSeq, referenceVersion } = cutoff;
  const ofDay = { bucket, day, developerIds: [developerId], cutoffSeq, referenceVersion, calendar };
  await deriveTraffic(tx, ofDay, ({ event }, { reason, invalidationId }) => {
    const key = eventKey(event);
    if (isWanted(key)) reasons.set(key, { reason, invalidationId });
  });
  return reasons;
}

/** @param referenceVersion what the verdict was found by: of a check of an event alone that of its batch */
export async function explainVerdict(
  tx: pg.ClientBase,
  why: InvalidReason | null,
  { day, referenceVersion }: { readonly day: BusinessDay; readonly referenceVersion: number },
): Promise<Verdict> {
  if (why === null) return VALID;
  const { reason, invalidationId } = why;
  if (invalidationId === null) {
    return {
      valid: false,
      reason,
      policy: await policyBehind(tx, { reason, day, referenceVersion }),
      invalidation: null,
    };
  }
  const [found] = await selectInvalidations(tx, { invalidationIds: [invalidationId], limit: 1 });
  if (found === undefined) throw new Error(`invalidation ${invalidationId} is missing`);
  const { referenceVersion: version, recordedAt, actor, note } = found;
  const invalidation = { id: invalidationId, version, recorded_at: recordedAt.toISOString(), actor, note };
  return { valid: false, reason, policy: null, invalidation };
}

async function policyBehind(
  tx: pg.ClientBase,
  {
    reason,
    day,
    referenceVersion,
  }: { readonly reason: string; readonly day: BusinessDay; readonly referenceVersion: number },
): Promise<VerdictPolicy> {
  const { policies } = await loadPolicies(tx, referenceVersion);
  const policy = policies.findLast(each => each.effectiveFrom <= day);
  if (policy === undefined) throw new Error(`no policy of version ${referenceVersion} asks for ${reason} on ${day}`);
  const check = Object.entries(storedChecks(policy.checks)).find(([name]) => name === reason)?.[1];
  const { lookbackDays } = policy.checks;
  const lookback =
    reason === 'click_without_impression' || reason === 'click_too_soon' ? { lookback_days: lookbackDays } : {};
  const parameters = { ...(typeof check === 'object' ? check : {}), ...lookback };
  return { effective_from: policy.effectiveFrom, parameters, reference_version: referenceVersion };
}
