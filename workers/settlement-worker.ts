import { runSettlementWorkers } from '../src/worker-set.ts';
import { runWorkerProcess } from './run.ts';

await runWorkerProcess('settlement-worker', runSettlementWorkers);
