import { promisify } from 'node:util';
import { constants, zstdCompress, zstdDecompress } from 'node:zlib';
import type { AdEvent } from '../domain/ad-event.ts';

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

interface PackedBatch {
  readonly v: number;
  /** Differences to the line before, and to the instant before in milliseconds: small numbers pack well. */
  readonly line: number[];
  readonly time: number[];
  readonly id: string[];
  readonly click: number[];
  readonly developer: DictionaryColumn;
  readonly app: DictionaryColumn;
  readonly adUnit: DictionaryColumn;
  readonly currency: DictionaryColumn;
  readonly price: DictionaryColumn;
  readonly campaign: DictionaryColumn;
  readonly userAgent: DictionaryColumn;
  readonly impression: (string | null)[] | null;
  readonly device: (string | null)[] | null;
  readonly ip: (string | null)[] | null;
  readonly refused: [number, string, string, string | null, string, string][];
}

/** A batch as it is stored: columns as JSON, compressed with zstd. Parsed once, when it is accepted. */
export async function packBatch({ events, refused }: BatchContent): Promise<Buffer> {
  const packed: PackedBatch = {
    v: FORMAT_VERSION,
    line: differences(events, each => each.lineNo),
    time: differences(events, each => each.event.occurredAtMs),
    id: events.map(each => each.event.id),
    click: events.map(each => (each.event.type === 'click' ? 1 : 0)),
    developer: dictionary(events, each => each.developerId),
    app: dictionary(events, each => each.event.appId),
    adUnit: dictionary(events, each => each.event.adUnitId),
    currency: dictionary(events, each => each.event.currency),
    price: dictionary(events, each => each.event.price),
    campaign: dictionary(events, each => each.event.campaignId),
    userAgent: dictionary(events, each => each.event.userAgent),
    impression: sparse(events, each => each.event.impressionId),
    device: sparse(events, each => each.event.deviceId),
    ip: sparse(events, each => each.event.ip),
    refused: refused.map(line => [
      line.lineNo,
      line.ownerId,
      line.reason,
      line.field,
      line.detail,
      line.bytes.toString('base64'),
    ]),
  };
  return await compress(JSON.stringify(packed), { params: { [constants.ZSTD_c_compressionLevel]: 1 } });
}

/** @throws Error when the payload is not one that `packBatch` made */
export async function unpackBatch(payload: Buffer): Promise<BatchContent> {
  const text = (await decompress(payload, { maxOutputLength: MAX_UNPACKED_BYTES })).toString('utf8');
  const packed = JSON.parse(text) as PackedBatch;
  if (packed.v !== FORMAT_VERSION) throw new Error(`a batch of format ${packed.v} can't be read by this program`);
  const events: BatchEvent[] = [];
  let lineNo = 0;
  let occurredAtMs = 0;
  for (let index = 0; index < packed.id.length; index += 1) {
    lineNo += packed.line[index] as number;
    occurredAtMs += packed.time[index] as number;
    events.push({
      lineNo,
      developerId: required(packed.developer, index),
      event: {
        id: packed.id[index] as string,
        type: packed.click[index] === 1 ? 'click' : 'impression',
        occurredAtMs,
        appId: required(packed.app, index),
        adUnitId: required(packed.adUnit, index),
        currency: required(packed.currency, index),
        price: optional(packed.price, index),
        campaignId: optional(packed.campaign, index),
        impressionId: packed.impression?.[index] ?? null,
        deviceId: packed.device?.[index] ?? null,
        userAgent: optional(packed.userAgent, index),
        ip: packed.ip?.[index] ?? null,
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

function differences(events: readonly BatchEvent[], pick: (event: BatchEvent) => number): number[] {
  let before = 0;
  return events.map(event => {
    const value = pick(event);
    const difference = value - before;
    before = value;
    return difference;
  });
}

function dictionary(events: readonly BatchEvent[], pick: (event: BatchEvent) => string | null): DictionaryColumn {
  const places = new Map<string, number>();
  const at = events.map(event => {
    const value = pick(event);
    if (value === null) return -1;
    const known = places.get(value);
    if (known !== undefined) return known;
    const place = places.size;
    places.set(value, place);
    return place;
  });
  return { values: [...places.keys()], at };
}

function sparse(events: readonly BatchEvent[], pick: (event: BatchEvent) => string | null): (string | null)[] | null {
  return events.some(event => pick(event) !== null) ? events.map(pick) : null;
}

function required(column: DictionaryColumn, index: number): string {
  return column.values[column.at[index] as number] as string;
}

function optional(column: DictionaryColumn, index: number): string | null {
  const place = column.at[index] as number;
  return place < 0 ? null : (column.values[place] as string);
}
