import type pg from 'pg';
import { addDays, type BusinessCalendar, type BusinessDay } from '../domain/business-day.ts';
import { appendDeductions, deductionChanges, recordedDeductions } from '../earnings/deductions.ts';
import { markDueIfEarned } from '../earnings/due-if-earned.ts';
import { AcceptedEvents } from '../events/accepted-events.ts';
import { needsOtherEvents } from '../traffic/checks.ts';
import type { OnInvalid } from '../traffic/deduction-sums.ts';
import { type DerivedDay, deriveDay, type TrafficSource } from '../traffic/derive-day.ts';
import { type Invalidation, InvalidationBook } from '../traffic/invalidation.ts';
import { loadPolicies, type PolicyBook } from '../traffic/policy.ts';
import { standingInvalidations } from '../traffic/stored-invalidations.ts';

/** A day of developers, and what is known of it. */
export interface TrafficOfDay {
  readonly bucket: number;
  readonly day: BusinessDay;
  readonly developerIds: readonly string[];
  /** The bucket's last batch that counts. */
  readonly cutoffSeq: number;
  readonly referenceVersion: number;
  readonly calendar: BusinessCalendar;
}

const NOTHING: DerivedDay = { deductions: [], chainedDevelopers: new Set() };

/**
 * What is to be deducted from the developers' day, by what was known at a cutoff: what settling and explaining share. The caller holds
 * the bucket's turn or reads a snapshot.
 */
export async function deriveTraffic(
  tx: pg.ClientBase,
  known: TrafficOfDay,
  onInvalid?: OnInvalid,
): Promise<DerivedDay> {
  const { bucket, developerIds, cutoffSeq, calendar } = known;
  if (developerIds.length === 0) return NOTHING;
  return await deriveFrom(
    {
      policies: await loadPolicies(tx, known.referenceVersion),
      standing: await standingInvalidations(tx, known),
      events: new AcceptedEvents(tx, { bucket, calendar, cutoffSeq, developerIds: new Set(developerIds) }),
    },
    { ...known, onInvalid },
  );
}

/**
 * The same from what the caller has read already, which is how verifying shares it. Reads no event where neither a check that needs
 * other events nor a decision asks for it.
 */
export async function deriveFrom(
  {
    policies,
    standing,
    events,
  }: { readonly policies: PolicyBook; readonly standing: readonly Invalidation[]; readonly events: TrafficSource },
  { day, calendar, onInvalid }: Pick<TrafficOfDay, 'day' | 'calendar'> & { readonly onInvalid?: OnInvalid | undefined },
): Promise<DerivedDay> {
  const invalidations = new InvalidationBook(standing);
  const checks = policies.on(day);
  const isAsked = !invalidations.isEmpty || (checks !== null && needsOtherEvents(checks));
  return isAsked ? await deriveDay(events, { day, calendar, policies, invalidations, onInvalid }) : NOTHING;
}

/**
 * Brings the recorded deductions of the developers' day up to what is known, in the transaction that posts the transfers to match.
 * Where a chain of clicks goes on into the next day, that becomes due, for a verdict about it may have changed. No later day of the
 * month does: whatever made this day due made those due too, and whoever settled one of them since brought this day up first.
 */
export async function deductTraffic(
  tx: pg.ClientBase,
  { runId, ...known }: TrafficOfDay & { readonly runId: string },
): Promise<void> {
  const { bucket, day, developerIds } = known;
  const { deductions, chainedDevelopers } = await deriveTraffic(tx, known);
  const before = await recordedDeductions(tx, { bucket, day, developerIds });
  await appendDeductions(tx, { bucket, day, runId }, deductionChanges({ before, after: deductions }));
  const nextDay = addDays(day, 1);
  await markDueIfEarned(
    tx,
    bucket,
    [...chainedDevelopers].map(developerId => ({ developerId, businessDay: nextDay })),
  );
}
