import { randomUUIDv7 } from 'node:crypto';
import type pg from 'pg';
import { CatalogLookup } from '../catalog/lookup.ts';
import { loadRateCards } from '../catalog/rate-cards.ts';
import { currentReferenceVersion } from '../catalog/reference-version.ts';
import { type Lock, takeLock } from '../db/lock.ts';
import { type AdEvent, type BadForm, isBadForm } from '../domain/ad-event.ts';
import { bucketOf } from '../domain/bucket.ts';
import { isRefusal, type Refusal } from '../domain/errors.ts';
import { uuidSequence } from '../domain/uuid-sequence.ts';
import type { AcceptDeps } from './accept-file.ts';
import { beginAcceptance } from './accepted-by.ts';
import { BatchBuilder } from './batch.ts';
import { type BatchKey, insertBatches, type NewBatch } from './inbox.ts';
import { acceptanceWindow, judgeEvent } from './judge-line.ts';
import { LINE_FORMATS, type LineFormat } from './line-formats.ts';
import { filterValues, MATCHES, type RejectedFilters } from './list-rejected.ts';
import { priceEvent } from './price-event.ts';
import { JUDGED_AT_PROCESSING } from './rejection-reasons.ts';

/** Lines tried in one transaction. */
const ROUND_LINES = 10_000;
const REMEMBERED_IDS = 200_000;

export const REDRIVE_LOCK: Lock = {
  name: 'the lock of redrives',
  holders: 'another redrive of rejected lines',
  waitMs: 60_000,
  key: { text: 'apportion.redrive', number: 0 },
};

export interface RedriveOptions {
  readonly filters: Omit<RejectedFilters, 'all'>;
  /** "Now" for the acceptance window; null: the clock of the batch that each line came in. */
  readonly clock: Date | null;
  /** The most lines that one batch holds. */
  readonly batchEvents: number;
  readonly onProgress?: (linesTried: number) => void;
}

export interface RedrivenLines {
  /** Names the lines taken in, as one reading does. */
  readonly ingestId: string;
  readonly tried: number;
  /** Lines handed in again; what comes of them is told once they are processed. */
  readonly redriven: number;
  readonly batches: number;
  /** Lines left where they are, by the reason that applies now. */
  readonly still: Readonly<Record<string, number>>;
  /** Set when the queue could not be told: the batches are safe and wait for the sweep. */
  readonly queueProblem: Refusal | null;
}

/**
 * Tries rejected lines again, in the order in which they were rejected. A line that passes now is handed in and leaves the list of
 * rejected ones in one transaction, so that however often or by how many this is done, each line is taken in once. What still
 * fails stays as it is.
 */
export async function redriveLines(deps: AcceptDeps, options: RedriveOptions): Promise<RedrivenLines> {
  const redrive = new Redrive(deps, options);
  let after: Place | null = { bucket: -1, seq: 0, lineNo: 0 };
  while (after !== null) after = await redrive.round(after);
  return redrive.result();
}

interface Place {
  readonly bucket: number;
  readonly seq: number;
  readonly lineNo: number;
}

interface StoredLine extends Place {
  readonly reason: string;
  readonly format: LineFormat;
  readonly source: string;
  readonly clock: Date;
  readonly bytes: Buffer;
}

interface OpenBatch {
  readonly bucket: number;
  readonly source: string;
  readonly clock: Date;
  readonly builder: BatchBuilder;
}

class Redrive {
  readonly #deps: AcceptDeps;
  readonly #options: RedriveOptions;
  readonly #ingestId = randomUUIDv7();
  readonly #nextBatchId = uuidSequence(randomUUIDv7);
  readonly #lookup = new CatalogLookup({ limit: REMEMBERED_IDS });
  readonly #still = new Map<string, number>();
  #tried = 0;
  #redriven = 0;
  #batches = 0;
  #queueProblem: Refusal | null = null;

  constructor(deps: AcceptDeps, options: RedriveOptions) {
    this.#deps = deps;
    this.#options = options;
  }

  /** Tries the lines behind a place; returns where to go on, null at the end. */
  async round(after: Place): Promise<Place | null> {
    const { lines, batches } = await this.#deps.db.transaction(async tx => {
      // One redrive at a time, or two would hand in the same lines.
      await takeLock(tx, REDRIVE_LOCK);
      const found = await openLines(tx, { filters: this.#options.filters, after, limit: ROUND_LINES });
      return { lines: found, batches: await this.#handIn(tx, found) };
    });
    this.#tried += lines.length;
    this.#options.onProgress?.(this.#tried);
    this.#batches += batches.length;
    await this.#enqueue(batches);
    return lines.length < ROUND_LINES ? null : (lines.at(-1) ?? null);
  }

  result(): RedrivenLines {
    return {
      ingestId: this.#ingestId,
      tried: this.#tried,
      redriven: this.#redriven,
      batches: this.#batches,
      still: Object.fromEntries([...this.#still].toSorted(([a], [b]) => (a < b ? -1 : 1))),
      queueProblem: this.#queueProblem,
    };
  }

  async #handIn(tx: pg.ClientBase, lines: readonly StoredLine[]): Promise<BatchKey[]> {
    const { open, taken } = await this.#judge(tx, lines);
    await beginAcceptance(tx);
    const batches = open
      .toSorted((a, b) => a.bucket - b.bucket)
      .map(
        ({ bucket, source, clock, builder }): NewBatch => ({
          bucket,
          batchId: this.#nextBatchId(),
          ingestId: this.#ingestId,
          source,
          format: 'ndjson',
          clock,
          acceptedAt: this.#deps.now(),
          lineCount: builder.lineCount,
          days: builder.days,
          payload: builder.pack(),
        }),
      );
    await insertBatches(tx, batches);
    await tx.query(
      `insert into redriven_lines (bucket, seq, line_no, ingest_id, redriven_at)
       select *, $4::uuid, $5::timestamptz from unnest($1::smallint[], $2::bigint[], $3::bigint[])`,
      [
        taken.map(line => line.bucket),
        taken.map(line => line.seq),
        taken.map(line => line.lineNo),
        this.#ingestId,
        this.#deps.now(),
      ],
    );
    this.#redriven += taken.length;
    return batches.map(({ bucket, batchId }) => ({ bucket, batchId }));
  }

  /** Puts the lines that pass into batches and counts the others. */
  async #judge(
    tx: pg.ClientBase,
    lines: readonly StoredLine[],
  ): Promise<{ open: OpenBatch[]; taken: readonly StoredLine[] }> {
    const { calendar, bucketCount } = this.#deps;
    const parsed = lines.map(line => parseLine(line));
    const events = parsed.filter((result): result is AdEvent => !isBadForm(result));
    await this.#lookup.resolve(tx, {
      appIds: new Set(events.map(event => event.appId)),
      adUnitIds: new Set(events.map(event => event.adUnitId)),
    });
    const rateCards = await loadRateCards(tx, await currentReferenceVersion(tx));
    const filling = new Map<string, OpenBatch>();
    const open: OpenBatch[] = [];
    const taken: StoredLine[] = [];
    for (const [index, line] of lines.entries()) {
      const event = parsed[index] as AdEvent | BadForm;
      if (isBadForm(event)) {
        this.#leave(event.reason);
        continue;
      }
      const clock = this.#options.clock ?? line.clock;
      const judgement = judgeEvent(event, { window: acceptanceWindow(calendar, clock), lookup: this.#lookup });
      if (judgement.refusal !== null) {
        this.#leave(judgement.refusal.reason);
        continue;
      }
      const { developerId, businessDay } = judgement;
      const { refusal } = priceEvent(event, businessDay, rateCards);
      if (refusal !== null) {
        this.#leave(refusal.reason);
        continue;
      }
      const bucket = bucketOf(developerId, bucketCount);
      // Of one batch, since line numbers of several may be the same, and a batch has one source and one clock.
      const key = `${bucket} ${line.bucket} ${line.seq}`;
      let batch = filling.get(key);
      if (batch === undefined || batch.builder.lineCount >= this.#options.batchEvents) {
        batch = { bucket, source: line.source, clock, builder: new BatchBuilder() };
        filling.set(key, batch);
        open.push(batch);
      }
      batch.builder.add({ lineNo: line.lineNo, developerId, event }, businessDay);
      taken.push(line);
    }
    return { open, taken };
  }

  #leave(reason: string): void {
    this.#still.set(reason, (this.#still.get(reason) ?? 0) + 1);
  }

  async #enqueue(batches: BatchKey[]): Promise<void> {
    try {
      await this.#deps.enqueue(batches);
    } catch (error) {
      if (!isRefusal(error) || error.code !== 'queue_unavailable') throw error;
      this.#queueProblem = error;
    }
  }
}

/** A line that was rejected when it was processed is kept in the canonical form, whatever format it came in. */
function parseLine({ reason, format, bytes }: StoredLine): AdEvent | BadForm {
  const parse = (JUDGED_AT_PROCESSING as readonly string[]).includes(reason)
    ? LINE_FORMATS.ndjson
    : LINE_FORMATS[format];
  return parse(bytes.toString('utf8'));
}

/** Lines too long are cut, so there is nothing to try again; what is not UTF-8 stays `bad_json`. */
async function openLines(
  tx: pg.ClientBase,
  { filters, after, limit }: { readonly filters: RejectedFilters; readonly after: Place; readonly limit: number },
): Promise<StoredLine[]> {
  const { rows } = await tx.query<StoredLine>(
    `select rejected.bucket, rejected.seq, rejected.line_no as "lineNo", rejected.reason, batch.format, batch.source,
       batch.clock, rejected.line as bytes
     from rejected_lines as rejected
     join inbox_batches as batch on batch.bucket = rejected.bucket and batch.seq = rejected.seq
     where ${MATCHES} and rejected.reason <> 'too_long'
       and (rejected.bucket, rejected.seq, rejected.line_no) > ($5, $6, $7)
     order by rejected.bucket, rejected.seq, rejected.line_no
     limit $8`,
    [...filterValues(filters), after.bucket, after.seq, after.lineNo, limit],
  );
  return rows;
}
