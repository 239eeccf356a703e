import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Redis } from 'ioredis';
import pg from 'pg';
import { APPLICATION_ROLE } from '../../src/db/database.ts';
import { startPostgres } from '../../src/embedded/postgres.ts';
import { findRedisServer, type RedisBinary, startRedis } from '../../src/embedded/redis.ts';
import type { QueueBackend } from '../../src/queue/backend.ts';
import { copyCluster } from './cluster.ts';
import { scratchFolder } from './scratch-folder.ts';

/** A server of the test's own, so that it may be killed. */
export interface QueueServer {
  readonly backend: QueueBackend;
  /** SIGKILL; returns once it is gone. */
  kill(): Promise<void>;
  /** On the same folder and socket. */
  start(): Promise<void>;
  /** Forgets all jobs and schedules. */
  wipe(): Promise<void>;
  remove(): Promise<void>;
}

interface Running {
  readonly pid: number;
  readonly exited: Promise<unknown>;
  stop(): Promise<void>;
}

export async function findRedis(): Promise<RedisBinary | null> {
  return await findRedisServer({ cacheDir: path.join(tmpdir(), 'apportion-test-redis') });
}

export async function redisQueueServer(binary: RedisBinary): Promise<QueueServer> {
  const folder = scratchFolder('queue');
  const dir = path.join(folder, 'redis');
  const first = await startRedis({ binary, dir });
  return {
    backend: { kind: 'redis', path: first.path },
    ...lifeOf(folder, first, () => startRedis({ binary, dir })),
    async wipe() {
      const redis = new Redis(first.path);
      await redis.flushall();
      await redis.quit();
    },
  };
}

export async function postgresQueueServer(): Promise<QueueServer> {
  const folder = scratchFolder('queue');
  const dataDir = path.join(folder, 'postgres');
  const settings = { shared_buffers: '32MB', max_wal_size: '128MB', min_wal_size: '32MB' };
  copyCluster(dataDir);
  const first = await startPostgres({ dataDir, settings });
  const owner = { host: first.host, user: first.user, database: first.database };
  return {
    backend: { kind: 'postgres', connection: { ...owner, options: `-c role=${APPLICATION_ROLE}` } },
    ...lifeOf(folder, first, () => startPostgres({ dataDir, settings })),
    async wipe() {
      await asOwner(owner, async client => {
        await client.query('truncate queue.job, queue.scheduler, queue.event, queue.meta cascade');
      });
    },
  };
}

async function asOwner(config: pg.ClientConfig, work: (client: pg.Client) => Promise<void>): Promise<void> {
  const client = new pg.Client(config);
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}

function lifeOf(
  folder: string,
  first: Running,
  startAgain: () => Promise<Running>,
): Omit<QueueServer, 'backend' | 'wipe'> {
  let running = first;
  return {
    async kill() {
      process.kill(running.pid, 'SIGKILL');
      await running.exited;
    },
    async start() {
      running = await startAgain();
    },
    async remove() {
      await running.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
