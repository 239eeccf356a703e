import { type App, fundDepsOf, timingOf } from './app.ts';
import { parseBusinessDay } from './domain/business-day.ts';
import { isProcessed } from './events/inbox.ts';
import { processBucket } from './events/process-bucket.ts';
import { grantAfterRun, grantPending } from './funds/grant-funds.ts';
import type { ErrorListener } from './queue/backend.ts';
import { type RunningWorkers, startEventWorkers, startSettlementWorkers } from './queue/workers.ts';
import { settleBucket } from './settlement/settle-bucket.ts';
import { sweep } from './settlement/sweep.ts';

/** Takes batches from the queue: each job brings its bucket up to date. */
export async function runEventWorkers(app: App, onError: ErrorListener): Promise<RunningWorkers> {
  const { db, calendar, now, config } = app;
  return await startEventWorkers({
    backend: app.backend,
    groups: config.queueGroups,
    concurrency: config.concurrency,
    timing: timingOf(config),
    onError,
    handle: async batch => {
      // Most jobs of a backlog find their batch taken along by an earlier one.
      if (await isProcessed(db, batch)) return;
      await processBucket({ db, calendar, now }, { bucket: batch.bucket, batchEvents: config.batchEvents });
    },
  });
}

/** Takes buckets of settlement runs from the queue. */
export async function runSettlementWorkers(app: App, onError: ErrorListener): Promise<RunningWorkers> {
  const { db, now, calendar, config, installation } = app;
  const { bucketCount } = installation;
  return await startSettlementWorkers({
    backend: app.backend,
    groups: config.queueGroups,
    concurrency: config.concurrency,
    timing: timingOf(config),
    onError,
    handle: async ({ runId, businessDay, bucket }) => {
      await settleBucket(
        { db, now, calendar, bucketCount },
        { runId, businessDay: parseBusinessDay(businessDay), bucket },
      );
      // By whoever finishes the run's last bucket.
      await grantAfterRun({ db, now, calendar, bucketCount }, runId);
    },
  });
}

/** Puts what is unfinished back into the queue, and grants what incentive funds owe. */
export async function sweepOnce(app: App): Promise<void> {
  const queues = await app.queues();
  await sweep({
    db: app.db,
    enqueueBatches: async batches => await queues.enqueueBatches(batches),
    enqueueSettlement: async jobs => await queues.enqueueSettlement(jobs),
    now: app.now,
  });
  await grantPending(fundDepsOf(app));
}
