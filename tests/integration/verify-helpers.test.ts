import { afterAll, beforeAll, expect, test } from 'vitest';
import { verify } from '../../src/verification/verify.ts';
import type { SettlementSystem } from '../support/settlement-system.ts';
import { openSmallInstallation } from '../support/small-installation.ts';

let system: SettlementSystem;

beforeAll(async () => {
  system = await openSmallInstallation();
});
afterAll(async () => await system.drop());

const withHelpers = async (count: number, address = system.database.address) => {
  const done: number[] = [];
  const { bucketCount, calendar, db } = system;
  const onProgress = (buckets: number) => done.push(buckets);
  const found = await verify(db, { bucketCount, calendar, helpers: { address, count }, onProgress });
  expect(done).toEqual([1, 2, 3, 4]);
  return found;
};

test('threads beside this one find what it finds alone', async () => {
  expect(await withHelpers(3)).toEqual(await system.verify());
  const owner = await system.owner();
  await owner.query('update earnings set clicks = clicks + 1');
  const alone = await system.verify();
  expect(new Set(alone.differences.map(({ table }) => table))).toEqual(new Set(['earnings']));
  expect(await withHelpers(3)).toEqual(alone);
  await owner.query('update earnings set clicks = clicks - 1');
});

test('what a helper fails at is checked without it', async () => {
  const nowhere = { host: '/nowhere', port: 1, user: 'nobody', database: 'none' };
  expect(await withHelpers(2, nowhere)).toMatchObject({ differenceCount: 0, checked: { lines: 32 } });
});
