import pg from 'pg';
import { describe, expect, onTestFinished, test } from 'vitest';
import { APPLICATION_ROLE, clientConfig } from '../../src/db/database.ts';
import type { QueueBackend } from '../../src/queue/backend.ts';
import { migrateQueue } from '../../src/queue/migrate.ts';
import { MAX_GROUPS } from '../../src/queue/names.ts';
import { openQueues } from '../../src/queue/queues.ts';
import { startEventWorkers } from '../../src/queue/workers.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { describeQueue } from '../support/queue-cases.ts';
import { postgresQueueServer } from '../support/queue-servers.ts';
import { rejectionOf } from '../support/refusals.ts';

describeQueue('Postgres', postgresQueueServer);

describe('the schema of the queue on Postgres', () => {
  async function emptyDatabase(): Promise<TestDatabase & { backend: QueueBackend }> {
    const database = await createTestDatabase({ empty: true });
    onTestFinished(() => database.drop());
    const connection = clientConfig({ address: database.address, role: 'application' });
    return { ...database, backend: { kind: 'postgres', connection } };
  }

  test('is missed with a remedy', async () => {
    const { backend } = await emptyDatabase();
    const refusal = await rejectionOf(openQueues({ backend, groups: 4 }));
    expect(refusal).toMatchObject({ code: 'queue_not_migrated', exitCode: 3 });
    expect(refusal.message).toMatch(/apportion migrate/);
  });

  test('comes to be once when twenty migrate at once, and again changes nothing', async () => {
    const { owner, backend } = await emptyDatabase();
    const clients = await Promise.all(Array.from({ length: 20 }, () => owner()));
    await Promise.all(clients.map(client => migrateQueue(client)));
    const [client] = clients;
    if (client === undefined) expect.fail('no client');
    const catalog = async () =>
      (
        await client.query(
          "select xmin, relname from pg_class where relnamespace = 'queue'::regnamespace order by relname",
        )
      ).rows;
    const before = await catalog();
    await migrateQueue(client);
    expect(await catalog()).toEqual(before);
    await (await openQueues({ backend, groups: 4 })).close();
  });

  test('lets the application, which owns nothing and may create nothing, use every queue', async () => {
    const { owner, address, backend } = await emptyDatabase();
    const client = await owner();
    await client.query(`revoke temporary on database ${address.database} from public`);
    await migrateQueue(client);
    const { rows } = await client.query(
      "select distinct pg_get_userbyid(relowner) as owner from pg_class where relnamespace = 'queue'::regnamespace",
    );
    expect(rows).not.toContainEqual({ owner: APPLICATION_ROLE });

    const queues = await openQueues({ backend, groups: MAX_GROUPS });
    onTestFinished(() => queues.close());
    const batches = Array.from({ length: MAX_GROUPS }, (_, bucket) => ({ bucket, batchId: `b${bucket}` }));
    await queues.enqueueBatches(batches);
    await queues.enqueueSettlement(batches.map(({ bucket }) => ({ runId: 'run', businessDay: '2018-03-28', bucket })));
    const night = { pattern: '30 3 * * *', tz: 'Asia/Shanghai' };
    await queues.putSchedules({ sweepEveryMs: 60_000, nightly: night, halfMonthly: night });
    expect(await queues.counts()).toMatchObject({
      events: { waiting: MAX_GROUPS },
      settlement: { waiting: MAX_GROUPS },
    });

    const application = new pg.Client(clientConfig({ address, role: 'application' }));
    await application.connect();
    onTestFinished(() => application.end());
    await expect(application.query('create table queue.mine ()')).rejects.toThrow(/permission denied/);
    await expect(application.query('delete from queue.migration')).rejects.toThrow(/permission denied/);
  });

  test('costs a set of workers a handful of connections, however many the groups', async () => {
    const { owner, address, backend } = await emptyDatabase();
    const client = await owner();
    await migrateQueue(client);
    const begun = new Set<string>();
    const workers = await startEventWorkers({
      backend,
      groups: 16,
      concurrency: 2,
      onError: () => {},
      handle: async ({ batchId }) => {
        begun.add(batchId);
      },
    });
    onTestFinished(() => workers.close());
    const queues = await openQueues({ backend, groups: 16 });
    await queues.enqueueBatches(Array.from({ length: 64 }, (_, bucket) => ({ bucket, batchId: `b${bucket}` })));
    await expect.poll(() => begun.size).toBe(64);
    await queues.close();
    const connections = async () =>
      (
        await client.query(
          `select pid from pg_stat_activity
           where datname = $1 and pid <> pg_backend_pid() and backend_type = 'client backend'`,
          [address.database],
        )
      ).rowCount;
    await expect.poll(connections).toBeLessThanOrEqual(5);
  });
});
