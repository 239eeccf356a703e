import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { slowRuns } from '../support/runs.ts';
import { SettlementSystem } from '../support/settlement-system.ts';
import { EXAMPLES, history, type Step } from './histories.ts';
import { SideBySide } from './side-by-side.ts';

const { numRuns, options, limitMs } = slowRuns(12);

const INVALID_REASONS = [
  'click_farm',
  'click_too_soon',
  'click_without_impression',
  'data_centre',
  'implausible_rate',
  'known_bot',
  'refund',
  'repeated_click',
];

let system: SettlementSystem;
beforeAll(async () => {
  system = await SettlementSystem.open({ bucketCount: 4 });
});
afterAll(async () => await system.drop());

test(
  'whatever happens, in whatever order, the program agrees with the model to the nano',
  async () => {
    const seen = {
      transfers: 0,
      corrections: 0,
      rejected: new Set<string>(),
      repeats: 0,
      conflicts: 0,
      acceptances: 0,
      confirmations: 0,
      decisions: 0,
      invalid: new Set<string>(),
      ofProviders: 0,
    };
    await fc.assert(
      fc.asyncProperty(history, async steps => {
        const both = await SideBySide.begin(system);
        for (const step of steps) {
          await both.take(step);
          await both.compare();
          if (step.kind.startsWith('settle')) await both.verify();
        }
        await both.take({ kind: 'process', bucket: null, batchEvents: 3 });
        await both.take({ kind: 'settle-due' });
        await both.compare();
        await both.verify();
        const { transfers, counts } = both.model;
        seen.transfers += transfers.length;
        seen.corrections += transfers.filter(transfer => transfer.version > 1).length;
        seen.repeats += counts.duplicates;
        seen.conflicts += counts.conflicts;
        seen.acceptances += both.model.plans.acceptances;
        seen.confirmations += both.model.providers.confirmations;
        seen.decisions += both.model.invalidations.recorded;
        seen.ofProviders += transfers.filter(transfer => transfer.provider !== null).length;
        for (const row of [...both.model.deductions(new Set()), ...both.model.earnings({ alone: true })]) {
          seen.invalid.add((row.split('|')[5] ?? '').replace(/ by .*/, ''));
        }
        for (const reason of Object.keys(counts.rejected)) seen.rejected.add(reason);
      }),
      { ...options, examples: EXAMPLES.map(steps => [steps] as [Step[]]) },
    );
    // Histories in which nothing happens would agree too.
    expect(seen.transfers).toBeGreaterThan(10 * numRuns);
    expect(seen.acceptances).toBeGreaterThan(numRuns / 5);
    for (const each of [seen.corrections, seen.repeats, seen.conflicts]) expect(each).toBeGreaterThan(numRuns);
    for (const each of [seen.confirmations, seen.decisions, seen.ofProviders])
      expect(each).toBeGreaterThan(numRuns / 4);
    expect(INVALID_REASONS.filter(reason => seen.invalid.has(reason)).length).toBeGreaterThan(4);
    expect(seen.rejected.size).toBeGreaterThan(10);
  },
  limitMs,
);
