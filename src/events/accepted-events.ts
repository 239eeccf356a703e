import type pg from 'pg';
import { loadRateCards, type RateCards } from '../catalog/rate-cards.ts';
import type { BusinessCalendar } from '../domain/business-day.ts';
import type { ScannedDays, TrafficSource } from '../traffic/derive-day.ts';
import { type AloneJudge, loadAloneJudge } from '../traffic/judge-alone.ts';
import { type AcceptedEvent, type AcceptedRows, acceptedAmong, visitRows } from './accepted-rows.ts';
import { unpackBatch } from './batch.ts';
import type { BatchColumns } from './batch-columns.ts';
import { type BatchOfDay, batchesOfDays } from './batches-of-day.ts';
import { priceRows } from './price-event.ts';
import { daysOfRows } from './row-days.ts';
import { payloadOf } from './stored-batches.ts';
import { poisonousLines } from './stored-evidence.ts';

export interface AcceptedEventsOptions {
  readonly bucket: number;
  readonly calendar: BusinessCalendar;
  /** Only what was processed up to this place in the bucket's recorded order. */
  readonly cutoffSeq: number;
  /** Only these developers' events; null: everybody's. */
  readonly developerIds: ReadonlySet<string> | null;
}

/** What has to be known of a batch to read its events. */
export type ReadBatch = Pick<BatchOfDay, 'bucket' | 'batchId' | 'seq' | 'accepted' | 'referenceVersion' | 'repeated'>;

/** What one reference version says about events. */
interface Reference {
  readonly rateCards: RateCards;
  readonly judge: AloneJudge;
}

/** Rows of batches that are kept for the next reading, some tens of megabytes. */
export const KEPT_ROWS = 500_000;

/**
 * Accepted events of a bucket, read again from its stored batches as they were when each batch was processed: the one way back from
 * sums to events. The caller holds the bucket's turn or reads a snapshot. Holds one batch at a time, and what is little for the next
 * reading.
 */
export class AcceptedEvents implements TrafficSource {
  readonly #tx: pg.ClientBase;
  readonly #options: AcceptedEventsOptions;
  readonly #references = new Map<number, Reference>();
  #poisonous: ReadonlyMap<number, ReadonlySet<number>> | null = null;
  readonly #kept = new Map<number, AcceptedRows>();
  #keptRows = 0;

  constructor(tx: pg.ClientBase, options: AcceptedEventsOptions) {
    this.#tx = tx;
    this.#options = options;
  }

  async scan(days: ScannedDays, visit: (accepted: AcceptedEvent) => void): Promise<void> {
    const { bucket, cutoffSeq } = this.#options;
    const { batches } = await batchesOfDays(this.#tx, { ...days, bucket, upToSeq: cutoffSeq, limit: null });
    for (const batch of batches) await this.scanBatch(batch, days, visit);
  }

  async scanBatch(batch: ReadBatch, days: ScannedDays, visit: (accepted: AcceptedEvent) => void): Promise<void> {
    // A file that was handed in again: there is nothing in it.
    if (batch.accepted > 0) visitRows(await this.#rowsOf(batch), days, visit);
  }

  async #rowsOf(batch: ReadBatch): Promise<AcceptedRows> {
    const kept = this.#kept.get(batch.seq);
    if (kept !== undefined) return kept;
    const { columns } = unpackBatch(await payloadOf(this.#tx, batch));
    const { rateCards, judge } = await this.#referenceOf(batch.referenceVersion);
    this.#poisonous ??= await poisonousLines(this.#tx, this.#options.bucket);
    const rows = this.#wantedRows(columns);
    const days = daysOfRows(columns, rows, this.#options.calendar);
    const { grossNanos } = priceRows(columns, { rows, ...days, rateCards });
    const { repeated, seq } = batch;
    const priced = { columns, rows, ...days, grossNanos, judge };
    const accepted = acceptedAmong(priced, { repeated, poisonous: this.#poisonous.get(seq) });
    if (this.#keptRows + columns.count <= KEPT_ROWS) {
      this.#kept.set(seq, accepted);
      this.#keptRows += columns.count;
    }
    return accepted;
  }

  #wantedRows(columns: BatchColumns): Int32Array {
    const { developerIds } = this.#options;
    const { count, developers, developerOfApp, appOfAdUnit, adUnit } = columns;
    const isWantedApp = developerOfApp.map(developer =>
      developerIds === null || developerIds.has(developers[developer] as string) ? 1 : 0,
    );
    const rows = new Int32Array(count);
    let wanted = 0;
    for (let row = 0; row < count; row += 1) {
      if (isWantedApp[appOfAdUnit[adUnit.places[row] as number] as number] !== 1) continue;
      rows[wanted] = row;
      wanted += 1;
    }
    return rows.subarray(0, wanted);
  }

  async #referenceOf(referenceVersion: number): Promise<Reference> {
    const known = this.#references.get(referenceVersion);
    if (known !== undefined) return known;
    const rateCards = await loadRateCards(this.#tx, referenceVersion);
    const reference = { rateCards, judge: await loadAloneJudge(this.#tx, referenceVersion) };
    this.#references.set(referenceVersion, reference);
    return reference;
  }
}
