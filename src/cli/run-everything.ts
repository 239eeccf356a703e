import { availableParallelism } from 'node:os';
import type { App } from '../app.ts';
import { describeBackend } from '../queue/backend.ts';
import { KeptWorker, type WorkerName } from './kept-worker.ts';
import type { Output } from './output.ts';

/**
 * Runs the worker processes until SIGINT or SIGTERM; one that dies is started again.
 * @throws Refusal `servers_stopped` when somebody else has stopped the private servers
 */
export async function runEverything(app: App, output: Output): Promise<void> {
  const names: WorkerName[] = [
    ...Array.from({ length: availableParallelism() }, () => 'event-worker' as const),
    'settlement-worker',
    'maintenance-worker',
  ];
  const log = output.json ? 2 : 'inherit';
  const workers = names.map(name => new KeptWorker(name, { output, log }));
  output.note(`apportion is up: ${names.length} workers, queue on ${describeBackend(app.backend)}. Stop with Ctrl-C.`);
  const lost = await Promise.race([stopRequested(), app.lost]);
  if (lost === null) output.note('stopping');
  await Promise.all(workers.map(worker => worker.stop()));
  if (lost !== null) throw lost;
}

function stopRequested(): Promise<null> {
  const { promise, resolve } = Promise.withResolvers<null>();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve(null));
  return promise;
}
