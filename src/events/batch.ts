import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import type { BusinessDay } from '../domain/business-day.ts';
import type { BatchColumns, BatchEvent, RefusedLine } from './batch-columns.ts';
import { readColumns, writeColumns } from './batch-format.ts';
import { readFirstFormat } from './batch-format-1.ts';
import { EventColumns } from './event-columns.ts';

/** A payload begins with the format's number and the length of what is compressed behind it; one of format 1 with zstd itself. */
const FORMAT = 3;
const SECOND_FORMAT = 2;
const FIRST_FORMAT_BYTE = 0x28;
const HEADER_BYTES = 5;
const MAX_UNPACKED_BYTES = 1 << 30;

export interface BatchContent {
  readonly columns: BatchColumns;
  readonly refused: readonly RefusedLine[];
}

export interface DayRange {
  readonly first: BusinessDay;
  readonly last: BusinessDay;
}

/** A batch in the making, from single events. */
export class BatchBuilder {
  readonly #events = new EventColumns();
  readonly #refused: RefusedLine[] = [];
  #days: DayRange | null = null;

  get lineCount(): number {
    return this.#events.count + this.#refused.length;
  }

  /** Business days of the events; null without events. */
  get days(): DayRange | null {
    return this.#days;
  }

  add({ lineNo, developerId, event }: BatchEvent, businessDay: BusinessDay): void {
    const row = this.#events.addEvent(lineNo, event);
    this.#events.dictionaries.nameDeveloper(this.#events.app[row] as number, developerId);
    this.#days = withDay(this.#days, businessDay);
  }

  refuse(line: RefusedLine): void {
    this.#refused.push(line);
  }

  pack(): Buffer {
    return packBatch(this.#events, this.#refused);
  }
}

export function withDay(days: DayRange | null, day: BusinessDay): DayRange {
  if (days === null) return { first: day, last: day };
  if (day < days.first) return { first: day, last: days.last };
  return day > days.last ? { first: days.first, last: day } : days;
}

/** The batch of these events as it is stored. At once, for another thread would need a copy and saves no processor time. */
export function packBatch(events: EventColumns, refused: readonly RefusedLine[]): Buffer {
  const written = writeColumns(events, writeRefused(refused));
  const compressed = zstdCompressSync(written, {
    chunkSize: Math.max(written.length >> 1, 1024),
    params: { [constants.ZSTD_c_compressionLevel]: 1 },
  });
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt8(FORMAT);
  header.writeUInt32LE(written.length, 1);
  return Buffer.concat([header, compressed]);
}

/** @throws Error when the payload is not that of a batch */
export function unpackBatch(payload: Buffer): BatchContent {
  if (payload[0] === FIRST_FORMAT_BYTE) return unpackFirstFormat(payload);
  const length = payload.length < HEADER_BYTES ? 0 : payload.readUInt32LE(1);
  const secondFormat = payload[0] === SECOND_FORMAT;
  if ((payload[0] !== FORMAT && !secondFormat) || length > MAX_UNPACKED_BYTES) {
    throw new Error(`a batch of format ${payload[0]} can't be read by this program`);
  }
  const written = zstdDecompressSync(payload.subarray(HEADER_BYTES), {
    // One more than there is, or another chunk would be made ready for what never comes.
    chunkSize: Math.max(length + 1, 64),
    maxOutputLength: Math.max(length, 1),
  });
  if (written.length !== length) throw new Error(`a batch holds ${written.length} bytes instead of ${length}`);
  const { columns, refused } = readColumns(written, { secondFormat });
  return { columns, refused: readRefused(refused) };
}

function unpackFirstFormat(payload: Buffer): BatchContent {
  const { events, refused } = readFirstFormat(zstdDecompressSync(payload, { maxOutputLength: MAX_UNPACKED_BYTES }));
  const columns = new EventColumns();
  for (const { lineNo, developerId, event } of events) {
    const row = columns.addEvent(lineNo, event);
    columns.dictionaries.nameDeveloper(columns.app[row] as number, developerId);
  }
  return { columns: readColumns(writeColumns(columns, Buffer.alloc(0))).columns, refused };
}

type WrittenRefusal = [
  lineNo: number,
  ownerId: string,
  reason: string,
  field: string | null,
  detail: string,
  base64: string,
];

function writeRefused(refused: readonly RefusedLine[]): Buffer {
  if (refused.length === 0) return Buffer.alloc(0);
  const written = refused.map(
    ({ lineNo, ownerId, reason, field, detail, bytes }): WrittenRefusal => [
      lineNo,
      ownerId,
      reason,
      field,
      detail,
      bytes.toString('base64'),
    ],
  );
  return Buffer.from(JSON.stringify(written));
}

function readRefused(written: Buffer): RefusedLine[] {
  if (written.length === 0) return [];
  return (JSON.parse(written.toString()) as WrittenRefusal[]).map(
    ([lineNo, ownerId, reason, field, detail, base64]) => ({
      lineNo,
      ownerId,
      reason,
      field,
      detail,
      bytes: Buffer.from(base64, 'base64'),
    }),
  );
}
