import { setTimeout as sleep } from 'node:timers/promises';
import type { App } from './app.ts';
import { Refusal } from './domain/errors.ts';
import type { RunningWorkers } from './queue/workers.ts';

const LOOK_MS = 40;
/** Without any progress for so long, jobs may have been lost with the queue; what is unfinished is put there again. */
const QUIET_MS = 5_000;
const STUCK_MS = 300_000;

/**
 * Waits until nothing is left of `remaining`. The command's own workers take part meanwhile, so it ends whether or not others run.
 * @throws Refusal `work_stuck` after five minutes without progress
 */
export async function awaitWork(
  app: App,
  {
    remaining,
    startWorkers,
    onProgress,
  }: {
    readonly remaining: () => Promise<number>;
    readonly startWorkers: () => Promise<RunningWorkers>;
    readonly onProgress: (remaining: number) => void;
  },
): Promise<void> {
  let left = await remaining();
  if (left === 0) return;
  const workers = await startWorkers();
  try {
    let progressAt = Date.now();
    let sweptAt = progressAt;
    while (left > 0) {
      onProgress(left);
      await sleep(LOOK_MS);
      const now = await remaining();
      if (now < left) progressAt = Date.now();
      left = now;
      if (Date.now() - progressAt > STUCK_MS) throw stuck(left);
      if (Date.now() - Math.max(progressAt, sweptAt) > QUIET_MS) {
        sweptAt = Date.now();
        // Seldom needed, and long in loading.
        const { sweepOnce } = await import('./worker-set.ts');
        await sweepOnce(app);
      }
    }
  } finally {
    await workers.close();
  }
}

function stuck(left: number): Refusal {
  return new Refusal({
    code: 'work_stuck',
    message: `${left} jobs made no progress for ${STUCK_MS / 60_000} minutes`,
    remedy: 'look at the log of the workers; what was accepted is kept, and the sweep goes on trying',
    details: { left },
  });
}
