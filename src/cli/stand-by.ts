import type { App } from '../app.ts';
import type { RunningWorkers } from '../queue/workers.ts';

const LOOK_MS = 500;
const QUIET_MS = 2_000;

export interface StandByOptions {
  /** Processes that take event jobs and may be left alone with the work. */
  readonly others: () => Promise<number>;
  /** When anything was last seen to get done, in milliseconds of `performance.now`. */
  readonly progressAt: () => number;
  readonly onError: (error: Error) => void;
}

/**
 * Event workers of this process that step in where there are no others, or nothing gets done: a further process beside those that
 * keep all cores busy would only take less in at a time, and remember the same identities once more.
 */
export async function standByWorkers(app: App, options: StandByOptions): Promise<RunningWorkers> {
  let own: RunningWorkers | null = null;
  const look = async () => {
    const isQuiet = performance.now() - options.progressAt() > QUIET_MS;
    if (own !== null || (!isQuiet && (await options.others()) > 0)) return;
    // Seldom needed, and long in loading.
    const { runEventWorkers } = await import('../worker-set.ts');
    own = await runEventWorkers(app, options.onError);
  };
  await look();
  let looking = Promise.resolve();
  const timer = setInterval(() => {
    looking = looking.then(look).catch(options.onError);
  }, LOOK_MS);
  return {
    close: async () => {
      clearInterval(timer);
      await looking;
      await own?.close();
    },
  };
}
