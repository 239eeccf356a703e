import { inject } from 'vitest';

/** Of everything in this run that is left to chance. */
export const SEED: number = inject('seed');

/** On an idle machine a run takes a few seconds at most; a limit is there for what hangs, not for a machine that is busy. */
const MS_A_RUN = 60_000;

/** How often a property is tried: RUNS of the environment, or else as often as usual. */
export function runs(usual: number): number {
  return wholeNumber('RUNS') ?? usual;
}

/** How many kills a test makes: KILLS of the environment, or else as many as usual. */
export function kills(usual: number): number {
  return wholeNumber('KILLS') ?? usual;
}

/**
 * For a property whose runs take seconds each: fast-check's options, and the test's time limit, before which fast-check tells what it
 * has found. A failure is told as it is; with SHRINK=1 it is made smaller first, which takes minutes.
 */
export function slowRuns(usual: number) {
  const numRuns = runs(usual);
  const options = {
    ...{ numRuns, unbiased: true, endOnFailure: process.env.SHRINK === undefined },
    ...{ interruptAfterTimeLimit: numRuns * MS_A_RUN, markInterruptAsFailure: true },
  };
  return { numRuns, options, limitMs: (numRuns + 1) * MS_A_RUN };
}

function wholeNumber(name: string): number | null {
  const text = process.env[name];
  if (text === undefined) return null;
  if (!/^[1-9]\d{0,6}$/.test(text)) throw new Error(`${name} is ${text}; give a whole number from 1`);
  return Number(text);
}
