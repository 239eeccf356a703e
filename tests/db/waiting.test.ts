import type pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { clientConfig, Database } from '../../src/db/database.ts';
import { type Lock, takeLock } from '../../src/db/lock.ts';
import { takeTurn } from '../../src/db/turn.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { rejectionOf } from '../support/refusals.ts';

let database: TestDatabase;
let db: Database;
beforeAll(async () => {
  database = await createTestDatabase();
  ({ db } = database);
});
afterAll(async () => await database.drop());

const LOCK: Lock = {
  name: 'the lock of a test',
  holders: 'another part of it',
  waitMs: 50,
  key: { text: 'apportion.test', number: 7 },
};

test('a lock that is not given is named, with who may hold it, and waited for no longer than its limit', async () => {
  await db.transaction(async tx => {
    await takeLock(tx, LOCK, 'shared');
    await db.transaction(async other => await takeLock(other, LOCK, 'shared'));
    const refusal = await rejectionOf(db.transaction(async other => await takeLock(other, LOCK)));
    expect(refusal).toMatchObject({ code: 'database_busy', exitCode: 3, details: { sqlstate: '55P03' } });
    expect(refusal.message).toBe(
      'the lock of a test was not free for 0.05 s: it is held by another part of it; try again, for nothing was done by halves; who waits for whom is told by: npx apportion status',
    );
    // Another number is another lock.
    const key = { text: 'apportion.test', number: 8 };
    await db.transaction(async other => await takeLock(other, { ...LOCK, key }));
  });
});

test('a row that somebody else holds is waited for no longer than the limit', async () => {
  const owner = await database.owner();
  await owner.query(
    `create table kept (id int primary key); grant all on kept to apportion_app; insert into kept values (1)`,
  );
  await db.transaction(async tx => {
    await tx.query('select from kept where id = 1 for update');
    const late = db.transaction(async other => {
      await other.query('set local lock_timeout = 50');
      await other.query('select from kept where id = 1 for update');
    });
    expect(await rejectionOf(late)).toMatchObject({ code: 'database_busy', details: { sqlstate: '55P03' } });
  });
});

test('of two that wait for each other one goes on, and the other is told to try again', async () => {
  const bothHold = [Promise.withResolvers<void>(), Promise.withResolvers<void>()] as const;
  const hold = async (own: 0 | 1) =>
    await db.transaction(async tx => {
      await takeTurn(tx, own);
      bothHold[own].resolve();
      await Promise.all(bothHold.map(each => each.promise));
      await takeTurn(tx, 1 - own);
    });
  const ends = await Promise.allSettled([hold(0), hold(1)]);
  const reasons = ends.flatMap(end => (end.status === 'rejected' ? [end.reason] : []));
  expect(reasons).toHaveLength(1);
  expect(reasons[0]).toMatchObject({ code: 'database_busy', details: { sqlstate: '40P01' } });
  expect(reasons[0].message).toContain('; try again');
});

test('a program that stands still in a transaction loses its locks, and is told so', async () => {
  const { promise: held, resolve: onHeld } = Promise.withResolvers<void>();
  const { promise: freed, resolve: onFreed } = Promise.withResolvers<void>();
  const standing = rejectionOf(
    db.transaction(async tx => {
      await tx.query('set local idle_in_transaction_session_timeout = 100');
      await takeTurn(tx, 3);
      onHeld();
      await freed;
      await tx.query('select 1');
    }),
  );
  await held;
  await db.transaction(async tx => await takeTurn(tx, 3));
  onFreed();
  const refusal = await standing;
  expect(refusal).toMatchObject({ code: 'database_busy', details: { sqlstate: '25P03' } });
  expect(refusal.message).toContain('this program stood still for too long');
});

test.each([
  ['application', '1min'],
  ['owner', '5min'],
] as const)('the limits of the %s, and of who only reads', async (role, lockTimeout) => {
  const own = new Database({ address: database.address, role, connections: 1 });
  const settingsIn = async (tx: pg.ClientBase) => {
    const { rows } = await tx.query<{ name: string; setting: string }>(
      `select name, current_setting(name) as setting
       from unnest(array['lock_timeout', 'idle_in_transaction_session_timeout']) as name`,
    );
    return rows.map(row => row.setting);
  };
  expect(await own.transaction(settingsIn)).toEqual([lockTimeout, '2min']);
  expect(await own.snapshot(settingsIn)).toEqual([lockTimeout, '1h']);
  // The hour ends with the snapshot.
  expect(await own.transaction(settingsIn)).toEqual([lockTimeout, '2min']);
  await own.close();
});

test.each(['application', 'owner'] as const)(
  'a machine that has vanished is given up before others end their wait: %s',
  role => {
    const { options } = clientConfig({
      address: { url: 'postgres://db.example/app?options=-c%20lock_timeout%3D0' },
      role,
    });
    const settings = new Map([...String(options).matchAll(/-c (\w+)=(\w+)/g)].map(([, name, value]) => [name, value]));
    const [idle, interval, count] = ['idle', 'interval', 'count'].map(each =>
      Number(settings.get(`tcp_keepalives_${each}`)),
    );
    expect((idle ?? NaN) + (interval ?? NaN) * (count ?? NaN)).toBeLessThan(30);
    expect(Number(settings.get('tcp_user_timeout'))).toBeLessThan(30_000);
    // The last one counts, so no address of a database can do without the limits.
    expect(settings.get('lock_timeout')).not.toBe('0');
  },
);
