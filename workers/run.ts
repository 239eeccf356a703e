import closeWithGrace from 'close-with-grace';
import pino from 'pino';
import { type App, openApp } from '../src/app.ts';
import { readConfig } from '../src/config.ts';
import { isRefusal } from '../src/domain/errors.ts';
import type { RunningWorkers } from '../src/queue/workers.ts';

const CLOSE_LIMIT_MS = 35_000;

/** A worker process: runs until it is asked to stop, then finishes the jobs at hand. Logs one JSON object a line. */
export async function runWorkerProcess(
  name: string,
  start: (app: App, onError: (error: Error) => void) => Promise<RunningWorkers>,
): Promise<void> {
  const log = pino({ name });
  // Started by `up`, a worker must not outlive it, however and whenever that ended: perhaps while this one is starting.
  process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));
  try {
    const app = await openApp(readConfig(process.env, process.cwd()), { connections: 16 });
    const workers = await start(app, error =>
      log.warn({ code: isRefusal(error) ? error.code : undefined }, error.message),
    );
    log.info(app.started ?? 'ready');
    void app.lost.then(({ message, exitCode }) => {
      log.fatal(message);
      process.exit(exitCode);
    });
    closeWithGrace({ delay: CLOSE_LIMIT_MS, logger: false }, async ({ err, signal }) => {
      if (err !== undefined) log.error(err.message);
      log.info(`stopping on ${signal ?? 'request'}`);
      await workers.close();
      await app.close();
      log.info('stopped');
    });
  } catch (error) {
    log.fatal(error instanceof Error ? error.message : String(error));
    process.exit(isRefusal(error) ? error.exitCode : 1);
  }
}
