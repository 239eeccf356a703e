import { isUtf8 } from 'node:buffer';
import { MAX_LINE_BYTES } from '../domain/ad-event.ts';
import { Refusal } from '../domain/errors.ts';
import { openText, type TextSource } from './text-source.ts';

/** How much of a line that is too long is kept as evidence. */
export const KEPT_BYTES_OF_LONG_LINE = 1024;
export const NEWLINE = 0x0a;
const BYTE_ORDER_MARK = Buffer.from('\uFEFF');
/** So much is judged together, that the catalog is asked about many ids at once. */
const ROOM_BYTES = 1 << 22;

/** A line that can't be read as text: its bytes are the evidence. */
export interface UnreadableLine {
  readonly lineNo: number;
  readonly problem: 'too_long' | 'not_utf8';
  readonly bytes: Buffer;
  readonly byteLength: number;
}

/** Consecutive whole lines of a file, or a single one that is too long to be kept. */
export interface LineBlock {
  /** Counted from 1. */
  readonly firstLineNo: number;
  /** Each line, the last one too, with `\n` behind it. */
  readonly bytes: Buffer;
  /** The line of this block, whose `bytes` are empty then. */
  readonly longLine: UnreadableLine | null;
  /** Bytes of the file as it lies on disk that were read so far. */
  readonly bytesRead: number;
}

/** A line as text, without its end and without the byte order mark of the first one. */
export interface ReadLine {
  readonly lineNo: number;
  readonly text: string;
}

/**
 * Streams the lines of a plain, gzip or zstd file. The bytes of a block hold until the next one is asked for: two rooms take turns,
 * so that one is filled while the other's lines are looked at, and nothing is left to be collected.
 * @throws Refusal `bad_file` when the file can't be opened, or after the last whole line of one that is truncated or corrupt
 */
export async function* readBlocks(path: string, { roomBytes = ROOM_BYTES } = {}): AsyncGenerator<LineBlock> {
  const text = await openFile(path);
  let [room, other] = [Buffer.allocUnsafeSlow(roomBytes), Buffer.allocUnsafeSlow(roomBytes)];
  let filling = fill(text, room, 0);
  let linesRead = 0;
  let problem: [what: string, remedy: string] | null = null;
  try {
    for (let isEnd = false; !isEnd; ) {
      const filled = await filling;
      const { bytesRead } = text;
      const bytes = wholeLines(room, filled);
      const firstLineNo = linesRead + 1;
      if (bytes.length === 0 && !filled.isEnd) {
        const { longLine, rest } = await readLongLine(text, room, firstLineNo);
        filling = rest;
        if (longLine === null) continue;
        linesRead += 1;
        yield { firstLineNo, bytes, longLine, bytesRead: text.bytesRead };
        continue;
      }
      isEnd = filled.isEnd;
      if (!isEnd) {
        room.copy(other, 0, bytes.length, filled.length);
        filling = fill(text, other, filled.length - bytes.length);
        [room, other] = [other, room];
      }
      if (bytes.length === 0) continue;
      linesRead += linesIn(bytes);
      yield { firstLineNo, bytes, longLine: null, bytesRead };
    }
    const { failure } = await filling;
    if (failure !== null) {
      problem = [`is damaged or cut short after line ${linesRead} (${messageOf(failure)})`, 'fetch it again'];
    } else if (text.goesOn) {
      problem = [
        `holds something after line ${linesRead} that is not packed with zstd`,
        'hand it in as a file of its own',
      ];
    }
  } finally {
    await filling;
    await text.close();
  }
  if (problem !== null) throw badFile(path, ...problem);
}

/** The lines of a block one by one, blank ones among them. */
export function* linesOf({ firstLineNo, bytes, longLine }: LineBlock): Generator<ReadLine | UnreadableLine> {
  if (longLine !== null) yield longLine;
  let lineNo = firstLineNo;
  for (let start = 0; start < bytes.length; lineNo += 1) {
    const end = bytes.indexOf(NEWLINE, start);
    yield readLine(bytes.subarray(start, end), lineNo);
    start = end + 1;
  }
}

/** `line` comes without its `\n`; a `\r` at its end belongs to the end. */
export function readLine(line: Buffer, lineNo: number): ReadLine | UnreadableLine {
  const bytes = lineNo === 1 && line.indexOf(BYTE_ORDER_MARK) === 0 ? line.subarray(BYTE_ORDER_MARK.length) : line;
  const byteLength = bytes.length;
  if (byteLength > MAX_LINE_BYTES) {
    return { lineNo, problem: 'too_long', bytes: Buffer.from(bytes.subarray(0, KEPT_BYTES_OF_LONG_LINE)), byteLength };
  }
  if (!isUtf8(bytes)) return { lineNo, problem: 'not_utf8', bytes: Buffer.from(bytes), byteLength };
  const text = bytes.toString();
  return { lineNo, text: text.endsWith('\r') ? text.slice(0, -1) : text };
}

async function openFile(path: string): Promise<TextSource> {
  try {
    return await openText(path);
  } catch (error) {
    throw badFile(path, `can't be read (${messageOf(error)})`, 'check the path and its permissions');
  }
}

interface Filled {
  readonly length: number;
  readonly isEnd: boolean;
  /** What made the file end here; null for its own end. */
  readonly failure: unknown;
}

/** Fills the room from `from` on. Never rejects, for it is waited for only when what was read before has been looked at. */
async function fill(text: TextSource, room: Buffer, from: number): Promise<Filled> {
  // So that a last line without an end gets one.
  const most = room.subarray(0, room.length - 1);
  let length = from;
  try {
    while (length < most.length) {
      const count = await text.read(most, length);
      if (count === 0) return { length, isEnd: true, failure: null };
      length += count;
    }
    return { length, isEnd: false, failure: null };
  } catch (failure) {
    return { length, isEnd: true, failure };
  }
}

/** Of a file that broke off, what stands behind the last whole line does not count. */
function wholeLines(room: Buffer, { length, isEnd, failure }: Filled): Buffer {
  const end = room.subarray(0, length).lastIndexOf(NEWLINE) + 1;
  if (end === length || !isEnd || failure !== null) return room.subarray(0, end);
  room[length] = NEWLINE;
  return room.subarray(0, length + 1);
}

/** Goes on to the end of a line that is longer than the full room; `rest` fills it with what follows. */
async function readLongLine(
  text: TextSource,
  room: Buffer,
  lineNo: number,
): Promise<{ readonly longLine: UnreadableLine | null; readonly rest: Promise<Filled> }> {
  let byteLength = room.length - 1;
  const bytes = Buffer.from(room.subarray(0, Math.min(KEPT_BYTES_OF_LONG_LINE, byteLength)));
  for (;;) {
    const filled = await fill(text, room, 0);
    const end = room.subarray(0, filled.length).indexOf(NEWLINE);
    byteLength += end < 0 ? filled.length : end;
    if (end < 0 && !filled.isEnd) continue;
    const from = end < 0 ? filled.length : end + 1;
    room.copyWithin(0, from, filled.length);
    const length = filled.length - from;
    const isWhole = end >= 0 || filled.failure === null;
    return {
      longLine: isWhole ? { lineNo, problem: 'too_long', bytes, byteLength } : null,
      rest: filled.isEnd ? Promise.resolve({ ...filled, length }) : fill(text, room, length),
    };
  }
}

function linesIn(bytes: Buffer): number {
  let lines = 0;
  for (let at = bytes.indexOf(NEWLINE); at >= 0; at = bytes.indexOf(NEWLINE, at + 1)) lines += 1;
  return lines;
}

function badFile(path: string, problem: string, remedy: string): Refusal {
  return new Refusal({ code: 'bad_file', message: `${path}: ${problem}`, remedy, details: { file: path } });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
