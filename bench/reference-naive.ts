import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { type AdEvent, isBadForm, parseAdEvent } from '../src/domain/ad-event.ts';
import { type BenchHome, stopChild } from './home.ts';

// What one would write first: one BullMQ job per event, one INSERT transaction per event, a repeat ignored by its key. Jobs are added in
// bulk while two worker processes, each with many jobs at a time, take them.

export const NAIVE_QUEUE = 'naive-events';
export const NAIVE_PREFIX = 'bench';
const WORKERS = 2;
const BULK = 1_000;
const TABLE = `
  create table naive_events (
    id text primary key,
    type text not null,
    occurred_at timestamptz not null,
    app_id text not null,
    ad_unit_id text not null,
    currency text not null,
    price numeric(13, 6),
    campaign_id text,
    impression_id text,
    device_id text,
    user_agent text,
    ip inet
  ) with (autovacuum_enabled = false)`;

export class NaiveReference {
  readonly #home: BenchHome;
  readonly #redisPath: string;

  private constructor(home: BenchHome, redisPath: string) {
    this.#home = home;
    this.#redisPath = redisPath;
  }

  /** Null where there is no Redis. */
  static async open(home: BenchHome): Promise<NaiveReference | null> {
    const { redis } = home.servers;
    if (redis === null) return null;
    await home.references.query(TABLE);
    return new NaiveReference(home, redis.path);
  }

  /** Seconds from the first job added to the last one done. The workers live only meanwhile, so that they disturb nobody else. */
  async run(events: readonly AdEvent[]): Promise<number> {
    const { references } = this.#home;
    await references.query('truncate naive_events');
    const workers = await this.#startWorkers();
    const redis = new Redis(this.#redisPath, { maxRetriesPerRequest: null });
    const queue = new Queue(NAIVE_QUEUE, { connection: redis, prefix: NAIVE_PREFIX });
    try {
      await queue.waitUntilReady();
      await this.#home.checkpoint();
      const startedAt = performance.now();
      const allDone = jobsDone(workers, events.length);
      for (let from = 0; from < events.length; from += BULK)
        await queue.addBulk(jobsOf(events.slice(from, from + BULK)));
      await allDone;
      const seconds = (performance.now() - startedAt) / 1000;
      const { rows } = await references.query('select count(*)::int as stored from naive_events');
      const distinct = new Set(events.map(event => event.id)).size;
      if (rows[0]?.stored !== distinct) throw new Error(`naive stored ${rows[0]?.stored} of ${distinct} events`);
      return seconds;
    } finally {
      await queue.close();
      redis.disconnect();
      await Promise.all(workers.map(stopChild));
    }
  }

  async #startWorkers(): Promise<ChildProcess[]> {
    const file = fileURLToPath(new URL('./naive-worker.ts', import.meta.url));
    const args = [JSON.stringify({ redisPath: this.#redisPath, postgres: this.#home.referenceAddress })];
    const workers = Array.from({ length: WORKERS }, () => fork(file, args));
    await Promise.all(workers.map(worker => once(worker, 'message')));
    return workers;
  }
}

function jobsOf(events: readonly AdEvent[]) {
  return events.map(event => ({ name: 'event', data: event, opts: { removeOnComplete: true, attempts: 5 } }));
}

async function jobsDone(workers: readonly ChildProcess[], wanted: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let done = 0;
  for (const worker of workers) {
    worker.on('message', message => {
      if (typeof message === 'number') done += message;
      if (done >= wanted) resolve();
    });
  }
  await promise;
}

/** The first events of a log that can be read. */
export async function firstEvents(file: string, count: number): Promise<AdEvent[]> {
  const events: AdEvent[] = [];
  const input = createReadStream(file);
  for await (const line of createInterface({ input })) {
    if (events.length >= count) break;
    const event = parseAdEvent(line);
    if (!isBadForm(event)) events.push(event);
  }
  input.destroy();
  return events;
}
