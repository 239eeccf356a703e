import { collectSeldom } from '../src/events/collect-seldom.ts';
import { runEventWorkers } from '../src/worker-set.ts';
import { runWorkerProcess } from './run.ts';

collectSeldom();
await runWorkerProcess('event-worker', runEventWorkers);
