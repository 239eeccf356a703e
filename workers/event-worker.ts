import { runEventWorkers } from '../src/worker-set.ts';
import { runWorkerProcess } from './run.ts';

await runWorkerProcess('event-worker', runEventWorkers);
