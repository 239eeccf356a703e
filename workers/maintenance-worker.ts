import { runMaintenance } from '../src/maintenance.ts';
import { runWorkerProcess } from './run.ts';

await runWorkerProcess('maintenance-worker', runMaintenance);
