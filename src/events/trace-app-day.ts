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

/** Adds the events of batches up, by batch and currency. */
export class BatchTraces {
  readonly #traces = new Map<string, { -readonly [Field in keyof BatchTrace]: BatchTrace[Field] }>();

  add(batch: BatchOfDay, { currency, grossNanos }: { readonly currency: string; readonly grossNanos: Nanos }): void {
    const key = `${batch.seq} ${currency}`;
    const trace = this.#traces.get(key);
    if (trace === undefined) {
      this.#traces.set(key, { batch, currency, acceptedEvents: 1, grossNanos });
      return;
    }
    trace.acceptedEvents += 1;
    trace.grossNanos = nanos(trace.grossNanos + grossNanos);
  }

  /** In the order in which batches and currencies came. */
  all(): BatchTrace[] {
    return [...this.#traces.values()];
  }
}

const MAX_BATCHES = 1000;

/** The batches behind an app's day: its events are read again, as they were when each batch was processed. */
export async function traceAppDay(tx: pg.ClientBase, options: TraceOptions): Promise<AppDayTrace> {
  const { bucket, developerId, appId, day, calendar, maxLines } = options;
  const known = { bucket, from: day, to: day, upToSeq: Number.MAX_SAFE_INTEGER };
  const { batches, total } = await batchesOfDays(tx, { ...known, limit: MAX_BATCHES });
  const developerIds = new Set([developerId]);
  const events = new AcceptedEvents(tx, { bucket, calendar, cutoffSeq: known.upToSeq, developerIds });
  const traces = new BatchTraces();
  let lines = 0;
  let read = 0;
  for (const batch of batches) {
    lines += batch.lineCount;
    if (lines > maxLines && read > 0) break;
    await events.scanBatch(batch, known, accepted => {
      const { event, grossNanos } = accepted;
      if (event.appId !== appId || accepted.reasonAlone() !== null) return;
      traces.add(batch, { currency: event.currency, grossNanos });
    });
    read += 1;
  }
  const waitingBatches = await countWaitingBatches(tx, { bucket, day });
  return { traces: traces.all(), unreadBatches: total - read, waitingBatches };
}
