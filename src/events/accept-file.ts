import { randomUUIDv7 } from 'node:crypto';
import { CatalogLookup } from '../catalog/lookup.ts';
import type { Database } from '../db/database.ts';
import { type AdEvent, type BadForm, isBadForm, tooLong } from '../domain/ad-event.ts';
import { bucketOf } from '../domain/bucket.ts';
import type { BusinessCalendar } from '../domain/business-day.ts';
import { isRefusal, Refusal } from '../domain/errors.ts';
import { UNASSIGNED } from '../domain/ids.ts';
import { uuidSequence } from '../domain/uuid-sequence.ts';
import { BatchBuilder, type RefusedLine } from './batch.ts';
import { type BatchKey, insertBatch, type NewBatch } from './inbox.ts';
import { type AcceptanceWindow, acceptanceWindow, judgeEvent } from './judge-line.ts';
import { type LineBlock, readLines, type UnreadableLine } from './line-reader.ts';

/** Lines held in memory before they are committed to the inbox. */
const FLUSH_LINES = 262_144;
const REMEMBERED_IDS = 200_000;

export type LineParser = (line: string) => AdEvent | BadForm;

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
  readonly parse: LineParser;
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
 * the queue hears of it. Parts are handed over in the order of the file.
 * @throws Refusal `bad_file` when the file can't be opened or holds nothing, `database_unavailable` when it can't be kept
 */
export async function acceptFile(deps: AcceptDeps, options: AcceptOptions): Promise<AcceptedFile> {
  const acceptance = new FileAcceptance(deps, options);
  let damage: Refusal | null = null;
  try {
    for await (const block of readLines(options.path)) await acceptance.add(block);
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

class FileAcceptance {
  received = 0;
  readonly #deps: AcceptDeps;
  readonly #options: AcceptOptions;
  readonly #window: AcceptanceWindow;
  readonly #ingestId = randomUUIDv7();
  readonly #nextBatchId = uuidSequence(randomUUIDv7);
  readonly #lookup = new CatalogLookup({ limit: REMEMBERED_IDS });
  readonly #buckets = new Map<string, number>();
  #open = new Map<number, BatchBuilder>();
  #openLines = 0;
  #batches = 0;
  #flushing: Promise<void> = Promise.resolve();
  #queueProblem: Refusal | null = null;

  constructor(deps: AcceptDeps, options: AcceptOptions) {
    this.#deps = deps;
    this.#options = options;
    this.#window = acceptanceWindow(deps.calendar, options.clock);
  }

  async add(block: LineBlock): Promise<void> {
    const results = block.lines.map(line => (line.trim() === '' ? null : this.#options.parse(line)));
    await this.#resolveIds(results);
    for (let index = 0; index < results.length; index += 1) {
      const result = results[index] ?? null;
      if (result === null) continue;
      const batch = this.#take(result, { lineNo: block.firstLineNo + index, line: block.lines[index] as string });
      if (this.#countLine(batch) >= this.#options.batchEvents) await this.#flush();
    }
    for (const line of block.unreadable) {
      if (this.#countLine(this.#refuse(refusedUnreadable(line))) >= this.#options.batchEvents) await this.#flush();
    }
    if (this.#openLines >= FLUSH_LINES) await this.#flush();
    this.#options.onProgress?.({ bytesRead: block.bytesRead, lines: this.received });
  }

  async finish(): Promise<Omit<AcceptedFile, 'damage'>> {
    await this.#flush();
    await this.#flushing;
    return {
      ingestId: this.#ingestId,
      source: this.#options.path,
      received: this.received,
      batches: this.#batches,
      queueProblem: this.#queueProblem,
    };
  }

  /** Asks the catalog about the ids of a block at once. */
  async #resolveIds(results: readonly (AdEvent | BadForm | null)[]): Promise<void> {
    const appIds = new Set<string>();
    const adUnitIds = new Set<string>();
    for (const result of results) {
      if (result === null || isBadForm(result)) continue;
      appIds.add(result.appId);
      adUnitIds.add(result.adUnitId);
    }
    await this.#lookup.resolve(this.#deps.db, { appIds, adUnitIds });
  }

  /** Puts the line into the open batch of its bucket, which it returns. */
  #take(result: AdEvent | BadForm, { lineNo, line }: { readonly lineNo: number; readonly line: string }): BatchBuilder {
    if (isBadForm(result)) {
      return this.#refuse({ lineNo, ownerId: UNASSIGNED, ...result, bytes: Buffer.from(line) });
    }
    const judgement = judgeEvent(result, { window: this.#window, lookup: this.#lookup });
    if (judgement.refusal !== null) {
      return this.#refuse({ lineNo, ownerId: judgement.ownerId, ...judgement.refusal, bytes: Buffer.from(line) });
    }
    const { developerId, businessDay } = judgement;
    const batch = this.#batchOf(developerId);
    batch.add({ lineNo, developerId, event: result }, businessDay);
    return batch;
  }

  #refuse(line: RefusedLine): BatchBuilder {
    const batch = this.#batchOf(line.ownerId);
    batch.refuse(line);
    return batch;
  }

  /** Returns how many lines its batch holds now. */
  #countLine(batch: BatchBuilder): number {
    this.received += 1;
    this.#openLines += 1;
    return batch.lineCount;
  }

  #batchOf(ownerId: string): BatchBuilder {
    let bucket = this.#buckets.get(ownerId);
    if (bucket === undefined) {
      if (this.#buckets.size >= REMEMBERED_IDS) this.#buckets.clear();
      bucket = bucketOf(ownerId, this.#deps.bucketCount);
      this.#buckets.set(ownerId, bucket);
    }
    let batch = this.#open.get(bucket);
    if (batch === undefined) {
      batch = new BatchBuilder();
      this.#open.set(bucket, batch);
    }
    return batch;
  }

  /** Hands the open batches to the inbox while the next lines are read; one flush at a time keeps the order of the file. */
  async #flush(): Promise<void> {
    await this.#flushing;
    if (this.#openLines === 0) return;
    const open = this.#open;
    this.#open = new Map();
    this.#openLines = 0;
    this.#flushing = this.#handIn(open);
    // A failure is reported by whoever awaits the flush next; until then it must not count as unhandled.
    this.#flushing.catch(() => {});
  }

  async #handIn(open: ReadonlyMap<number, BatchBuilder>): Promise<void> {
    const buckets = [...open.keys()].sort((a, b) => a - b);
    const batches = await Promise.all(buckets.map(bucket => this.#pack(bucket, open.get(bucket) as BatchBuilder)));
    await this.#deps.db.transaction(async tx => {
      for (const batch of batches) await insertBatch(tx, batch);
    });
    this.#batches += batches.length;
    try {
      await this.#deps.enqueue(batches.map(({ bucket, batchId }) => ({ bucket, batchId })));
    } catch (error) {
      if (!isRefusal(error) || error.code !== 'queue_unavailable') throw error;
      this.#queueProblem = error;
    }
  }

  async #pack(bucket: number, batch: BatchBuilder): Promise<NewBatch> {
    const batchId = this.#nextBatchId();
    return {
      bucket,
      batchId,
      ingestId: this.#ingestId,
      source: this.#options.path,
      clock: this.#options.clock,
      acceptedAt: this.#deps.now(),
      lineCount: batch.lineCount,
      days: batch.days,
      payload: await batch.pack(),
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
