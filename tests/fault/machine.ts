import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { type App, openApp } from '../../src/app.ts';
import { readConfig } from '../../src/config.ts';
import { type PostgresServer, startPostgres } from '../../src/embedded/postgres.ts';
import { POSTGRES_SOCKET } from '../../src/embedded/postgres-folder.ts';
import { endProcesses, processesIn } from '../../src/embedded/processes.ts';
import { type RedisBinary, type RedisServer, startRedis } from '../../src/embedded/redis.ts';
import { type ShortPath, shortPath } from '../../src/embedded/short-path.ts';
import { waitUntil } from '../../src/embedded/wait-until.ts';
import { migrateAll } from '../../src/migrate-all.ts';
import { copyCluster } from '../support/cluster.ts';
import { KeptWorker } from './kept-worker.ts';
import { databaseUrl, type ProcessOptions, ProductProcess, type WorkerKind } from './product-process.ts';

export type QueueKind = 'redis' | 'postgres';

/** Durable as in production; only the way back after a kill is short. */
const POSTGRES_SETTINGS = {
  shared_buffers: '128MB',
  max_wal_size: '128MB',
  min_wal_size: '32MB',
  checkpoint_timeout: '30s',
};
const RECOVERY_LIMIT_MS = 60_000;
const QUEUE_TABLES = ['meta', 'job', 'scheduler'];
const DEADLOCK = '40P01';
/** More in a row are no chance. */
const DEADLOCKS = 10;

/** A machine of the test's own: both servers, workers that are kept running, commands. Nothing of it is left after `close`. */
export class Machine {
  readonly folder: string;
  readonly queueKind: QueueKind;
  readonly workers: KeptWorker[] = [];
  readonly #redisBinary: RedisBinary | null;
  readonly #redisPort: number;
  readonly #env: Readonly<Record<string, string>>;
  readonly #socketFolder: ShortPath;
  readonly #commands = new Set<ProductProcess>();
  #postgres: PostgresServer;
  #redis: RedisServer | null = null;
  #watch: pg.Client | null = null;
  #app: Promise<App> | null = null;
  #commandCount = 0;

  private constructor(
    servers: { folder: string; postgres: PostgresServer; redisBinary: RedisBinary | null; redisPort: number },
    env: Readonly<Record<string, string>>,
  ) {
    this.folder = servers.folder;
    this.queueKind = servers.redisBinary === null ? 'postgres' : 'redis';
    this.#postgres = servers.postgres;
    this.#redisBinary = servers.redisBinary;
    this.#redisPort = servers.redisPort;
    this.#env = env;
    this.#socketFolder = shortPath(servers.postgres.dataDir, POSTGRES_SOCKET);
  }

  /** `redis`: the server to use for the queue; null leaves the queue to Postgres. */
  static async start(redis: RedisBinary | null, env: Readonly<Record<string, string>>): Promise<Machine> {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'apportion-fault-'));
    let machine: Machine | null = null;
    try {
      const redisPort = redis === null ? 0 : await freePort();
      const dataDir = path.join(folder, 'postgres');
      copyCluster(dataDir);
      const postgres = await startPostgres({ dataDir, settings: POSTGRES_SETTINGS });
      machine = new Machine({ folder, postgres, redisBinary: redis, redisPort }, env);
      await machine.#startRedis();
      await migrateAll(readConfig(machine.env('owner'), folder), machine.address);
      return machine;
    } catch (error) {
      await machine?.close();
      rmSync(folder, { recursive: true, force: true });
      throw error;
    }
  }

  get address() {
    const { port, user, database } = this.#postgres;
    return { host: this.#socketFolder.path, port, user, database };
  }

  env(application: string): Record<string, string> {
    return {
      ...this.#env,
      DATABASE_URL: databaseUrl(this.address, application),
      APPORTION_QUEUE: this.queueKind,
      ...(this.#redisBinary === null ? {} : { REDIS_URL: `redis://127.0.0.1:${this.#redisPort}` }),
    };
  }

  /** The application inside this process, as a command has it. */
  async app(): Promise<App> {
    this.#app ??= openApp(readConfig(this.env('test'), this.folder));
    return await this.#app;
  }

  keep(kind: WorkerKind): KeptWorker {
    const worker = new KeptWorker(kind, `${kind}-${this.workers.length}`, application => this.#options(application));
    this.workers.push(worker);
    return worker;
  }

  /** A command, with the name of its sessions. */
  command(args: readonly string[]): { readonly process: ProductProcess; readonly application: string } {
    this.#commandCount += 1;
    const application = `${args[0]}-command-${this.#commandCount}`;
    const process = ProductProcess.command(args, this.#options(application));
    this.#commands.add(process);
    const forget = () => this.#commands.delete(process);
    process.exited.then(forget, forget);
    return { process, application };
  }

  /** Looks into the database as its owner, on one connection that is made again after each of its ends. */
  async look<Result>(work: (client: pg.Client) => Promise<Result>): Promise<Result> {
    if (this.#watch === null) {
      const client = new pg.Client({ ...this.address, options: '-c search_path=apportion', application_name: 'watch' });
      client.on('error', () => {});
      await client.connect();
      this.#watch = client;
    }
    try {
      return await work(this.#watch);
    } catch (error) {
      await this.#stopWatching();
      throw error;
    }
  }

  /** SIGKILL to every process of the server at once, as when the machine goes down; then it is started again. */
  async crashPostgres(): Promise<void> {
    const { pid, dataDir, exited } = this.#postgres;
    const backends = () => processesIn(dataDir, ['postgres']);
    process.kill(pid, 'SIGKILL');
    await endProcesses(backends, { signal: 'SIGKILL', graceMs: 1_000 });
    await exited;
    await this.#stopWatching();
    this.#postgres = await startPostgres({ dataDir, settings: POSTGRES_SETTINGS, limitMs: RECOVERY_LIMIT_MS });
  }

  /** SIGKILL; `meanwhile` has its folder to itself before it is started again. */
  async crashRedis(meanwhile: (folder: string) => void = () => {}): Promise<void> {
    const redis = this.#redis;
    if (redis === null) throw new Error('this machine has no Redis');
    process.kill(redis.pid, 'SIGKILL');
    await redis.exited;
    meanwhile(redis.dir);
    await this.#startRedis();
  }

  /** A copy of the queue as it is now, for `putQueueBack`. */
  async saveQueue(): Promise<void> {
    if (this.#redis !== null) {
      cpSync(this.#redis.dir, this.#savedRedis, { recursive: true, filter: file => !file.endsWith('.sock') });
      return;
    }
    await this.look(async client => {
      await client.query('create schema saved');
      for (const table of QUEUE_TABLES) await client.query(`create table saved.${table} as table queue.${table}`);
    });
  }

  /** The queue as it was when it was saved; a Redis is killed for it. */
  async putQueueBack(): Promise<void> {
    if (this.#redis !== null) {
      await this.crashRedis(folder => {
        rmSync(folder, { recursive: true });
        cpSync(this.#savedRedis, folder, { recursive: true });
      });
      return;
    }
    await this.#replaceQueueTables(
      QUEUE_TABLES.map(table => `insert into queue.${table} overriding system value table saved.${table}`),
    );
  }

  /** Nothing is left of the queue; a Redis is killed for it. */
  async wipeQueue(): Promise<void> {
    if (this.#redis !== null) await this.crashRedis(folder => rmSync(folder, { recursive: true }));
    else await this.#replaceQueueTables([]);
  }

  async close(): Promise<void> {
    await Promise.allSettled([
      ...this.workers.map(worker => worker.abandon()),
      ...[...this.#commands].map(command => command.kill()),
    ]);
    await this.#app?.then(app => app.close()).catch(() => {});
    await this.#stopWatching();
    await this.#redis?.stop();
    await this.#postgres.stop();
    this.#socketFolder.release();
    rmSync(this.folder, { recursive: true, force: true });
  }

  get #savedRedis(): string {
    return path.join(this.folder, 'redis-saved');
  }

  #options(application: string): ProcessOptions {
    return { env: this.env(application), cwd: this.folder };
  }

  async #startRedis(): Promise<void> {
    if (this.#redisBinary === null) return;
    const dir = path.join(this.folder, 'redis');
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    this.#redis = await startRedis({ binary: this.#redisBinary, dir, port: this.#redisPort });
  }

  /** Takes all tables of the queue from workers that use some of them: of two that wait for one another, Postgres may end this one. */
  async #replaceQueueTables(statements: readonly string[]): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        await this.look(async client => {
          await client.query('begin');
          await client.query(`truncate ${QUEUE_TABLES.map(table => `queue.${table}`).join(', ')} cascade`);
          for (const statement of statements) await client.query(statement);
          await client.query('commit');
        });
        return;
      } catch (error) {
        const isDeadlock = error instanceof pg.DatabaseError && error.code === DEADLOCK;
        if (!isDeadlock || attempt === DEADLOCKS) throw error;
      }
    }
  }

  async #stopWatching(): Promise<void> {
    const client = this.#watch;
    this.#watch = null;
    await client?.end().catch(() => {});
  }
}

/** A TCP port that nobody has, below those that the system gives to outgoing connections while its server is away. */
async function freePort(): Promise<number> {
  let port = 0;
  const found = await waitUntil(
    async () => {
      port = 20_000 + Math.floor(Math.random() * 10_000);
      return await isFree(port);
    },
    { limitMs: 30_000, everyMs: 0 },
  );
  if (!found) throw new Error('no TCP port is free');
  return port;
}

async function isFree(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const server = net.createServer();
  server.once('error', () => resolve(false));
  server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  return await promise;
}
