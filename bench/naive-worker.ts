import { Worker } from 'bullmq';
import { Redis } from 'ioredis';
import pg from 'pg';
import type { AdEvent } from '../src/domain/ad-event.ts';
import type { EventTable } from './event-tables.ts';
import { NAIVE_PREFIX, NAIVE_QUEUE } from './reference-naive.ts';

// A process of the naive reference. It tells its parent how many jobs it has done since it last said so: first 0, once it takes any.

const CONCURRENCY = 100;
const CONNECTIONS = 32;
const REPORT_MS = 10;
const { redisPath, postgres, table } = JSON.parse(process.argv[2] ?? '{}') as {
  readonly redisPath: string;
  readonly postgres: pg.PoolConfig;
  readonly table: EventTable;
};
const INSERT = {
  name: 'insert-event',
  text: `insert into ${table} (id, type, occurred_at, app_id, ad_unit_id, currency, price, campaign_id, impression_id, device_id,
       user_agent, ip)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
     on conflict do nothing`,
};

const pool = new pg.Pool({ ...postgres, max: CONNECTIONS });
pool.on('error', () => {});
const redis = new Redis(redisPath, { maxRetriesPerRequest: null });
let done = 0;
const worker = new Worker<AdEvent>(
  NAIVE_QUEUE,
  async ({ data: event }) => {
    await pool.query({
      ...INSERT,
      values: [
        ...[event.id, event.type, new Date(event.occurredAtMs), event.appId, event.adUnitId, event.currency],
        ...[event.price, event.campaignId, event.impressionId, event.deviceId, event.userAgent, event.ip],
      ],
    });
    done += 1;
  },
  { connection: redis, prefix: NAIVE_PREFIX, concurrency: CONCURRENCY },
);
worker.on('error', error => console.error(error.message));
await worker.waitUntilReady();
process.send?.(0);
setInterval(() => {
  if (done === 0) return;
  process.send?.(done);
  done = 0;
}, REPORT_MS);
process.once('SIGTERM', async () => {
  await worker.close();
  await pool.end();
  redis.disconnect();
  process.exit(0);
});
