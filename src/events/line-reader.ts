import { isUtf8 } from 'node:buffer';
import { createReadStream, type ReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { createGunzip, createZstdDecompress, type Gunzip, ZstdDecompress } from 'node:zlib';
import { MAX_LINE_BYTES } from '../domain/ad-event.ts';
import { Refusal } from '../domain/errors.ts';

/** How much of a line that is too long is kept as evidence. */
export const KEPT_BYTES_OF_LONG_LINE = 1024;
const NEWLINE = 0x0a;
const BYTE_ORDER_MARK = '\uFEFF';

/** A line that can't be read as text: its bytes are the evidence. */
export interface UnreadableLine {
  readonly lineNo: number;
  readonly problem: 'too_long' | 'not_utf8';
  readonly bytes: Buffer;
  readonly byteLength: number;
}

/** Consecutive lines of a file, numbered from 1; blank lines are in it as empty texts. */
export interface LineBlock {
  readonly firstLineNo: number;
  readonly lines: readonly string[];
  /** Their places in `lines` hold empty texts. */
  readonly unreadable: readonly UnreadableLine[];
  /** Bytes of the file as it lies on disk that were read so far. */
  readonly bytesRead: number;
}

/**
 * Streams the lines of a plain, gzip or zstd file (told by its first bytes), never holding more than a block and one line.
 * @throws Refusal `bad_file` when the file can't be opened, or after the last whole line of one that is truncated or corrupt
 */
export async function* readLines(path: string): AsyncGenerator<LineBlock> {
  const { source, unpack } = await openText(path);
  const splitter = new LineSplitter();
  try {
    for await (const chunk of unpack ?? source) {
      const block = splitter.push(chunk as Buffer, source.bytesRead);
      if (block !== null) yield block;
    }
  } catch (error) {
    throw badFile(
      path,
      `is damaged or cut short after line ${splitter.linesRead} (${messageOf(error)})`,
      'fetch it again',
    );
  } finally {
    source.destroy();
  }
  const rest = splitter.end(source.bytesRead);
  if (rest !== null) yield rest;
  // Node ends at the first bytes that are no zstd, and says nothing; for gzip that is an error, but for a padding of zeros.
  if (unpack instanceof ZstdDecompress && unpack.bytesWritten < source.bytesRead) {
    const problem = `holds something after line ${splitter.linesRead} that is not packed with zstd`;
    throw badFile(path, problem, 'hand it in as a file of its own');
  }
}

async function openText(path: string): Promise<{ source: ReadStream; unpack: Gunzip | ZstdDecompress | null }> {
  const magic = await readMagic(path);
  const source = createReadStream(path, { highWaterMark: 1 << 18 });
  const options = { chunkSize: 1 << 18 };
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

/** Cuts chunks of bytes into lines. */
class LineSplitter {
  linesRead = 0;
  #carry: Buffer[] = [];
  #carryBytes = 0;

  push(chunk: Buffer, bytesRead: number): LineBlock | null {
    const end = chunk.lastIndexOf(NEWLINE);
    if (end < 0) {
      this.#keep(chunk);
      return null;
    }
    const skipped = this.#carryBytes > MAX_LINE_BYTES ? this.#cutLongLine(chunk) : null;
    if (skipped !== null) {
      const rest = this.push(chunk.subarray(skipped.next), bytesRead);
      return rest === null ? { ...skipped.block, bytesRead } : joinBlocks(skipped.block, rest);
    }
    const bytes = Buffer.concat([...this.#carry, chunk.subarray(0, end)]);
    this.#carry = [];
    this.#carryBytes = 0;
    this.#keep(chunk.subarray(end + 1));
    return this.#block(bytes, bytesRead);
  }

  end(bytesRead: number): LineBlock | null {
    if (this.#carryBytes === 0) return null;
    if (this.#carryBytes > MAX_LINE_BYTES) return { ...this.#longLine(), bytesRead };
    const bytes = Buffer.concat(this.#carry);
    this.#carry = [];
    this.#carryBytes = 0;
    return this.#block(bytes, bytesRead);
  }

  /** Of a line past the limit only the first bytes are kept, however long it goes on. */
  #keep(bytes: Buffer): void {
    if (bytes.length === 0) return;
    if (this.#carryBytes <= MAX_LINE_BYTES) this.#carry.push(Buffer.from(bytes));
    this.#carryBytes += bytes.length;
  }

  #cutLongLine(chunk: Buffer): { block: LineBlock; next: number } {
    const end = chunk.indexOf(NEWLINE);
    this.#carryBytes += end;
    return { block: this.#longLine(), next: end + 1 };
  }

  #longLine(): LineBlock {
    const kept = Buffer.concat(this.#carry).subarray(0, KEPT_BYTES_OF_LONG_LINE);
    const line = {
      lineNo: this.linesRead + 1,
      problem: 'too_long',
      bytes: Buffer.from(kept),
      byteLength: this.#carryBytes,
    } as const;
    this.#carry = [];
    this.#carryBytes = 0;
    this.linesRead += 1;
    return { firstLineNo: this.linesRead, lines: [''], unreadable: [line], bytesRead: 0 };
  }

  #block(bytes: Buffer, bytesRead: number): LineBlock {
    const firstLineNo = this.linesRead + 1;
    const lines = bytes.toString('utf8').split('\n');
    if (firstLineNo === 1 && lines[0]?.startsWith(BYTE_ORDER_MARK)) lines[0] = lines[0].slice(1);
    this.linesRead += lines.length;
    const unreadable: UnreadableLine[] = [];
    const wholeIsText = isUtf8(bytes);
    let start = 0;
    for (let index = 0; index < lines.length; index += 1) {
      const line = lines[index] as string;
      // Where a block holds broken bytes the texts have other lengths than the bytes, so lines are found in the bytes again.
      const end = wholeIsText ? -1 : endOfLine(bytes, start);
      const problem = wholeIsText ? lengthProblem(line) : byteProblem(bytes.subarray(start, end));
      if (problem !== null) {
        const raw = wholeIsText ? Buffer.from(line) : bytes.subarray(start, end);
        const kept = problem === 'too_long' ? raw.subarray(0, KEPT_BYTES_OF_LONG_LINE) : raw;
        unreadable.push({ lineNo: firstLineNo + index, problem, bytes: Buffer.from(kept), byteLength: raw.length });
        lines[index] = '';
      } else if (line.endsWith('\r')) {
        lines[index] = line.slice(0, -1);
      }
      start = end + 1;
    }
    return { firstLineNo, lines, unreadable, bytesRead };
  }
}

function endOfLine(bytes: Buffer, start: number): number {
  const end = bytes.indexOf(NEWLINE, start);
  return end < 0 ? bytes.length : end;
}

function lengthProblem(line: string): 'too_long' | null {
  return line.length * 3 > MAX_LINE_BYTES && Buffer.byteLength(line) > MAX_LINE_BYTES ? 'too_long' : null;
}

function byteProblem(bytes: Buffer): 'too_long' | 'not_utf8' | null {
  if (bytes.length > MAX_LINE_BYTES) return 'too_long';
  return isUtf8(bytes) ? null : 'not_utf8';
}

function joinBlocks(first: LineBlock, second: LineBlock): LineBlock {
  return {
    firstLineNo: first.firstLineNo,
    lines: [...first.lines, ...second.lines],
    unreadable: [...first.unreadable, ...second.unreadable],
    bytesRead: second.bytesRead,
  };
}
