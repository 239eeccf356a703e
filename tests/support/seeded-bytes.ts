import { createHash } from 'node:crypto';
import { SEED } from './runs.ts';

let calls = 0;

/** Bytes without any order, which come from the run's seed; other ones at each call. */
export function seededBytes(count: number): Buffer {
  calls += 1;
  return createHash('shake256', { outputLength: count }).update(`${SEED} ${calls}`).digest();
}
