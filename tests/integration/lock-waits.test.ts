import type pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { lockReference } from '../../src/catalog/reference-version.ts';
import type { Database } from '../../src/db/database.ts';
import { takeTurn } from '../../src/db/turn.ts';
import { lockFund } from '../../src/funds/grant-step.ts';
import { lockWaits } from '../../src/lock-waits.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

let database: TestDatabase;
let db: Database;
beforeAll(async () => {
  database = await createTestDatabase();
  ({ db } = database);
});
afterAll(async () => await database.drop());

async function pidOf(tx: pg.ClientBase): Promise<number> {
  const { rows } = await tx.query<{ pid: number }>('select pg_backend_pid() as pid');
  return rows[0]?.pid ?? 0;
}

test('nobody waits where nobody is waited for', async () => {
  expect(await db.transaction(async tx => lockReference(tx, 'shared').then(() => lockWaits(db)))).toEqual([]);
});

test.each([
  ['the reference lock', async (tx: pg.ClientBase) => await lockReference(tx, 'exclusive')],
  ['the turn of bucket 5', async (tx: pg.ClientBase) => await takeTurn(tx, 5)],
  ['the lock of a fund or of statements', async (tx: pg.ClientBase) => await lockFund(tx, 'fund-1')],
  ['a row', async (tx: pg.ClientBase) => void (await tx.query(`insert into due_days values (1, '2018-04-10', 'dev')`))],
])('who waits for %s is told, with whom it waits for', async (lock, take) => {
  let holder = 0;
  const waiter = Promise.withResolvers<number>();
  let waiting: Promise<void> = Promise.resolve();
  await db
    .transaction(async tx => {
      holder = await pidOf(tx);
      await take(tx);
      waiting = db.transaction(async other => {
        waiter.resolve(await pidOf(other));
        await take(other);
      });
      const pid = await waiter.promise;
      await expect
        .poll(async () => await lockWaits(db), { timeout: 20_000 })
        .toEqual([
          {
            ...{ lock, pid, since: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) },
            for: [
              { pid: holder, address: null, since: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/), idle: true },
            ],
          },
        ]);
      throw new Error('taken back');
    })
    .catch(error => expect(error.message).toBe('taken back'));
  await waiting;
  await db.query('delete from due_days');
});
