import { hash } from 'node:crypto';
import fc from 'fast-check';
import type pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { claimedAt, type IdentityColumns, TAIL_BYTES } from '../../src/events/identity.ts';
import { IdentityTable } from '../../src/events/identity-table.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { runs } from '../support/runs.ts';

const BUCKET = 3;
const ALL = 400;

/** What one process has of the module, with a memory of its own. */
type Worker = Pick<
  typeof import('../../src/events/identities.ts'),
  'findIdentities' | 'claimIdentities' | 'storedSegments'
>;

async function newWorker(): Promise<Worker> {
  vi.resetModules();
  return await import('../../src/events/identities.ts');
}

let database: TestDatabase;
let owner: pg.Client;
beforeAll(async () => {
  database = await createTestDatabase();
  owner = await database.owner();
});
afterAll(async () => await database.drop());
beforeEach(async () => {
  await owner.query('truncate identity_segments');
  await owner.query('create table saved_segments (like identity_segments)');
});
afterEach(async () => {
  await owner.query('drop table saved_segments');
});

function identities(numbers: readonly number[]): IdentityColumns {
  const digests = numbers.map(number => hash('sha256', String(number), 'buffer'));
  return {
    heads: Float64Array.from(digests, digest => digest.readUIntBE(0, 6)),
    tails: Buffer.concat(digests.map(digest => Buffer.concat([digest.subarray(6), digest]).subarray(0, TAIL_BYTES))),
  };
}

const everything = identities(Array.from({ length: ALL }, (_, number) => number));
const numberOf = new Map(Array.from({ length: ALL }, (_, number) => [claimedAt(everything, number).identity, number]));

/** Those of all identities that the worker holds for claimed, and claims those of the numbers that it does not. */
async function takeTurn(
  worker: Worker,
  { numbers, commits }: { readonly numbers: readonly number[]; readonly commits: boolean },
): Promise<number[]> {
  const stop = new Error('rolled back');
  let known: number[] = [];
  const done = database.db.transaction(async tx => {
    const found = await worker.findIdentities(tx, BUCKET, [everything]);
    known = [...numberOf.values()].filter(number => found.find(everything, number) >= 0);
    const table = new IdentityTable();
    const wanted = identities(numbers);
    for (let place = 0; place < numbers.length; place += 1) {
      if (!known.includes(numbers[place] as number) && table.find(wanted, place) < 0) table.add(wanted, place);
    }
    await worker.claimIdentities(tx, BUCKET, table.entriesFrom(0));
    if (!commits) throw stop;
  });
  await done.catch(error => {
    if (error !== stop) throw error;
  });
  return known;
}

const step = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      kind: fc.constant('claim' as const),
      worker: fc.nat(1),
      numbers: fc.array(fc.nat(ALL - 1), { minLength: 1, maxLength: 12 }),
      commits: fc.integer({ min: 0, max: 3 }).map(chance => chance > 0),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('kill' as const), worker: fc.nat(1) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('save' as const, 'restore' as const) }) },
);

test('workers find exactly what is claimed, whoever claimed it, was killed or rolled back, and whatever Postgres was set back to', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 12, maxLength: 40 }), async steps => {
      await owner.query('truncate identity_segments, saved_segments');
      const workers = [await newWorker(), await newWorker()] as [Worker, Worker];
      let claimed = new Set<number>();
      let saved = new Set<number>();
      for (const each of steps) {
        if (each.kind === 'kill') workers[each.worker as 0 | 1] = await newWorker();
        if (each.kind === 'save') {
          await owner.query('truncate saved_segments');
          await owner.query('insert into saved_segments select * from identity_segments');
          saved = new Set(claimed);
        }
        if (each.kind === 'restore') {
          await owner.query('truncate identity_segments');
          await owner.query('insert into identity_segments select * from saved_segments');
          claimed = new Set(saved);
        }
        if (each.kind !== 'claim') continue;
        const known = await takeTurn(workers[each.worker as 0 | 1], each);
        expect(known).toEqual([...claimed].sort((a, b) => a - b));
        if (each.commits) for (const number of each.numbers) claimed.add(number);
      }
      const stored = await database.db.transaction(async tx =>
        Array.fromAsync(workers[0].storedSegments(tx, BUCKET), ({ segment }) => segment.heads.length),
      );
      expect(stored.reduce((sum, count) => sum + count, 0)).toBe(claimed.size);
    }),
    { numRuns: runs(25) },
  );
});
