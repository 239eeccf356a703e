import type { Database } from '../db/database.ts';
import { type BatchKey, oldestPending } from '../events/inbox.ts';
import { unfinishedBuckets } from './runs.ts';
import type { BucketOfRun } from './settle-bucket.ts';

/** Older ones wait for the nightly run, which revives all: a sweep comes every few seconds. */
const REVIVED_RUNS_MS = 3 * 86_400_000;

export interface SweepDeps {
  readonly db: Database;
  readonly enqueueBatches: (batches: BatchKey[]) => Promise<void>;
  readonly enqueueSettlement: (jobs: BucketOfRun[]) => Promise<void>;
  readonly now: () => Date;
}

/**
 * Puts whatever Postgres knows to be unfinished back into the queue: a lost job, a wiped or rolled-back Redis, an enqueue that
 * failed. One batch a bucket is enough, for its job takes everything pending there. Doing it too often changes nothing.
 */
export async function sweep({ db, enqueueBatches, enqueueSettlement, now }: SweepDeps): Promise<void> {
  await enqueueBatches(await oldestPending(db));
  await enqueueSettlement(await unfinishedBuckets(db, new Date(now().getTime() - REVIVED_RUNS_MS)));
}
