import { randomUUIDv7 } from 'node:crypto';
import type { Database } from '../db/database.ts';
import { type AdEvent, isBadForm, tooLong } from '../domain/ad-event.ts';
import type { BusinessCalendar } from '../domain/business-day.ts';
import { isRefusal, Refusal } from '../domain/errors.ts';
import { UNASSIGNED } from '../domain/ids.ts';
import { uuidSequence } from '../domain/uuid-sequence.ts';
import { beginAcceptance } from './accepted-by.ts';
import type { RefusedLine } from './batch-columns.ts';
import { type BatchKey, insertBatches, type NewBatch } from './inbox.ts';
import { acceptanceWindow } from './judge-line.ts';
import { LINE_FORMATS, type LineFormat } from './line-formats.ts';
import { type LineBlock, NEWLINE, readBlocks, readLine, type UnreadableLine } from './line-reader.ts';
import { LineScanner } from './line-scanner.ts';
import { type ClosedBatch, OpenPart } from './open-part.ts';

export interface AcceptDeps {
  readonly db: Database;
  /** Puts a job for each batch into the queue; what it can't put there the sweep will. */
  readonly enqueue: (batches: BatchKey[]) => Promise<void>;
  readonly calendar: BusinessCalendar;
  readonly bucketCount: number;
  readonly now: () => Date;
}

export interface AcceptOptions {
  readonly path: string;
  readonly format: LineFormat;
  /** "Now" for the acceptance window. */
  readonly clock: Date;
  /** The most lines that one batch holds. */
  readonly batchEvents: number;
  readonly onProgress?: (progress: { bytesRead: number; lines: number }) => void;
}

export interface AcceptedFile {
  readonly ingestId: string;
  readonly source: string;
  /** Lines that are not blank. */
  readonly received: number;
  readonly batches: number;
  /** Set when the file broke off: the lines before are accepted. */
  readonly damage: Refusal | null;
  /** Set when the queue could not be told: the batches are safe and wait for the sweep. */
  readonly queueProblem: Refusal | null;
}

/**
 * Accepts a file of events: each line is checked, given to the bucket of its app's developer, and committed to the inbox before
 * the queue hears of it. Each bucket's lines are handed over in the order of the file.
 * @throws Refusal `bad_file` when the file can't be opened or holds nothing, `database_unavailable` when it can't be kept
 */
export async function acceptFile(deps: AcceptDeps, options: AcceptOptions): Promise<AcceptedFile> {
  const acceptance = new FileAcceptance(deps, options);
  let damage: Refusal | null = null;
  try {
    for await (const block of readBlocks(options.path)) await acceptance.add(block);
  } catch (error) {
    if (!isRefusal(error) || error.code !== 'bad_file' || acceptance.received === 0) throw error;
    damage = error;
  }
  if (acceptance.received === 0) {
    throw new Refusal({
      code: 'bad_file',
      message: `${options.path}: holds no line`,
      remedy: 'give a file with one event a line',
      details: { file: options.path },
    });
  }
  return { ...(await acceptance.finish()), damage };
}

/** A line that is no row, and the row that it stands before. */
interface LineBetween {
  readonly beforeRow: number;
  readonly line: RefusedLine;
}

class FileAcceptance {
  received = 0;
  readonly #deps: AcceptDeps;
  readonly #options: AcceptOptions;
  readonly #ingestId = randomUUIDv7();
  readonly #nextBatchId = uuidSequence(randomUUIDv7);
  readonly #part: OpenPart;
  readonly #scanner: LineScanner | null;
  /** Where the line of each row of the block begins and ends. */
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];
  #batches = 0;
  #flushing: Promise<void> = Promise.resolve();
  #queueProblem: Refusal | null = null;

  constructor(deps: AcceptDeps, options: AcceptOptions) {
    this.#deps = deps;
    this.#options = options;
    const window = acceptanceWindow(deps.calendar, options.clock);
    this.#part = new OpenPart({ bucketCount: deps.bucketCount, batchEvents: options.batchEvents, window });
    this.#scanner = options.format === 'ndjson' ? new LineScanner(this.#part.block) : null;
  }

  async add(block: LineBlock): Promise<void> {
    const refused = this.#read(block);
    await this.#judge(block, refused);
    if (this.#part.mustClose) await this.#flushAll();
    else if (this.#part.isTurn) await this.#flushTurn();
    this.#part.clearBlock();
    this.#options.onProgress?.({ bytesRead: block.bytesRead, lines: this.received });
  }

  /** Judges the rows of a block and the lines that are none, in the order of the file. */
  async #judge({ bytes }: LineBlock, refused: readonly LineBetween[]): Promise<void> {
    const { count } = this.#part.block;
    await this.#part.resolveIds(this.#deps.db);
    let next = 0;
    for (let row = 0; row <= count; row += 1) {
      for (let each = refused[next]; each?.beforeRow === row; each = refused[++next]) {
        this.#part.refuse(each.line);
        if (this.#part.fullBucket !== null) await this.#flushBatch(this.#part.fullBucket);
      }
      if (row === count) break;
      this.#part.judge(row, () => this.#readAgain(row, bytes));
      if (this.#part.fullBucket !== null) await this.#flushBatch(this.#part.fullBucket);
    }
  }

  async finish(): Promise<Omit<AcceptedFile, 'damage'>> {
    await this.#flushAll();
    await this.#flushing;
    return {
      ingestId: this.#ingestId,
      source: this.#options.path,
      received: this.received,
      batches: this.#batches,
      queueProblem: this.#queueProblem,
    };
  }

  /** Puts the events of a block into rows; tells its other lines, but blank ones. */
  #read({ firstLineNo, bytes, longLine }: LineBlock): LineBetween[] {
    const refused: LineBetween[] = [];
    const { block } = this.#part;
    if (longLine !== null) refused.push({ beforeRow: 0, line: refusedUnreadable(longLine) });
    let lineNo = firstLineNo;
    for (let start = 0; start < bytes.length; lineNo += 1) {
      const row = block.count;
      const scanned = this.#scanner?.scan(bytes, start, lineNo) ?? -1;
      const end = scanned >= 0 ? scanned : bytes.indexOf(NEWLINE, start);
      const line = scanned >= 0 ? null : this.#parse(bytes.subarray(start, end), lineNo);
      if (line !== null) refused.push({ beforeRow: row, line });
      this.#starts[row] = start;
      this.#ends[row] = end;
      start = end + 1;
    }
    this.received += block.count + refused.length;
    return refused;
  }

  /** Puts a line of whatever form into a row, or tells why it can't be; a blank one is neither. */
  #parse(bytes: Buffer, lineNo: number): RefusedLine | null {
    const line = readLine(bytes, lineNo);
    if ('problem' in line) return refusedUnreadable(line);
    if (line.text.trim() === '') return null;
    const result = LINE_FORMATS[this.#options.format](line.text);
    if (isBadForm(result)) return { lineNo, ownerId: UNASSIGNED, ...result, bytes: Buffer.from(line.text) };
    this.#part.block.addEvent(lineNo, result);
    return null;
  }

  #readAgain(row: number, block: Buffer): { event: AdEvent; lineNo: number; bytes: Buffer } {
    const lineNo = this.#part.block.lineNo[row] as number;
    const line = readLine(block.subarray(this.#starts[row], this.#ends[row]), lineNo);
    const event = 'problem' in line ? null : LINE_FORMATS[this.#options.format](line.text);
    if ('problem' in line || event === null || isBadForm(event))
      throw new Error(`line ${lineNo} reads differently now`);
    return { event, lineNo, bytes: Buffer.from(line.text) };
  }

  /** Hands what was judged to the inbox while the next lines are read; one flush at a time keeps each bucket's lines in their order. */
  async #flushTurn(): Promise<void> {
    await this.#flushing;
    this.#startHandingIn(this.#part.closeTurn());
  }

  async #flushAll(): Promise<void> {
    while (this.#part.lineCount > 0) await this.#flushTurn();
  }

  /** A batch that is full does not wait for its bucket's turn. */
  async #flushBatch(bucket: number): Promise<void> {
    await this.#flushing;
    this.#startHandingIn([this.#part.closeBatch(bucket)]);
  }

  #startHandingIn(closed: readonly ClosedBatch[]): void {
    this.#flushing = this.#handIn(closed);
    // A failure is reported by whoever awaits the flush next; until then it must not count as unhandled.
    this.#flushing.catch(() => {});
  }

  async #handIn(closed: readonly ClosedBatch[]): Promise<void> {
    const batches = await this.#deps.db.transaction(async tx => {
      await beginAcceptance(tx);
      const named = closed.map(batch => this.#named(batch));
      await insertBatches(tx, named);
      return named;
    });
    this.#batches += batches.length;
    try {
      await this.#deps.enqueue(batches.map(({ bucket, batchId }) => ({ bucket, batchId })));
    } catch (error) {
      if (!isRefusal(error) || error.code !== 'queue_unavailable') throw error;
      this.#queueProblem = error;
    }
  }

  #named(batch: ClosedBatch): NewBatch {
    return {
      ...batch,
      batchId: this.#nextBatchId(),
      ingestId: this.#ingestId,
      source: this.#options.path,
      format: this.#options.format,
      clock: this.#options.clock,
      acceptedAt: this.#deps.now(),
    };
  }
}

function refusedUnreadable({ lineNo, problem, bytes, byteLength }: UnreadableLine): RefusedLine {
  if (problem === 'too_long') {
    const { reason, field, detail } = tooLong();
    return { lineNo, ownerId: UNASSIGNED, reason, field, detail: `${detail} (it has ${byteLength} bytes)`, bytes };
  }
  const detail = 'the line is not UTF-8; send JSON in UTF-8, one object a line';
  return { lineNo, ownerId: UNASSIGNED, reason: 'bad_json', field: null, detail, bytes };
}
