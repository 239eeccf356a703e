import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import type { Database } from '../../src/db/database.ts';
import { waitUntil } from '../../src/embedded/wait-until.ts';
import { acceptFile } from '../../src/events/accept-file.ts';
import { Closing, click } from '../support/closing.ts';
import { rejectionOf } from '../support/refusals.ts';

test('a period closed while its last batch was in flight', async () => {
  const closing = await Closing.forTest();
  await closing.earn('2018-04-20');
  closing.tick();
  await closing.system.ingest([click('2018-04-21', '4.00')]);
  closing.tick();
  const id = await closing.proposeClosing('2018-04-H2');
  expect(await rejectionOf(closing.approve(id))).toMatchObject({
    code: 'period_blocked',
    message: expect.stringContaining(
      '1 batch accepted up to 2018-05-20T04:00:02.000Z, the first at 2018-05-20T04:00:01.000Z, is not processed',
    ),
  });
  await closing.system.processAll();
  expect(await rejectionOf(closing.approve(id))).toMatchObject({ code: 'period_blocked' });
  await closing.system.settleDue();
  await closing.approve(id);
  expect(await closing.ledgerOf('2018-04-H2')).toContain('2018-04-21 app_7_1 ad_revenue > payable 2000000000 v1');
  expect((await closing.system.verify()).differences).toEqual([]);
});

test('a closing waits for a batch that is accepted before the cut and not committed yet', async () => {
  const closing = await Closing.forTest();
  const { system } = closing;
  await closing.earn('2018-04-20');
  const { promise: committed, resolve: commit } = Promise.withResolvers<void>();
  const { promise: inserted, resolve: onInserted } = Promise.withResolvers<void>();
  const file = path.join(system.folder, 'slow.ndjson');
  await writeFile(file, `${click('2018-04-21', '4.00')}\n`);
  const { db, calendar, bucketCount, now: acceptedAt } = system;
  const slow = {
    query: db.query.bind(db),
    transaction: async (work: Parameters<Database['transaction']>[0]) =>
      await db.transaction(async tx => {
        const result = await work(tx);
        onInserted();
        await committed;
        return result;
      }),
  } as unknown as Database;
  const accepting = acceptFile(
    { db: slow, calendar, bucketCount, now: () => acceptedAt, enqueue: async () => {} },
    { path: file, format: 'ndjson', clock: acceptedAt, batchEvents: 100 },
  );
  await inserted;
  closing.tick();
  const id = await closing.proposeClosing('2018-04-H2');
  const refusal = rejectionOf(closing.approve(id));
  const waiting = async () =>
    (await db.query(`select from pg_locks where locktype = 'advisory' and not granted`)).rowCount === 1;
  expect(await waitUntil(waiting, { limitMs: 60_000 })).toBe(true);
  commit();
  expect(await refusal).toMatchObject({ code: 'period_blocked', details: { blocks: [{ code: 'batches_waiting' }] } });
  await accepting;
});
