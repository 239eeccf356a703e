import { type App, runDepsOf, timingOf } from './app.ts';
import { NIGHTLY_ACTOR, onRecord } from './audit/audited.ts';
import { runHalfMonthly } from './half-monthly.ts';
import type { ErrorListener } from './queue/backend.ts';
import { type RunningWorkers, startMaintenanceWorker } from './queue/workers.ts';
import { reviveRuns, settleDueDays } from './settlement/settle-days.ts';
import { sweepOnce } from './worker-set.ts';

/** Sweeps, does what the nights and the half-months ask for, and keeps all of it on the clock, whatever happens to Redis. */
export async function runMaintenance(app: App, onError: ErrorListener): Promise<RunningWorkers> {
  const { config } = app;
  const sweepAll = async () => await sweepOnce(app);
  await putSchedules(app);
  await sweepAll();
  // The schedules themselves lie in the queue and are lost with it, so this process's own clock watches over them.
  const watch = setInterval(() => {
    putSchedules(app).then(sweepAll).catch(onError);
  }, config.sweepEveryMs);
  const workers = await startMaintenanceWorker({
    backend: app.backend,
    timing: timingOf(config),
    onError,
    sweep: sweepAll,
    nightly: async () => await runNightly(app),
    halfMonthly: async () => await runHalfMonthly(app, { onError }),
  });
  return {
    close: async () => {
      clearInterval(watch);
      await workers.close();
    },
  };
}

/** Goes on with every run that was interrupted and starts one over every day that is due and over; it is on record as a command is. */
export async function runNightly(app: App): Promise<void> {
  const deed = { actor: NIGHTLY_ACTOR, command: 'nightly', parameters: {}, program: 'apportion maintenance-worker' };
  await onRecord(app, deed, async () => {
    await reviveRuns(runDepsOf(app));
    await settleDueDays(runDepsOf(app));
  });
}

/**
 * Puts the sweep, the nightly and the half-monthly work on the clock of the queue; may be repeated at any time.
 * @throws Refusal `bad_schedule`, `queue_unavailable`
 */
export async function putSchedules(app: App): Promise<void> {
  const { config, installation } = app;
  const { timeZone: tz } = installation;
  await (await app.queues()).putSchedules({
    sweepEveryMs: config.sweepEveryMs,
    nightly: { pattern: config.nightlyPattern, tz },
    halfMonthly: { pattern: config.halfMonthlyPattern, tz },
  });
}
