import type { BatchEvent, RefusedLine } from './batch-columns.ts';

/** What a payload of the first format holds, as JSON: columns of few distinct values with their places, and joined texts. */
interface PackedBatch {
  readonly v: number;
  readonly line: readonly number[];
  readonly time: readonly number[];
  readonly id: string;
  readonly click: readonly number[];
  readonly developer: DictionaryColumn;
  readonly app: DictionaryColumn;
  readonly adUnit: DictionaryColumn;
  readonly currency: DictionaryColumn;
  readonly price: DictionaryColumn;
  readonly campaign: DictionaryColumn;
  readonly userAgent: DictionaryColumn;
  readonly impression: string | null;
  readonly device: string | null;
  readonly ip: string | null;
  readonly refused: readonly (readonly [number, string, string, string | null, string, string])[];
}

interface DictionaryColumn {
  readonly values: readonly string[];
  readonly at: readonly number[];
}

const SEPARATOR = '\u007f';
const NONE = '\u0080';

/** Batches of the first format stay readable, for they are evidence; none are written any more. @throws Error when it is not one */
export function readFirstFormat(unpacked: Buffer): {
  readonly events: readonly BatchEvent[];
  readonly refused: readonly RefusedLine[];
} {
  const packed = JSON.parse(unpacked.toString()) as PackedBatch;
  if (packed.v !== 1) throw new Error(`a batch of format ${packed.v} can't be read by this program`);
  const ids = packed.id.split(SEPARATOR);
  const impressions = packed.impression?.split(SEPARATOR);
  const devices = packed.device?.split(SEPARATOR);
  const ips = packed.ip?.split(SEPARATOR);
  let lineNo = 0;
  let occurredAtMs = 0;
  const events = packed.line.map((lines, index): BatchEvent => {
    lineNo += lines;
    occurredAtMs += packed.time[index] as number;
    return {
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
    };
  });
  const refused = packed.refused.map(([line, ownerId, reason, field, detail, base64]) => ({
    lineNo: line,
    ownerId,
    reason,
    field,
    detail,
    bytes: Buffer.from(base64, 'base64'),
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
