import { defineConfig } from 'vitest/config';
import { LongestFirst } from './tests/support/longest-first.ts';

/** Tests have limits so that what hangs ends, not so that a busy machine fails. Who asks for more runs waits for them. */
const LIMIT_MS = process.env.RUNS === undefined ? 120_000 : 3_600_000;

export default defineConfig({
  test: {
    include: ['tests/**/*.test.ts'],
    globalSetup: ['tests/support/run-seed.ts', 'tests/support/shared-postgres.ts'],
    setupFiles: ['tests/support/seed-properties.ts'],
    pool: 'forks',
    // More than the two cores it is meant for: tests wait for servers and for programs that they start.
    maxWorkers: 3,
    sequence: { sequencer: LongestFirst },
    testTimeout: LIMIT_MS,
    hookTimeout: LIMIT_MS,
    expect: { poll: { timeout: 60_000, interval: 20 } },
  },
});
