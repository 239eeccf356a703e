import { startEventWorkers } from '../../src/queue/workers.ts';

/** Takes the first job that comes and never ends it; its parent kills it. */
await startEventWorkers({
  backend: JSON.parse(process.argv[2] ?? ''),
  groups: 1,
  concurrency: 1,
  onError: () => {},
  handle: async ({ batchId }) => {
    process.send?.(batchId);
    await new Promise(() => {});
  },
});
process.send?.('ready');
