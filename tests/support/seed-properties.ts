import fc from 'fast-check';
import { runs, SEED } from './runs.ts';

/** What fast-check tries a property by that does not say how often. */
const USUAL_RUNS = 100;

fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: SEED, numRuns: runs(USUAL_RUNS) });
