import type pg from 'pg';
import type { BusinessCalendar, BusinessDay } from '../domain/business-day.ts';
import { type Nanos, nanos } from '../domain/nanos.ts';
import { AcceptedEvents } from './accepted-events.ts';
import { type BatchOfDay, batchesOfDays, countWaitingBatches } from './batches-of-day.ts';

/** What one batch added to an app's day in one currency: events that are valid by themselves. */
export interface BatchTrace {
  readonly batch: BatchOfDay;
  readonly currency: string;
  readonly acceptedEvents: number;
  readonly grossNanos: Nanos;
}

export interface AppDayTrace {
  readonly traces: readonly BatchTrace[];
  /** Batches with events of that day that were left unread because there were too many. */
  readonly unreadBatches: number;
  /** Batches with events of that day, of this app or others, that wait to be processed. */
  readonly waitingBatches: number;
}

export interface TraceOptions {
  readonly bucket: number;
  readonly developerId: string;
  readonly appId: string;
  readonly day: BusinessDay;
  readonly calendar: BusinessCalendar;
  /** Batches are read while they have together no more lines than this. */
  readonly maxLines: number;
}

const MAX_BATCHES = 1000;

/** The batches behind an app's day: its events are read again, as they were when each batch was processed. */
export async function traceAppDay(tx: pg.ClientBase, options: TraceOptions): Promise<AppDayTrace> {
  const { bucket, developerId, appId, day, calendar, maxLines } = options;
  const known = { bucket, from: day, to: day, upToSeq: Number.MAX_SAFE_INTEGER };
  const { batches, total } = await batchesOfDays(tx, { ...known, limit: MAX_BATCHES });
  const developerIds = new Set([developerId]);
  const events = new AcceptedEvents(tx, { bucket, calendar, cutoffSeq: known.upToSeq, developerIds });
  const traces: BatchTrace[] = [];
  let lines = 0;
  let read = 0;
  for (const batch of batches) {
    lines += batch.lineCount;
    if (lines > maxLines && read > 0) break;
    const sums = new Map<string, { acceptedEvents: number; grossNanos: Nanos }>();
    await events.scanBatch(batch, known, accepted => {
      const { event, grossNanos } = accepted;
      if (event.appId !== appId || accepted.reasonAlone() !== null) return;
      const sum = sums.get(event.currency) ?? { acceptedEvents: 0, grossNanos: nanos(0n) };
      sum.acceptedEvents += 1;
      sum.grossNanos = nanos(sum.grossNanos + grossNanos);
      sums.set(event.currency, sum);
    });
    for (const [currency, sum] of sums) traces.push({ batch, currency, ...sum });
    read += 1;
  }
  return { traces, unreadBatches: total - read, waitingBatches: await countWaitingBatches(tx, { bucket, day }) };
}
