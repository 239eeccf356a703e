import { type App, fundDepsOf, runDepsOf, timingOf } from './app.ts';
import { NIGHTLY_ACTOR, onRecord } from './audit/audited.ts';
import { parseBusinessDay } from './domain/business-day.ts';
import { isProcessed } from './events/inbox.ts';
import { processBucket } from './events/process-bucket.ts';
import { grantAfterRun, grantPending } from './funds/grant-funds.ts';
import type { ErrorListener } from './queue/backend.ts';
import {
  type RunningWorkers,
  startEventWorkers,
  startMaintenanceWorker,
  startSettlementWorkers,
} from './queue/workers.ts';
import { settleBucket } from './settlement/settle-bucket.ts';
import { settleDueDays } from './settlement/settle-days.ts';
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

/** Sweeps, starts the nightly run, and keeps both on the clock, whatever happens to Redis. */
export async function runMaintenance(app: App, onError: ErrorListener): Promise<RunningWorkers> {
  const { config } = app;
  const sweepAll = async () => await sweepOnce(app);
  await putSchedules(app);
  await sweepAll();
  // The schedule itself lies in the queue and is lost with it, so this process's own clock watches over it.
  const watch = setInterval(() => {
    putSchedules(app).then(sweepAll).catch(onError);
  }, config.sweepEveryMs);
  const workers = await startMaintenanceWorker({
    backend: app.backend,
    timing: timingOf(config),
    onError,
    sweep: sweepAll,
    nightly: async () => await runNightly(app),
  });
  return {
    close: async () => {
      clearInterval(watch);
      await workers.close();
    },
  };
}

/** Starts a run over every day that is due and over; it is on record as a command is. */
export async function runNightly(app: App): Promise<void> {
  const deed = { actor: NIGHTLY_ACTOR, command: 'nightly', parameters: {}, program: 'apportion maintenance-worker' };
  await onRecord(app, deed, async () => {
    await settleDueDays(runDepsOf(app));
  });
}

/**
 * Puts the sweep and the nightly run on the clock of the queue; may be repeated at any time.
 * @throws Refusal `bad_schedule`, `queue_unavailable`
 */
export async function putSchedules(app: App): Promise<void> {
  const { config, installation } = app;
  await (await app.queues()).putSchedules({
    sweepEveryMs: config.sweepEveryMs,
    nightly: { pattern: config.nightlyPattern, tz: installation.timeZone },
  });
}

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
