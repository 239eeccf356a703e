import type pg from 'pg';
import { aboutInstant } from '../domain/about-instant.ts';
import { bucketOf } from '../domain/bucket.ts';
import type { BusinessCalendar } from '../domain/business-day.ts';
import { AcceptedEvents } from '../events/accepted-events.ts';
import { batchesOfDays } from '../events/batches-of-day.ts';
import { lastSeqAt } from '../events/cutoff-at.ts';
import { findAccepted } from '../events/find-accepted.ts';
import { eventNamed } from '../traffic/invalidation.ts';
import { type InvalidationVersions, invalidatedEvents } from '../traffic/stored-invalidations.ts';

/** What apps earned, at least and at most. */
export interface Stake {
  readonly leastNanos: bigint;
  readonly mostNanos: bigint;
}

/**
 * What the apps of an invalidation's events had earned on the days concerned when a person decided alone, by currency: from the stored
 * events of the batches that were surely processed by then, and of those that perhaps were. Null of a slice.
 */
export async function stakeAbout(
  client: pg.ClientBase,
  {
    bucketCount,
    calendar,
    at,
  }: { readonly bucketCount: number; readonly calendar: BusinessCalendar; readonly at: Date },
  { invalidationId, developerId, fromDay, toDay }: InvalidationVersions,
): Promise<Map<string, Stake> | null> {
  const keys = await invalidatedEvents(client, invalidationId);
  if (keys === null) return null;
  const bucket = bucketOf(developerId, bucketCount);
  const places = await findAccepted(client, { bucket, developerId, calendar, names: keys.map(eventNamed) });
  const concerned = new Set(places.flatMap(place => (place === null ? [] : `${place.businessDay} ${place.appId}`)));
  const { surely, perhaps } = aboutInstant(at);
  const surelySeq = await lastSeqAt(client, { bucket, instant: surely });
  const perhapsSeq = await lastSeqAt(client, { bucket, instant: perhaps });
  const days = { from: fromDay, to: toDay };
  const events = new AcceptedEvents(client, {
    ...{ bucket, calendar, cutoffSeq: perhapsSeq },
    developerIds: new Set([developerId]),
  });
  const stakes = new Map<string, { leastNanos: bigint; mostNanos: bigint }>();
  const { batches } = await batchesOfDays(client, { ...days, bucket, upToSeq: perhapsSeq, limit: null });
  for (const batch of batches) {
    await events.scanBatch(batch, days, accepted => {
      const { businessDay, event, grossNanos } = accepted;
      if (!concerned.has(`${businessDay} ${event.appId}`) || accepted.reasonAlone() !== null) return;
      const stake = stakes.get(event.currency) ?? { leastNanos: 0n, mostNanos: 0n };
      stakes.set(event.currency, stake);
      stake.mostNanos += grossNanos;
      if (batch.seq <= surelySeq) stake.leastNanos += grossNanos;
    });
  }
  return stakes;
}
