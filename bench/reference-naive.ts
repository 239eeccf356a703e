import { type ChildProcess, fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { type AdEvent, isBadForm, parseAdEvent } from '../src/domain/ad-event.ts';
import { type EventTable, readyTable } from './event-tables.ts';
import { type BenchHome, stopChild } from './home.ts';

// What one would write first: one BullMQ job per event, one INSERT transaction per event, a repeat ignored by its key. Jobs are added in
// bulk while two worker processes, each with many jobs at a time, take them.

export const NAIVE_QUEUE = 'naive-events';
export const NAIVE_PREFIX = 'bench';
const WORKERS = 2;
const BULK = 1_000;

export class NaiveReference {
  readonly #home: BenchHome;
  readonly #redisPath: string;

  private constructor(home: BenchHome, redisPath: string) {
    this.#home = home;
    this.#redisPath = redisPath;
  }

  /** Null where there is no Redis. The home's database of references has the event tables. */
  static open(home: BenchHome): NaiveReference | null {
    return home.servers.redis === null ? null : new NaiveReference(home, home.servers.redis.path);
  }

  /**
   * Seconds from the first job added to the last one done, under ids that no table has yet. The workers live only meanwhile, so that
   * they disturb nobody else.
   */
  async run(sample: readonly AdEvent[], table: EventTable): Promise<number> {
    const { references } = this.#home;
    const events = sample.map(event => ({ ...event, id: randomBytes(8).toString('hex') }));
    await readyTable(references, table);
    const workers = await this.#startWorkers(table);
    const redis = new Redis(this.#redisPath, { maxRetriesPerRequest: null });
    const queue = new Queue(NAIVE_QUEUE, { connection: redis, prefix: NAIVE_PREFIX });
    try {
      await queue.waitUntilReady();
      const startedAt = performance.now();
      const allDone = jobsDone(workers, events.length);
      for (let from = 0; from < events.length; from += BULK)
        await queue.addBulk(jobsOf(events.slice(from, from + BULK)));
      await allDone;
      const seconds = (performance.now() - startedAt) / 1000;
      const ids = events.map(event => event.id);
      const { rows } = await references.query(`select count(*)::int as stored from ${table} where id = any ($1)`, [
        ids,
      ]);
      if (rows[0]?.stored !== ids.length) throw new Error(`naive stored ${rows[0]?.stored} of ${ids.length} events`);
      return seconds;
    } finally {
      await queue.close();
      redis.disconnect();
      await Promise.all(workers.map(stopChild));
    }
  }

  async #startWorkers(table: EventTable): Promise<ChildProcess[]> {
    const file = fileURLToPath(new URL('./naive-worker.ts', import.meta.url));
    const args = [JSON.stringify({ redisPath: this.#redisPath, postgres: this.#home.referenceAddress, table })];
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
