import type { AdEvent } from '../domain/ad-event.ts';
import { priceOfMicros } from '../domain/price.ts';

/** An event that passed every check which the line, the clock and the catalog decide. */
export interface BatchEvent {
  readonly lineNo: number;
  readonly developerId: string;
  readonly event: AdEvent;
}

/** A line refused when it was accepted into the inbox, with its bytes as they came. */
export interface RefusedLine {
  readonly lineNo: number;
  readonly ownerId: string;
  readonly reason: string;
  readonly field: string | null;
  readonly detail: string;
  readonly bytes: Buffer;
}

/** Few distinct values, and for each row the place of its own among them; -1 for none. */
export interface DictionaryColumn {
  readonly values: readonly string[];
  readonly places: Int32Array;
}

/** Texts in Latin-1, one behind the other. */
export interface TextColumn {
  readonly bytes: Buffer;
  readonly starts: Uint32Array;
  /** Length + 1; 0 where there is none. */
  readonly lengths: Uint8Array;
}

/** The accepted lines of a batch, a row each, in the order of the file. What few ask for is made into texts when it is asked for. */
export interface BatchColumns {
  readonly count: number;
  readonly lineNo: Float64Array;
  /** Epoch milliseconds. */
  readonly occurredAtMs: Float64Array;
  /** 1 for a click, 0 for an impression. */
  readonly isClick: Uint8Array;
  /** See `priceMicros`; -1 for none. */
  readonly priceMicros: Float64Array;
  readonly adUnit: DictionaryColumn;
  /** Place of each ad unit's app among `apps`. */
  readonly appOfAdUnit: Int32Array;
  readonly apps: readonly string[];
  /** Place of each app's developer among `developers`. */
  readonly developerOfApp: Int32Array;
  readonly developers: readonly string[];
  readonly currency: DictionaryColumn;
  readonly campaign: DictionaryColumn;
  readonly userAgent: DictionaryColumn;
  readonly id: TextColumn;
  readonly impression: TextColumn;
  readonly device: TextColumn;
  readonly ip: TextColumn;
}

export function valueAt({ values, places }: DictionaryColumn, row: number): string | null {
  const place = places[row] as number;
  return place < 0 ? null : (values[place] as string);
}

export function textAt({ bytes, starts, lengths }: TextColumn, row: number): string | null {
  const length = (lengths[row] as number) - 1;
  const start = starts[row] as number;
  return length < 0 ? null : bytes.toString('latin1', start, start + length);
}

export function appAt(columns: BatchColumns, row: number): string {
  return columns.apps[columns.appOfAdUnit[columns.adUnit.places[row] as number] as number] as string;
}

export function developerAt(columns: BatchColumns, row: number): string {
  const app = columns.appOfAdUnit[columns.adUnit.places[row] as number] as number;
  return columns.developers[columns.developerOfApp[app] as number] as string;
}

export function eventAt(columns: BatchColumns, row: number): BatchEvent {
  const micros = columns.priceMicros[row] as number;
  return {
    lineNo: columns.lineNo[row] as number,
    developerId: developerAt(columns, row),
    event: {
      id: textAt(columns.id, row) as string,
      type: columns.isClick[row] === 1 ? 'click' : 'impression',
      occurredAtMs: columns.occurredAtMs[row] as number,
      appId: appAt(columns, row),
      adUnitId: valueAt(columns.adUnit, row) as string,
      currency: valueAt(columns.currency, row) as string,
      price: micros < 0 ? null : priceOfMicros(micros),
      campaignId: valueAt(columns.campaign, row),
      impressionId: textAt(columns.impression, row),
      deviceId: textAt(columns.device, row),
      userAgent: valueAt(columns.userAgent, row),
      ip: textAt(columns.ip, row),
    },
  };
}
