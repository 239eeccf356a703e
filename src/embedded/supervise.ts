import { setTimeout as sleep } from 'node:timers/promises';

const RESTARTS_THAT_MAY_FAIL = 5;
const STABLE_AFTER_MS = 1_000;
const LONGEST_PAUSE_MS = 2_000;

interface Running {
  readonly exited: Promise<unknown>;
  stop(): Promise<void>;
}

export interface Supervised<Server> {
  /** The server that runs now; while it is being started, the one that will. Rejects once it has been given up. */
  current(): Promise<Server>;
  stop(): Promise<void>;
}

/**
 * Starts a server and starts it again whenever it ends. A first start that fails is given up at once; one that ran
 * before gets several attempts, with growing pauses. `onGivenUp` is called once, with the error of the last attempt.
 */
export function supervise<Server extends Running>(task: {
  start: () => Promise<Server>;
  onRestart: () => void;
  onGivenUp: (error: unknown) => void;
}): Supervised<Server> {
  let stopping = false;
  let shortRuns = 0;
  let running = keepAnEyeOn(begin(0));

  function keepAnEyeOn(start: Promise<Server>): Promise<Server> {
    start.catch(error => {
      if (!stopping) task.onGivenUp(error);
    });
    return start;
  }

  async function begin(mayFail: number): Promise<Server> {
    for (let failed = 0; ; failed++) {
      if (stopping) throw new Error('stopped before it was started again');
      try {
        const server = await task.start();
        void watch(server);
        return server;
      } catch (error) {
        if (failed >= mayFail) throw error;
        await sleep(pauseMs(failed));
      }
    }
  }

  async function watch(server: Server): Promise<void> {
    const since = performance.now();
    await server.exited;
    if (stopping) return;
    task.onRestart();
    shortRuns = performance.now() - since < STABLE_AFTER_MS ? shortRuns + 1 : 0;
    running = keepAnEyeOn(restart());
  }

  async function restart(): Promise<Server> {
    // One that dies right after every start, as on a full disk, must not keep the machine busy.
    if (shortRuns > 0) await sleep(pauseMs(shortRuns));
    return await begin(RESTARTS_THAT_MAY_FAIL);
  }

  return {
    current: () => running,
    async stop() {
      stopping = true;
      const server = await running.catch(() => null);
      await server?.stop();
    },
  };
}

function pauseMs(attempt: number): number {
  return Math.min(LONGEST_PAUSE_MS, 50 * 2 ** attempt);
}
