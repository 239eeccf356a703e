import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { DatabaseAddress } from '../db/database.ts';
import type { BucketToIssue } from './issue-bucket.ts';

/** A thread that issues buckets beside this one, one after the other, over a connection of its own. */
export class IssueHelper {
  readonly #thread: Worker;
  /** Never fulfilled. */
  readonly #ended: Promise<never>;
  #failedBucket: number | null = null;

  constructor(of: { readonly address: DatabaseAddress; readonly bucketCount: number }) {
    this.#thread = new Worker(new URL('./issue-thread.ts', import.meta.url), { workerData: of });
    // Whoever waits for an answer hears of it; where nobody waits, it must not end the process.
    this.#thread.on('error', () => {});
    this.#ended = once(this.#thread, 'exit').then(() => Promise.reject(new Error('the helper has ended')));
    this.#ended.catch(() => {});
  }

  /** The bucket whose issuing failed here, if any did; nothing of it is stored. */
  get failedBucket(): number | null {
    return this.#failedBucket;
  }

  /** @throws whatever went wrong in the thread, which then is of no more use */
  async issue(bucket: BucketToIssue): Promise<number> {
    this.#failedBucket = bucket.bucket;
    this.#thread.postMessage(bucket);
    const [statements] = (await Promise.race([once(this.#thread, 'message'), this.#ended])) as [number];
    this.#failedBucket = null;
    return statements;
  }

  async end(): Promise<void> {
    await this.#thread.terminate();
  }
}
