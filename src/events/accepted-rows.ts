import type { AdEvent } from '../domain/ad-event.ts';
import type { BusinessDay } from '../domain/business-day.ts';
import { type Nanos, nanos } from '../domain/nanos.ts';
import type { AloneReason } from '../traffic/checks.ts';
import type { AcceptedTraffic, ScannedDays } from '../traffic/derive-day.ts';
import { hash32OfBytes } from '../traffic/hash32.ts';
import type { AloneJudge } from '../traffic/judge-alone.ts';
import { type BatchColumns, developerAt, eventAt, type TextColumn, textAt, valueAt } from './batch-columns.ts';
import { isRepeated } from './repeated-rows.ts';

/** Rows of a batch that were accepted, with what they earned. */
export interface AcceptedRows {
  readonly columns: BatchColumns;
  readonly rows: Int32Array;
  /** The distinct business days, and the place of each row's. */
  readonly days: readonly BusinessDay[];
  readonly dayPlaces: Int32Array;
  readonly grossNanos: Float64Array;
  readonly judge: AloneJudge;
}

/** Why rows of a batch may not have been accepted. */
export interface NotAccepted {
  /** See `isRepeated`. */
  readonly repeated: Buffer | null;
  /** Numbers of lines that made the batch fail. */
  readonly poisonous: ReadonlySet<number> | undefined;
}

/** Those of priced rows that were accepted. A line without a price, whose gross is not a number, claims nothing. */
export function acceptedAmong(priced: AcceptedRows, { repeated, poisonous }: NotAccepted): AcceptedRows {
  const { columns, rows, days, dayPlaces, grossNanos, judge } = priced;
  const accepted = {
    rows: new Int32Array(rows.length),
    dayPlaces: new Int32Array(rows.length),
    grossNanos: new Float64Array(rows.length),
  };
  let count = 0;
  for (let place = 0; place < rows.length; place += 1) {
    const row = rows[place] as number;
    const gross = grossNanos[place] as number;
    if (Number.isNaN(gross) || isRepeated(repeated, row)) continue;
    if (poisonous?.has(columns.lineNo[row] as number) === true) continue;
    accepted.rows[count] = row;
    accepted.dayPlaces[count] = dayPlaces[place] as number;
    accepted.grossNanos[count] = gross;
    count += 1;
  }
  return {
    ...{ columns, days, judge },
    rows: accepted.rows.subarray(0, count),
    dayPlaces: accepted.dayPlaces.subarray(0, count),
    grossNanos: accepted.grossNanos.subarray(0, count),
  };
}

/** Hands the rows that lie on the days over, as events. */
export function visitRows(
  accepted: AcceptedRows,
  { from, to, type }: ScannedDays,
  visit: (accepted: AcceptedEvent) => void,
): void {
  const { columns, rows, days, dayPlaces } = accepted;
  const isAsked = days.map(day => day >= from && day <= to);
  const wantedClick = type === undefined ? null : type === 'click' ? 1 : 0;
  for (let place = 0; place < rows.length; place += 1) {
    if (isAsked[dayPlaces[place] as number] !== true) continue;
    if (wantedClick !== null && columns.isClick[rows[place] as number] !== wantedClick) continue;
    visit(new AcceptedEvent(accepted, place));
  }
}

/** An event that counts once for all, valid or not. What few ask for is made when it is asked for. */
export class AcceptedEvent implements AcceptedTraffic {
  readonly #batch: AcceptedRows;
  readonly #place: number;
  readonly #row: number;

  constructor(batch: AcceptedRows, place: number) {
    this.#batch = batch;
    this.#place = place;
    this.#row = batch.rows[place] as number;
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

  idHash(): number {
    return this.#hashAt(this.#batch.columns.id) as number;
  }

  deviceHash(): number | null {
    return this.#hashAt(this.#batch.columns.device);
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

  #hashAt({ bytes, starts, lengths }: TextColumn): number | null {
    const length = (lengths[this.#row] as number) - 1;
    const start = starts[this.#row] as number;
    return length < 0 ? null : hash32OfBytes(bytes, start, start + length);
  }
}
