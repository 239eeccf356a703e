import { randomInt } from 'node:crypto';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    seed: number;
  }
}

const USUAL_SEED = 1;
/** Whoever asks for more than usual wants to see something new. */
const MORE_THAN_USUAL = ['RUNS', 'KILLS'] as const;

/**
 * One seed for all that tests leave to chance. Nobody asking for another it is always the same, so that a commit that has passed
 * passes again. `SEED=…` repeats a run; `SEED=random` or more runs than usual draw a seed.
 */
export default function setup(project: TestProject): void {
  const seed = seedOf(process.env);
  if (seed !== USUAL_SEED) console.log(`what is left to chance comes from SEED=${seed}`);
  project.provide('seed', seed);
}

function seedOf(env: NodeJS.ProcessEnv): number {
  const asked = env.SEED ?? (MORE_THAN_USUAL.some(name => env[name] !== undefined) ? 'random' : String(USUAL_SEED));
  if (asked === 'random') return randomInt(2 ** 31);
  if (!/^-?\d{1,10}$/.test(asked)) throw new Error(`SEED is ${asked}; give a whole number or random`);
  return Number(asked);
}
