import { type App, fundDepsOf } from './app.ts';
import { awaitWork } from './await-work.ts';
import type { BusinessDay } from './domain/business-day.ts';
import { grantAfterRun, grantPending } from './funds/grant-funds.ts';
import type { ErrorListener } from './queue/backend.ts';
import { bucketsDone, type RunProgress, runProgress, type SettlementRun } from './settlement/runs.ts';
import { runSettlementWorkers } from './worker-set.ts';

/** As many days as the acceptance window has: a chain of changes can't be longer. */
const MOST_ROUNDS = 40;

export type FinishedRun = SettlementRun & RunProgress;

/** A bar, or nothing where nobody looks. */
export interface ShownProgress {
  update(done: number): void;
  stop(): void;
}

/**
 * Starts runs and waits until they are done and granted for. Settling a day can make the next one due again: a click that now counts
 * makes one after midnight a repeated one. So `start` is asked again, with the days that wait for a plan, until it starts none.
 * @throws Refusal `work_stuck`, and as `start` does
 */
export async function settleAndAwait(
  app: App,
  {
    start,
    once = false,
    progressOf = () => ({ update: () => {}, stop: () => {} }),
    onError,
  }: {
    readonly start: (waiting: ReadonlySet<BusinessDay>) => Promise<SettlementRun[]>;
    /** Not again. */
    readonly once?: boolean;
    readonly progressOf?: (total: number) => ShownProgress;
    readonly onError: ErrorListener;
  },
): Promise<FinishedRun[]> {
  const finished: FinishedRun[] = [];
  for (let round = 0; round < MOST_ROUNDS; round += 1) {
    const waiting = new Set(finished.filter(run => run.appsWithoutPlan > 0).map(run => run.businessDay));
    const runs = await start(waiting);
    if (runs.length === 0) {
      // Money may have been put into a fund, or a step of it interrupted, though no day is due.
      if (round === 0) await grantPending(fundDepsOf(app));
      break;
    }
    await awaitRuns(app, runs, { progressOf, onError });
    for (const { runId } of runs) await grantAfterRun(fundDepsOf(app), runId);
    await grantPending(fundDepsOf(app));
    for (const run of runs) finished.push({ ...run, ...(await runProgress(app.db, run.runId)) });
    if (once) break;
  }
  return finished;
}

async function awaitRuns(
  app: App,
  runs: readonly SettlementRun[],
  { progressOf, onError }: { readonly progressOf: (total: number) => ShownProgress; readonly onError: ErrorListener },
): Promise<void> {
  const total = runs.reduce((sum, run) => sum + run.buckets.length, 0);
  const runIds = runs.map(run => run.runId);
  const progress = progressOf(total);
  try {
    await awaitWork(app, {
      remaining: async () => total - (await bucketsDone(app.db, runIds)),
      startWorkers: () => runSettlementWorkers(app, onError),
      onProgress: remaining => progress.update(total - remaining),
    });
  } finally {
    progress.stop();
  }
}
