import type pg from 'pg';
import { loadRateCards, type RateCards } from '../catalog/rate-cards.ts';
import type { AdEvent } from '../domain/ad-event.ts';
import type { BusinessCalendar, BusinessDay } from '../domain/business-day.ts';
import { type Nanos, nanos } from '../domain/nanos.ts';
import type { AloneReason } from '../traffic/checks.ts';
import type { AcceptedTraffic, ScannedDays, TrafficSource } from '../traffic/derive-day.ts';
import { type AloneJudge, loadAloneJudge } from '../traffic/judge-alone.ts';
import { unpackBatch } from './batch.ts';
import { type BatchColumns, developerAt, eventAt, textAt, valueAt } from './batch-columns.ts';
import { type BatchOfDay, batchesOfDays, payloadOf } from './batches-of-day.ts';
import { priceRows } from './price-event.ts';
import { isRepeated } from './repeated-rows.ts';
import { poisonousLines } from './stored-evidence.ts';

/** An event that counts once for all, valid or not. What few ask for is made when it is asked for. */
export class AcceptedEvent implements AcceptedTraffic {
  readonly #batch: AcceptedRows;
  readonly #place: number;

  constructor(batch: AcceptedRows, place: number) {
    this.#batch = batch;
    this.#place = place;
  }

  get #row(): number {
    return this.#batch.rows[this.#place] as number;
  }

  get lineNo(): number {
    return this.#batch.columns.lineNo[this.#row] as number;
  }

  get developerId(): string {
    return developerAt(this.#batch.columns, this.#row);
  }

  get businessDay(): BusinessDay {
    const { days, dayPlaces } = this.#batch;
    return days[dayPlaces[this.#place] as number] as BusinessDay;
  }

  get type(): AdEvent['type'] {
    return this.#batch.columns.isClick[this.#row] === 1 ? 'click' : 'impression';
  }

  get occurredAtMs(): number {
    return this.#batch.columns.occurredAtMs[this.#row] as number;
  }

  get id(): string {
    return textAt(this.#batch.columns.id, this.#row) as string;
  }

  get deviceId(): string | null {
    return textAt(this.#batch.columns.device, this.#row);
  }

  get event(): AdEvent {
    return eventAt(this.#batch.columns, this.#row).event;
  }

  get grossNanos(): Nanos {
    return nanos(BigInt(this.#batch.grossNanos[this.#place] as number));
  }

  /** Why it does not count by itself, as it was judged when it was processed. */
  reasonAlone(): AloneReason | null {
    const { columns, judge } = this.#batch;
    const alone = { userAgent: valueAt(columns.userAgent, this.#row), ip: textAt(columns.ip, this.#row) };
    return judge.reasonOf(alone, this.businessDay);
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

/** The accepted rows of a batch, of the developers asked for. */
interface AcceptedRows {
  readonly columns: BatchColumns;
  readonly rows: Int32Array;
  /** The distinct business days, and the place of each row's. */
  readonly days: readonly BusinessDay[];
  readonly dayPlaces: Int32Array;
  readonly grossNanos: Float64Array;
  readonly judge: AloneJudge;
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
    const accepted = await this.#rowsOf(batch);
    const { columns, rows, days, dayPlaces } = accepted;
    const isAsked = days.map(day => day >= from && day <= to);
    const wantedClick = type === undefined ? null : type === 'click' ? 1 : 0;
    for (let place = 0; place < rows.length; place += 1) {
      if (isAsked[dayPlaces[place] as number] !== true) continue;
      if (wantedClick !== null && columns.isClick[rows[place] as number] !== wantedClick) continue;
      visit(new AcceptedEvent(accepted, place));
    }
  }

  async #rowsOf(batch: BatchOfDay): Promise<AcceptedRows> {
    const kept = this.#kept.get(batch.seq);
    if (kept !== undefined) return kept;
    const { columns } = unpackBatch(await payloadOf(this.#tx, batch));
    const { rateCards, judge } = await this.#referenceOf(batch.referenceVersion);
    const rows = await this.#claimingRows(batch, columns);
    const days = this.#daysOf(columns, rows);
    const dayOf = (place: number) => days.days[days.dayPlaces[place] as number] as BusinessDay;
    const { grossNanos, refusals } = priceRows(columns, { rows, dayOf, rateCards });
    // A line without a price claims nothing.
    const isPriced = (_: number, place: number) => refusals.size === 0 || !refusals.has(place);
    const accepted = {
      columns,
      rows: rows.filter(isPriced),
      days: days.days,
      dayPlaces: days.dayPlaces.filter(isPriced),
      grossNanos: grossNanos.filter(isPriced),
      judge,
    };
    if (this.#keptRows + columns.count <= KEPT_ROWS) {
      this.#kept.set(batch.seq, accepted);
      this.#keptRows += columns.count;
    }
    return accepted;
  }

  /** Rows of the developers asked for that claimed their identity, or have no price. */
  async #claimingRows({ seq, repeated }: BatchOfDay, columns: BatchColumns): Promise<Int32Array> {
    const { bucket, developerIds } = this.#options;
    this.#poisonous ??= await poisonousLines(this.#tx, bucket);
    const poisonous = this.#poisonous.get(seq);
    const isWantedApp = columns.developerOfApp.map(developer =>
      developerIds === null || developerIds.has(columns.developers[developer] as string) ? 1 : 0,
    );
    const rows = new Int32Array(columns.count);
    let count = 0;
    for (let row = 0; row < columns.count; row += 1) {
      if (isWantedApp[columns.appOfAdUnit[columns.adUnit.places[row] as number] as number] !== 1) continue;
      if (isRepeated(repeated, row) || poisonous?.has(columns.lineNo[row] as number) === true) continue;
      rows[count] = row;
      count += 1;
    }
    return rows.slice(0, count);
  }

  #daysOf(columns: BatchColumns, rows: Int32Array): { days: BusinessDay[]; dayPlaces: Int32Array } {
    const days: BusinessDay[] = [];
    const dayPlaces = rows.map(row => {
      const day = this.#options.calendar.dayOf(columns.occurredAtMs[row] as number);
      const known = days.indexOf(day);
      return known >= 0 ? known : days.push(day) - 1;
    });
    return { days, dayPlaces };
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
