import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { DatabaseAddress } from '../db/database.ts';
import type { BucketFindings, KnownToBuckets } from './verify-bucket.ts';

export interface HelperData {
  readonly address: DatabaseAddress;
  readonly bucketCount: number;
  readonly timeZone: string;
  readonly known: KnownToBuckets;
}

/** A thread that checks buckets beside this one, one after the other, over a connection of its own. */
export class VerifyHelper {
  readonly #thread: Worker;
  /** Never fulfilled. */
  readonly #ended: Promise<never>;

  constructor(of: HelperData) {
    this.#thread = new Worker(new URL('./verify-thread.ts', import.meta.url), { workerData: of });
    // Whoever waits for an answer hears of it; where nobody waits, it must not end the process.
    this.#thread.on('error', () => {});
    this.#ended = once(this.#thread, 'exit').then(() => Promise.reject(new Error('the helper has ended')));
    this.#ended.catch(() => {});
  }

  /** @throws whatever went wrong in the thread, which then is of no more use */
  async check(bucket: number): Promise<BucketFindings> {
    this.#thread.postMessage(bucket);
    const [found] = (await Promise.race([once(this.#thread, 'message'), this.#ended])) as [BucketFindings];
    return found;
  }

  async end(): Promise<void> {
    await this.#thread.terminate();
  }
}
