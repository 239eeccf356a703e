import type pg from 'pg';
import type { BusinessCalendar, BusinessDay } from '../domain/business-day.ts';
import { AcceptedEvents } from './accepted-events.ts';
import type { AcceptedEvent } from './accepted-rows.ts';
import { type BatchOfDay, batchesOfDays } from './batches-of-day.ts';

/** A place in the order (`occurred_at`, `id`); an impression comes before a click of the same id and instant. */
export interface EventPlace {
  readonly occurredAtMs: number;
  readonly id: string;
  readonly type: 'impression' | 'click';
}

export interface EventInBatch {
  readonly accepted: AcceptedEvent;
  readonly batch: BatchOfDay;
}

/**
 * The first `limit` accepted events of an app's day behind a place, valid or not, in the order (`occurred_at`, `id`). Batches are read
 * one at a time, and about twice as many events are held as are asked for.
 */
export async function eventsOfAppDay(
  tx: pg.ClientBase,
  {
    bucket,
    developerId,
    appId,
    day,
    cutoffSeq,
    calendar,
    after,
    limit,
  }: {
    readonly bucket: number;
    readonly developerId: string;
    readonly appId: string;
    readonly day: BusinessDay;
    readonly cutoffSeq: number;
    readonly calendar: BusinessCalendar;
    readonly after: EventPlace | null;
    readonly limit: number;
  },
): Promise<EventInBatch[]> {
  const days = { from: day, to: day };
  const developerIds = new Set([developerId]);
  const events = new AcceptedEvents(tx, { bucket, calendar, cutoffSeq, developerIds });
  const { batches } = await batchesOfDays(tx, { ...days, bucket, upToSeq: cutoffSeq, limit: null });
  let first: EventInBatch[] = [];
  let last: EventPlace | null = null;
  for (const batch of batches) {
    await events.scanBatch(batch, days, accepted => {
      const { event } = accepted;
      if (event.appId !== appId) return;
      if (after !== null && compareEvents(event, after) <= 0) return;
      if (last !== null && compareEvents(event, last) >= 0) return;
      first.push({ accepted, batch });
      if (first.length < 2 * limit) return;
      first = firstOf(first, limit);
      last = first.at(-1)?.accepted.event ?? null;
    });
  }
  return firstOf(first, limit);
}

function firstOf(events: readonly EventInBatch[], limit: number): EventInBatch[] {
  return events.toSorted((a, b) => compareEvents(a.accepted.event, b.accepted.event)).slice(0, limit);
}

/** Ids are ASCII, so code units compare as bytes do. */
function compareEvents(a: EventPlace, b: EventPlace): number {
  if (a.occurredAtMs !== b.occurredAtMs) return a.occurredAtMs - b.occurredAtMs;
  if (a.id !== b.id) return a.id < b.id ? -1 : 1;
  return a.type === b.type ? 0 : a.type === 'impression' ? -1 : 1;
}
