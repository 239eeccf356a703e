import { Redis } from 'ioredis';
import { expect, onTestFinished, test } from 'vitest';
import { MAINTENANCE_QUEUE, queueNames } from '../../src/queue/names.ts';
import { openQueues } from '../../src/queue/queues.ts';
import { describeQueue } from '../support/queue-cases.ts';
import { findRedis, redisQueueServer } from '../support/queue-servers.ts';

const binary = await findRedis();

if (binary === null) {
  test.skip('the queue on Redis: no Redis server was found here', () => {});
} else {
  describeQueue('Redis', () => redisQueueServer(binary));

  test('every key bears the hash tag of its queue, so that a Redis Cluster keeps a queue on one shard', async () => {
    const server = await redisQueueServer(binary);
    onTestFinished(() => server.remove());
    if (server.backend.kind !== 'redis' || !('path' in server.backend)) expect.fail('not a private Redis');
    const queues = await openQueues({ backend: server.backend, groups: 2 });
    onTestFinished(() => queues.close());
    await queues.enqueueBatches([0, 1].map(bucket => ({ bucket, batchId: `b${bucket}` })));
    await queues.enqueueSettlement([0, 1].map(bucket => ({ bucket, runId: 'run', businessDay: '2018-03-28' })));
    const night = { pattern: '30 3 * * *', tz: 'Asia/Shanghai' };
    await queues.putSchedules({ sweepEveryMs: 60_000, nightly: night, halfMonthly: night });

    const redis = new Redis(server.backend.path);
    onTestFinished(() => redis.disconnect());
    const tags = (await redis.keys('*')).map(key => /^apportion:(\{[^{}]+\}):/.exec(key)?.[1] ?? key);
    const queueTags = [...queueNames('events', 2), ...queueNames('settlement', 2), MAINTENANCE_QUEUE];
    expect([...new Set(tags)].toSorted()).toEqual(queueTags.toSorted());
  });
}
