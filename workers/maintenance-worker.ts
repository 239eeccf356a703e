import { runMaintenance } from '../src/worker-set.ts';
import { runWorkerProcess } from './run.ts';

await runWorkerProcess('maintenance-worker', runMaintenance);
