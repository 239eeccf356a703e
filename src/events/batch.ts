import { promisify } from 'node:util';
import { constants, zstdCompress, zstdDecompress } from 'node:zlib';
import type { AdEvent } from '../domain/ad-event.ts';
import type { BusinessDay } from '../domain/business-day.ts';

const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);
const FORMAT_VERSION = 1;
const MAX_UNPACKED_BYTES = 1 << 30;

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

export interface BatchContent {
  readonly events: readonly BatchEvent[];
  readonly refused: readonly RefusedLine[];
}

/** A column of few distinct values: the values, and each event's place among them (-1: none). */
interface DictionaryColumn {
  readonly values: string[];
  readonly at: number[];
}

/** A column of texts in one string, which JSON writes and reads at once: printable ASCII, so that neither sign occurs in one. */
type TextColumn = string;
const SEPARATOR = '\u007f';
const NONE = '\u0080';

/** What a payload holds, as JSON. */
interface PackedBatch {
  readonly v: number;
  /** Differences to the line before, and to the instant before in milliseconds: small numbers pack well. */
  readonly line: number[];
  readonly time: number[];
  readonly id: TextColumn;
  readonly click: number[];
  readonly developer: DictionaryColumn;
  readonly app: DictionaryColumn;
  readonly adUnit: DictionaryColumn;
  readonly currency: DictionaryColumn;
  readonly price: DictionaryColumn;
  readonly campaign: DictionaryColumn;
  readonly userAgent: DictionaryColumn;
  /** Null where no event has a value. */
  readonly impression: TextColumn | null;
  readonly device: TextColumn | null;
  readonly ip: TextColumn | null;
  readonly refused: PackedRefusal[];
}

type PackedRefusal = [
  lineNo: number,
  ownerId: string,
  reason: string,
  field: string | null,
  detail: string,
  base64: string,
];

/** A batch in the making: events go straight into columns, which are small and quick to write down. */
export class BatchBuilder {
  readonly #line: number[] = [];
  readonly #time: number[] = [];
  readonly #id: string[] = [];
  readonly #click: number[] = [];
  readonly #developer = new DictionaryBuilder();
  readonly #app = new DictionaryBuilder();
  readonly #adUnit = new DictionaryBuilder();
  readonly #currency = new DictionaryBuilder();
  readonly #price = new DictionaryBuilder();
  readonly #campaign = new DictionaryBuilder();
  readonly #userAgent = new DictionaryBuilder();
  readonly #impression: string[] = [];
  readonly #device: string[] = [];
  readonly #ip: string[] = [];
  readonly #refused: PackedRefusal[] = [];
  #lastLineNo = 0;
  #lastTimeMs = 0;
  #firstDay: BusinessDay | null = null;
  #lastDay: BusinessDay | null = null;

  get lineCount(): number {
    return this.#id.length + this.#refused.length;
  }

  /** Business days of the events; null without events. */
  get days(): { readonly first: BusinessDay; readonly last: BusinessDay } | null {
    return this.#firstDay === null || this.#lastDay === null ? null : { first: this.#firstDay, last: this.#lastDay };
  }

  add({ lineNo, developerId, event }: BatchEvent, businessDay: BusinessDay): void {
    this.#line.push(lineNo - this.#lastLineNo);
    this.#lastLineNo = lineNo;
    this.#time.push(event.occurredAtMs - this.#lastTimeMs);
    this.#lastTimeMs = event.occurredAtMs;
    this.#id.push(event.id);
    this.#click.push(event.type === 'click' ? 1 : 0);
    this.#developer.add(developerId);
    this.#app.add(event.appId);
    this.#adUnit.add(event.adUnitId);
    this.#currency.add(event.currency);
    this.#price.add(event.price);
    this.#campaign.add(event.campaignId);
    this.#userAgent.add(event.userAgent);
    this.#impression.push(event.impressionId ?? NONE);
    this.#device.push(event.deviceId ?? NONE);
    this.#ip.push(event.ip ?? NONE);
    if (this.#firstDay === null || businessDay < this.#firstDay) this.#firstDay = businessDay;
    if (this.#lastDay === null || businessDay > this.#lastDay) this.#lastDay = businessDay;
  }

  refuse({ lineNo, ownerId, reason, field, detail, bytes }: RefusedLine): void {
    this.#refused.push([lineNo, ownerId, reason, field, detail, bytes.toString('base64')]);
  }

  /** The batch as it is stored: columns as JSON, compressed with zstd. */
  async pack(): Promise<Buffer> {
    const packed: PackedBatch = {
      v: FORMAT_VERSION,
      line: this.#line,
      time: this.#time,
      id: this.#id.join(SEPARATOR),
      click: this.#click,
      developer: this.#developer.column,
      app: this.#app.column,
      adUnit: this.#adUnit.column,
      currency: this.#currency.column,
      price: this.#price.column,
      campaign: this.#campaign.column,
      userAgent: this.#userAgent.column,
      impression: unlessEmpty(this.#impression),
      device: unlessEmpty(this.#device),
      ip: unlessEmpty(this.#ip),
      refused: this.#refused,
    };
    return await compress(JSON.stringify(packed), { params: { [constants.ZSTD_c_compressionLevel]: 1 } });
  }
}

class DictionaryBuilder {
  readonly column: DictionaryColumn = { values: [], at: [] };
  readonly #places = new Map<string, number>();

  add(value: string | null): void {
    if (value === null) {
      this.column.at.push(-1);
      return;
    }
    let place = this.#places.get(value);
    if (place === undefined) {
      place = this.column.values.push(value) - 1;
      this.#places.set(value, place);
    }
    this.column.at.push(place);
  }
}

function unlessEmpty(column: readonly string[]): TextColumn | null {
  return column.some(value => value !== NONE) ? column.join(SEPARATOR) : null;
}

/** @throws Error when the payload is not one that a `BatchBuilder` packed */
export async function unpackBatch(payload: Buffer): Promise<BatchContent> {
  const text = (await decompress(payload, { maxOutputLength: MAX_UNPACKED_BYTES })).toString('utf8');
  const packed = JSON.parse(text) as PackedBatch;
  if (packed.v !== FORMAT_VERSION) throw new Error(`a batch of format ${packed.v} can't be read by this program`);
  const ids = packed.id.split(SEPARATOR);
  const impressions = packed.impression?.split(SEPARATOR);
  const devices = packed.device?.split(SEPARATOR);
  const ips = packed.ip?.split(SEPARATOR);
  const events: BatchEvent[] = [];
  let lineNo = 0;
  let occurredAtMs = 0;
  for (let index = 0; index < packed.line.length; index += 1) {
    lineNo += packed.line[index] as number;
    occurredAtMs += packed.time[index] as number;
    events.push({
      lineNo,
      developerId: required(packed.developer, index),
      event: {
        id: ids[index] as string,
        type: packed.click[index] === 1 ? 'click' : 'impression',
        occurredAtMs,
        appId: required(packed.app, index),
        adUnitId: required(packed.adUnit, index),
        currency: required(packed.currency, index),
        price: optional(packed.price, index),
        campaignId: optional(packed.campaign, index),
        impressionId: textOf(impressions?.[index]),
        deviceId: textOf(devices?.[index]),
        userAgent: optional(packed.userAgent, index),
        ip: textOf(ips?.[index]),
      },
    });
  }
  const refused = packed.refused.map(([line, ownerId, reason, field, detail, bytes]) => ({
    lineNo: line,
    ownerId,
    reason,
    field,
    detail,
    bytes: Buffer.from(bytes, 'base64'),
  }));
  return { events, refused };
}

function textOf(value: string | undefined): string | null {
  return value === undefined || value === NONE ? null : value;
}

function required(column: DictionaryColumn, index: number): string {
  return column.values[column.at[index] as number] as string;
}

function optional(column: DictionaryColumn, index: number): string | null {
  const place = column.at[index] as number;
  return place < 0 ? null : (column.values[place] as string);
}
