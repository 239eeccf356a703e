import { randomUUIDv7 } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type pg from 'pg';
import { DEFAULT_BUCKET_COUNT } from '../../src/catalog/installation.ts';
import type { Database } from '../../src/db/database.ts';
import { importCatalogFile, importPlansFile } from '../../src/decisions/import-alone.ts';
import type { BusinessDay } from '../../src/domain/business-day.ts';
import { acceptFile } from '../../src/events/accept-file.ts';
import { oldestPending } from '../../src/events/inbox.ts';
import { processBucket } from '../../src/events/process-bucket.ts';
import { insertRun } from '../../src/settlement/runs.ts';
import { settleBucket } from '../../src/settlement/settle-bucket.ts';
import { createTestDatabase, type TestDatabase } from './database.ts';
import { shanghai } from './reference-files.ts';
import { scratchFolder } from './scratch-folder.ts';

const BATCH_EVENTS = 20_000;

/** A database whose ledger comes about as in production, without a queue: whatever is accepted or due is worked off at once. */
export class Books {
  readonly bucketCount = DEFAULT_BUCKET_COUNT;
  readonly db: Database;
  readonly database: TestDatabase;
  /** "Now" of whatever is done next. */
  clock = new Date('2018-04-20T00:00:00Z');

  private constructor(database: TestDatabase) {
    this.database = database;
    this.db = database.db;
  }

  static async open(reference: { readonly catalog: string; readonly plans: string }): Promise<Books> {
    const books = new Books(await createTestDatabase());
    await importCatalogFile(books.#deps, { text: reference.catalog, source: 'catalog.json' });
    await importPlansFile(books.#deps, { text: reference.plans, source: 'plans.json' });
    return books;
  }

  get #deps() {
    return { db: this.db, now: () => this.clock, calendar: shanghai, bucketCount: this.bucketCount };
  }

  async importPlans(text: string): Promise<void> {
    await importPlansFile(this.#deps, { text, source: 'plans.json' });
  }

  /** Accepts the lines as one file named `source`. */
  async accept(source: string, lines: readonly Record<string, unknown>[]): Promise<void> {
    const folder = scratchFolder('books');
    try {
      const file = path.join(folder, source);
      await writeFile(file, lines.map(line => `${JSON.stringify(line)}\n`).join(''));
      const options = { path: file, format: 'ndjson' as const, clock: this.clock, batchEvents: BATCH_EVENTS };
      await acceptFile({ ...this.#deps, enqueue: async () => {} }, options);
    } finally {
      await rm(folder, { recursive: true });
    }
  }

  async process(): Promise<void> {
    for (const { bucket } of await oldestPending(this.db)) {
      await processBucket(this.#deps, { bucket, batchEvents: BATCH_EVENTS });
    }
  }

  async ingest(source: string, lines: readonly Record<string, unknown>[]): Promise<void> {
    await this.accept(source, lines);
    await this.process();
  }

  /** Returns the run's id. */
  async settle(businessDay: BusinessDay): Promise<string> {
    const runId = randomUUIDv7();
    const run = await insertRun(this.db, { runId, businessDay, requestedAt: this.clock });
    for (const bucket of run.buckets) await settleBucket(this.#deps, { runId, businessDay, bucket });
    return runId;
  }

  async read<Result>(work: (tx: pg.ClientBase) => Promise<Result>): Promise<Result> {
    return await this.db.snapshot(work);
  }

  async drop(): Promise<void> {
    await this.database.drop();
  }
}

/** A click of dev_7's app at noon of the day that earns `price`, with `changes`. */
export function click(id: string, on: string, price: string, changes: Record<string, unknown> = {}) {
  return {
    id,
    type: 'click',
    occurred_at: `${on}T12:00:00+08:00`,
    app_id: 'app_7_1',
    ad_unit_id: 'unit_7_1_b',
    currency: 'CNY',
    price,
    ...changes,
  };
}

/** As many impressions, each of which earns a thousandth of `cpm`. */
export function impressions(count: number, on: string, cpm: string, changes: Record<string, unknown> = {}) {
  return Array.from({ length: count }, (_, index) =>
    click(`${on}-${cpm}-${index}`, on, cpm, { type: 'impression', ...changes }),
  );
}
