import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { BucketOfRun } from '../../src/settlement/settle-bucket.ts';
import { slowRuns } from '../support/runs.ts';
import { SettlementSystem } from '../support/settlement-system.ts';
import { history } from './histories.ts';
import { BAD_LINES, eventLine, RESPELLINGS } from './lines.ts';
import { readRecord, replay } from './record.ts';
import { SideBySide } from './side-by-side.ts';
import { deductionsOf } from './stored-ledger.ts';
import { DAYS, FIRST_CATALOG, FIRST_PLANS, START } from './world.ts';

const { options, limitMs } = slowRuns(6);

let system: SettlementSystem;
beforeAll(async () => {
  system = await SettlementSystem.open({ bucketCount: 4 });
});
afterAll(async () => await system.drop());

/** What must be the same, to the nano. */
async function state() {
  const { received, pending, ...counts } = await system.summary();
  return {
    counts,
    earnings: await system.earnings(),
    ledger: await system.ledger(),
    balances: await system.balances(),
    deductions: await deductionsOf(system.db, new Set()),
  };
}

describe('any order and any batching of events without conflicting identities', () => {
  /** Each line has an id of its own; repeats of it may be spelled otherwise. */
  const linesWithoutConflicts = fc
    .array(fc.record({ line: eventLine, repeats: fc.subarray(RESPELLINGS, { maxLength: 2 }) }), {
      minLength: 1,
      maxLength: 60,
      size: 'max',
    })
    .map(all =>
      all.flatMap(({ line, repeats }, index) => {
        const event = JSON.parse(line);
        const own = JSON.stringify(event.id === '' || event.id === 7 ? event : { ...event, id: `u${index}` });
        return [own, ...repeats.map(respell => respell(own))];
      }),
    )
    .map(lines => [...lines, ...BAD_LINES]);

  /** The order of the lines, how they are cut into files, and when what is processed. */
  interface Arrangement {
    readonly order: readonly number[];
    readonly cuts: readonly number[];
    readonly acceptedAtATime: number;
    readonly processedAtATime: number;
    readonly bucketOrder: readonly number[];
    readonly between: 'nothing' | 'process one bucket' | 'process all' | 'process and settle';
  }

  const arrangementOf = (lines: readonly string[]): fc.Arbitrary<Arrangement> =>
    fc.record({
      order: fc.shuffledSubarray([...lines.keys()], { minLength: lines.length }),
      cuts: fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 8, size: 'max' }),
      acceptedAtATime: fc.constantFrom(1, 5, 1000),
      processedAtATime: fc.constantFrom(1, 11, 1000),
      bucketOrder: fc.shuffledSubarray([0, 1, 2, 3], { minLength: 4 }),
      between: fc.constantFrom('nothing', 'process one bucket', 'process all', 'process and settle'),
    });

  const plainArrangement = (lines: readonly string[]): Arrangement => ({
    order: [...lines.keys()],
    cuts: [lines.length],
    acceptedAtATime: 1000,
    processedAtATime: 1000,
    bucketOrder: [0, 1, 2, 3],
    between: 'nothing',
  });

  async function arrange(lines: readonly string[], how: Arrangement): Promise<Awaited<ReturnType<typeof state>>> {
    const { cuts, acceptedAtATime, processedAtATime: batchEvents, bucketOrder, between } = how;
    await system.reset(START);
    await system.importCatalog(FIRST_CATALOG);
    await system.importPlans(...FIRST_PLANS);
    const left = how.order.map(place => lines[place] as string);
    for (let file = 0; left.length > 0; file += 1) {
      const some = left.splice(0, cuts[file % cuts.length]);
      await system.ingest(some, { batchEvents: acceptedAtATime });
      if (between === 'process one bucket') await system.process({ batchEvents, buckets: new Set([file % 4]) });
      if (between.startsWith('process a')) await system.process({ batchEvents });
      if (between === 'process and settle') await system.settle(DAYS[file % 6] as string);
    }
    for (const bucket of bucketOrder) await system.process({ batchEvents, buckets: new Set([bucket]) });
    await system.settleDue();
    return await state();
  }

  test(
    'give the same earnings, counts and balances, and settled once the same ledger',
    async () => {
      await fc.assert(
        fc.asyncProperty(
          linesWithoutConflicts.chain(lines =>
            fc.tuple(fc.constant(lines), arrangementOf(lines), arrangementOf(lines)),
          ),
          async ([lines, ...arrangements]) => {
            const { ledger, ...rest } = await arrange(lines, plainArrangement(lines));
            expect(rest.counts.conflicts).toBe(0);
            for (const how of arrangements) {
              const { ledger: otherLedger, ...otherRest } = await arrange(lines, how);
              expect(otherRest).toEqual(rest);
              if (how.between !== 'process and settle') expect(otherLedger).toEqual(ledger);
            }
            expect((await system.verify()).differences).toEqual([]);
          },
        ),
        options,
      );
    },
    limitMs,
  );
});

test(
  'a replay in the recorded order into an empty database gives the same ledger, conflicts and all',
  async () => {
    await fc.assert(
      fc.asyncProperty(history, async steps => {
        const both = await SideBySide.begin(system);
        for (const step of steps) await both.take(step);
        await system.processAll();
        const recorded = await readRecord(system);
        const before = await state();
        await replay(system, recorded);
        expect(await state()).toEqual(before);
        expect((await system.verify()).differences).toEqual([]);
      }),
      options,
    );
  },
  limitMs,
);

test(
  'the same files, batches, runs and imports again change nothing',
  async () => {
    // A catalog that grows meanwhile would let lines count that were rejected before.
    const withoutCatalogs = history.map(steps => steps.filter(step => step.kind !== 'import-catalog'));
    await fc.assert(
      fc.asyncProperty(withoutCatalogs, async steps => {
        const both = await SideBySide.begin(system);
        for (const step of steps) await both.take(step);
        await system.processAll();
        await system.settleDue();
        const jobs = await settledBuckets();
        const { counts, ...before } = await state();

        for (const { lines, clock } of both.files) await system.ingest(lines, { asOf: clock });
        await system.processAll();
        for (const { kind, text } of system.imports.slice(-1)) await system.import(kind, text);
        for (const job of jobs) await system.settleBucket(job);
        for (const day of DAYS.slice(0, -1)) await system.settle(day);
        await system.settleDue();

        const { counts: countsAfter, ...after } = await state();
        expect(after).toEqual(before);
        expect(countsAfter.accepted).toBe(counts.accepted);
        expect((await system.verify()).differences).toEqual([]);
      }),
      options,
    );
  },
  limitMs,
);

async function settledBuckets(): Promise<BucketOfRun[]> {
  const { rows } = await system.db.query<BucketOfRun>(
    `select done.run_id as "runId", run.business_date as "businessDay", done.bucket
     from settlement_run_buckets as done
     join settlement_runs as run on run.run_id = done.run_id`,
  );
  return rows;
}
