import { isUtf8 } from 'node:buffer';
import { createReadStream, type ReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { createGunzip, createZstdDecompress, type Gunzip, ZstdDecompress } from 'node:zlib';
import { MAX_LINE_BYTES } from '../domain/ad-event.ts';
import { Refusal } from '../domain/errors.ts';

/** How much of a line that is too long is kept as evidence. */
export const KEPT_BYTES_OF_LONG_LINE = 1024;
export const NEWLINE = 0x0a;
const BYTE_ORDER_MARK = Buffer.from('\uFEFF');
const READ_BYTES = 1 << 20;
/** Of a damaged file, what was unpacked into a whole chunk still counts. */
const UNPACKED_BYTES = 1 << 18;

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
 * Streams the lines of a plain, gzip or zstd file (told by its first bytes), never holding more than a block and one line.
 * @throws Refusal `bad_file` when the file can't be opened, or after the last whole line of one that is truncated or corrupt
 */
export async function* readBlocks(path: string): AsyncGenerator<LineBlock> {
  const { source, unpack } = await openText(path);
  const splitter = new LineSplitter();
  try {
    for await (const chunk of unpack ?? source) yield* splitter.push(chunk as Buffer, source.bytesRead);
  } catch (error) {
    throw badFile(
      path,
      `is damaged or cut short after line ${splitter.linesRead} (${messageOf(error)})`,
      'fetch it again',
    );
  } finally {
    source.destroy();
  }
  yield* splitter.end(source.bytesRead);
  // Node ends at the first bytes that are no zstd, and says nothing; for gzip that is an error, but for a padding of zeros.
  if (unpack instanceof ZstdDecompress && unpack.bytesWritten < source.bytesRead) {
    const problem = `holds something after line ${splitter.linesRead} that is not packed with zstd`;
    throw badFile(path, problem, 'hand it in as a file of its own');
  }
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

async function openText(path: string): Promise<{ source: ReadStream; unpack: Gunzip | ZstdDecompress | null }> {
  const magic = await readMagic(path);
  const source = createReadStream(path, { highWaterMark: READ_BYTES });
  const options = { chunkSize: UNPACKED_BYTES };
  const unpack =
    magic[0] === 0x1f && magic[1] === 0x8b
      ? createGunzip(options)
      : magic.readUInt32LE(0) === 0xfd2f_b528
        ? createZstdDecompress(options)
        : null;
  if (unpack === null) return { source, unpack };
  source.on('error', error => unpack.destroy(error));
  return { source, unpack: source.pipe(unpack) };
}

async function readMagic(path: string): Promise<Buffer> {
  const magic = Buffer.alloc(4);
  try {
    const file = await open(path);
    try {
      await file.read(magic, 0, magic.length, 0);
    } finally {
      await file.close();
    }
  } catch (error) {
    throw badFile(path, `can't be read (${messageOf(error)})`, 'check the path and its permissions');
  }
  return magic;
}

function badFile(path: string, problem: string, remedy: string): Refusal {
  return new Refusal({ code: 'bad_file', message: `${path}: ${problem}`, remedy, details: { file: path } });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Cuts chunks of bytes into blocks of whole lines. */
class LineSplitter {
  linesRead = 0;
  #carry: Buffer[] = [];
  #carryBytes = 0;

  *push(chunk: Buffer, bytesRead: number): Generator<LineBlock> {
    let from = 0;
    const end = chunk.lastIndexOf(NEWLINE) + 1;
    if (end > 0 && this.#carryBytes > 0) {
      from = chunk.indexOf(NEWLINE) + 1;
      if (this.#carryBytes > MAX_LINE_BYTES) {
        this.#carryBytes += from - 1;
        yield this.#longLine(bytesRead);
      } else {
        const bytes = Buffer.concat([...this.#carry, chunk.subarray(0, from)]);
        this.#letGo();
        yield this.#block(bytes, bytesRead);
      }
    }
    if (end > from) yield this.#block(chunk.subarray(from, end), bytesRead);
    this.#keep(chunk.subarray(end));
  }

  *end(bytesRead: number): Generator<LineBlock> {
    if (this.#carryBytes === 0) return;
    if (this.#carryBytes > MAX_LINE_BYTES) {
      yield this.#longLine(bytesRead);
      return;
    }
    yield this.#block(Buffer.concat([...this.#carry, Buffer.of(NEWLINE)]), bytesRead);
  }

  /** Of a line past the limit only the first bytes are kept, however long it goes on. */
  #keep(bytes: Buffer): void {
    if (bytes.length === 0) return;
    if (this.#carryBytes <= MAX_LINE_BYTES) this.#carry.push(Buffer.from(bytes));
    this.#carryBytes += bytes.length;
  }

  #letGo(): void {
    this.#carry = [];
    this.#carryBytes = 0;
  }

  #longLine(bytesRead: number): LineBlock {
    this.linesRead += 1;
    const lineNo = this.linesRead;
    const bytes = Buffer.from(Buffer.concat(this.#carry).subarray(0, KEPT_BYTES_OF_LONG_LINE));
    const longLine = { lineNo, problem: 'too_long', bytes, byteLength: this.#carryBytes } as const;
    this.#letGo();
    return { firstLineNo: lineNo, bytes: Buffer.alloc(0), longLine, bytesRead };
  }

  #block(bytes: Buffer, bytesRead: number): LineBlock {
    const firstLineNo = this.linesRead + 1;
    for (let at = bytes.indexOf(NEWLINE); at >= 0; at = bytes.indexOf(NEWLINE, at + 1)) this.linesRead += 1;
    return { firstLineNo, bytes, longLine: null, bytesRead };
  }
}
