import type pg from 'pg';
import { loadRateCards, type RateCards } from '../catalog/rate-cards.ts';
import type { AdEvent } from '../domain/ad-event.ts';
import type { BusinessCalendar, BusinessDay } from '../domain/business-day.ts';
import type { Nanos } from '../domain/nanos.ts';
import type { AloneReason } from '../traffic/checks.ts';
import type { AcceptedTraffic, ScannedDays, TrafficSource } from '../traffic/derive-day.ts';
import { type AloneJudge, loadAloneJudge } from '../traffic/judge-alone.ts';
import { unpackBatch } from './batch.ts';
import { type BatchColumns, developerAt, eventAt, textAt } from './batch-columns.ts';
import { type BatchOfDay, batchesOfDays, payloadOf } from './batches-of-day.ts';
import { hashIdentities } from './hash-identities.ts';
import { findIdentities } from './identities.ts';
import { claimedAt } from './identity.ts';
import { priceEvent } from './price-event.ts';
import { poisonousLines } from './stored-evidence.ts';

/** An event that counts once for all, valid or not, with what it was found to be when it was processed. */
export class AcceptedEvent implements AcceptedTraffic {
  readonly lineNo: number;
  readonly developerId: string;
  readonly businessDay: BusinessDay;
  readonly event: AdEvent;
  readonly grossNanos: Nanos;
  readonly #judge: AloneJudge;

  constructor(
    { lineNo, developerId, businessDay, event, grossNanos }: Omit<AcceptedEvent, 'reasonAlone'>,
    judge: AloneJudge,
  ) {
    this.lineNo = lineNo;
    this.developerId = developerId;
    this.businessDay = businessDay;
    this.event = event;
    this.grossNanos = grossNanos;
    this.#judge = judge;
  }

  reasonAlone(): AloneReason | null {
    return this.#judge.reasonOf(this.event, this.businessDay);
  }
}

export interface AcceptedEventsOptions {
  readonly bucket: number;
  readonly calendar: BusinessCalendar;
  /** Only what was processed up to this place in the bucket's recorded order. */
  readonly cutoffSeq: number;
  /** Only these developers' events; null: everybody's. */
  readonly developerIds: ReadonlySet<string> | null;
}

/** The rows of a batch that were accepted, of the developers asked for. */
interface AcceptedRows {
  readonly columns: BatchColumns;
  readonly rows: Int32Array;
}

/** What one reference version says about events. */
interface Reference {
  readonly rateCards: RateCards;
  readonly judge: AloneJudge;
}

/** Rows of batches that are kept for the next reading, some tens of megabytes. */
const KEPT_ROWS = 500_000;

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

  async scanBatch(
    batch: BatchOfDay,
    { from, to, type }: ScannedDays,
    visit: (accepted: AcceptedEvent) => void,
  ): Promise<void> {
    // A file that was handed in again: there is nothing in it.
    if (batch.accepted === 0) return;
    const { calendar } = this.#options;
    const { columns, rows } = await this.#rowsOf(batch);
    const { rateCards, judge } = await this.#referenceOf(batch.referenceVersion);
    const wantedClick = type === undefined ? null : type === 'click' ? 1 : 0;
    for (const row of rows) {
      if (wantedClick !== null && columns.isClick[row] !== wantedClick) continue;
      const businessDay = calendar.dayOf(columns.occurredAtMs[row] as number);
      if (businessDay < from || businessDay > to) continue;
      const { lineNo, developerId, event } = eventAt(columns, row);
      const price = priceEvent(event, businessDay, rateCards);
      if (price.refusal !== null) continue;
      visit(new AcceptedEvent({ lineNo, developerId, businessDay, event, grossNanos: price.grossNanos }, judge));
    }
  }

  async #rowsOf(batch: BatchOfDay): Promise<AcceptedRows> {
    const kept = this.#kept.get(batch.seq);
    if (kept !== undefined) return kept;
    const { columns } = unpackBatch(await payloadOf(this.#tx, batch));
    const accepted = { columns, rows: await this.#acceptedRows(batch, columns) };
    if (this.#keptRows + columns.count <= KEPT_ROWS) {
      this.#kept.set(batch.seq, accepted);
      this.#keptRows += columns.count;
    }
    return accepted;
  }

  /** Rows of the developers asked for that claimed their identity; rows without a price are still among them. */
  async #acceptedRows(batch: BatchOfDay, columns: BatchColumns): Promise<Int32Array> {
    const { bucket, developerIds } = this.#options;
    this.#poisonous ??= await poisonousLines(this.#tx, bucket);
    const poisonous = this.#poisonous.get(batch.seq);
    const rows: number[] = [];
    for (let row = 0; row < columns.count; row += 1) {
      if (developerIds !== null && !developerIds.has(developerAt(columns, row))) continue;
      if (poisonous?.has(columns.lineNo[row] as number) !== true) rows.push(row);
    }
    if (batch.duplicates + batch.conflicts === 0) return Int32Array.from(rows);
    return await this.#claimingRows(batch, columns, rows);
  }

  /** Of rows that may share identities, among themselves or with earlier batches, those that came first. */
  async #claimingRows(batch: BatchOfDay, columns: BatchColumns, rows: readonly number[]): Promise<Int32Array> {
    const { rateCards } = await this.#referenceOf(batch.referenceVersion);
    const seen = new Set<string>();
    const firsts: number[] = [];
    for (const row of rows) {
      const key = `${columns.isClick[row]} ${developerAt(columns, row)}\0${textAt(columns.id, row)}`;
      if (seen.has(key)) continue;
      const { event } = eventAt(columns, row);
      // A line without a price claims nothing, so a later one with the same identity may.
      if (priceEvent(event, this.#options.calendar.dayOf(event.occurredAtMs), rateCards).refusal !== null) continue;
      seen.add(key);
      firsts.push(row);
    }
    const candidates = Int32Array.from(firsts);
    const identities = hashIdentities(columns, candidates, batch.seq);
    const found = await findIdentities(this.#tx, this.#options.bucket, [identities]);
    const claims = found.entriesFrom(0);
    return candidates.filter((_, place) => {
      const claim = found.find(identities, place);
      return claim >= 0 && claimedAt(claims, claim).seq === batch.seq;
    });
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
