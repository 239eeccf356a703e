import type pg from 'pg';
import type { BusinessCalendar, BusinessDay } from '../domain/business-day.ts';
import { AcceptedEvents, KEPT_ROWS, type ReadBatch } from '../events/accepted-events.ts';
import { type AcceptedRows, acceptedAmong, type NotAccepted, visitRows } from '../events/accepted-rows.ts';
import type { FoldedBatch, PreparedBatch } from '../events/batch-fold.ts';
import type { StoredProcessedBatch } from '../events/stored-batches.ts';
import type { TrafficSource } from '../traffic/derive-day.ts';
import type { AloneJudge } from '../traffic/judge-alone.ts';

interface ReplayedBatch {
  readonly batch: ReadBatch;
  readonly days: readonly BusinessDay[];
  /** Null where they are read again. */
  readonly rows: AcceptedRows | null;
}

/** A bucket's accepted events as they were found when its batches were replayed, so that most batches are read and unpacked once. */
export class ReplayedEvents {
  readonly #client: pg.ClientBase;
  readonly #bucket: number;
  readonly #calendar: BusinessCalendar;
  readonly #mostKept: number;
  /** In the recorded order. */
  readonly #batches: ReplayedBatch[] = [];
  #keptRows = 0;

  /** `mostKept`: rows; those of further batches are read again. */
  constructor(
    client: pg.ClientBase,
    {
      bucket,
      calendar,
      mostKept = KEPT_ROWS,
    }: { readonly bucket: number; readonly calendar: BusinessCalendar; readonly mostKept?: number },
  ) {
    this.#client = client;
    this.#bucket = bucket;
    this.#calendar = calendar;
    this.#mostKept = mostKept;
  }

  add(
    { batchId, seq, referenceVersion }: StoredProcessedBatch,
    {
      prepared: { columns, rows, days, dayPlaces, prices },
      judge,
      counts: { accepted },
      ...notAccepted
    }: FoldedBatch & NotAccepted & { readonly prepared: PreparedBatch; readonly judge: AloneJudge },
  ): void {
    // A file that was handed in again: there is nothing in it, and its repeated rows are not told.
    if (accepted === 0) return;
    const { repeated } = notAccepted;
    const batch = { bucket: this.#bucket, batchId, seq, referenceVersion, accepted, repeated };
    const isKept = this.#keptRows + columns.count <= this.#mostKept;
    if (isKept) this.#keptRows += columns.count;
    const priced = { columns, rows, days, dayPlaces, grossNanos: prices.grossNanos, judge };
    this.#batches.push({ batch, days, rows: isKept ? acceptedAmong(priced, notAccepted) : null });
  }

  /** Everybody's events from the batches up to a place in the recorded order. */
  upTo(cutoffSeq: number): TrafficSource {
    const options = { bucket: this.#bucket, calendar: this.#calendar, cutoffSeq, developerIds: null };
    const again = new AcceptedEvents(this.#client, options);
    return {
      scan: async (days, visit) => {
        for (const { batch, days: ofBatch, rows } of this.#batches) {
          if (batch.seq > cutoffSeq || !ofBatch.some(day => day >= days.from && day <= days.to)) continue;
          if (rows !== null) visitRows(rows, days, visit);
          else await again.scanBatch(batch, days, visit);
        }
      },
    };
  }
}
