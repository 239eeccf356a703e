import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { clientConfig, Database, SCHEMA } from '../src/db/database.ts';
import { type EmbeddedServers, openHome, stopHome } from '../src/embedded/home.ts';
import type { Bench } from './bench.ts';
import { diskUse } from './disk-use.ts';
import type { ServerPids } from './processor-time.ts';

/** References keep their tables here: on the same server, and not counted as ours. */
const REFERENCE_DATABASE = 'bench_references';
const ROOT = fileURLToPath(new URL('..', import.meta.url));
const STOP_LIMIT_MS = 60_000;
/** What would lead a command away from the private servers of its home. */
const FOREIGN_VARIABLES = /^(APPORTION_|PG[A-Z]|DATABASE_URL$|REDIS_URL$)/;

const openHomes = new Set<BenchHome>();

/** A fresh folder with the private servers of the embedded mode, as every user has them, and what was started on them. */
export class BenchHome {
  readonly folder: string;
  readonly home: string;
  readonly servers: EmbeddedServers;
  readonly pids: ServerPids;
  /** The owner's connection to our database. */
  readonly owner: pg.Client;
  /** The owner's connection to the database of the references. */
  readonly references: pg.Client;
  readonly #children = new Set<ChildProcess>();
  readonly #databases = new Set<Database>();
  readonly #referenceDatabaseOid: string;

  private constructor(
    place: { readonly folder: string; readonly home: string },
    servers: EmbeddedServers,
    connections: { readonly owner: pg.Client; readonly references: pg.Client; readonly referenceDatabaseOid: string },
  ) {
    this.folder = place.folder;
    this.home = place.home;
    this.servers = servers;
    this.owner = connections.owner;
    this.references = connections.references;
    this.#referenceDatabaseOid = connections.referenceDatabaseOid;
    this.pids = {
      postmaster: pidIn(path.join(place.home, 'postgres', 'postmaster.pid')),
      redis: servers.redis === null ? null : pidIn(path.join(place.home, 'redis', 'redis.pid')),
    };
  }

  static async open(bench: Bench): Promise<BenchHome> {
    const folder = await mkdtemp(path.join(bench.folder, 'home-'));
    const home = path.join(folder, 'home');
    const servers = await openHome({ home });
    const owner = await connect(clientConfig({ address: servers.postgres, role: 'owner' }));
    await owner.query(`create database ${REFERENCE_DATABASE}`);
    const { rows } = await owner.query('select oid::text from pg_database where datname = $1', [REFERENCE_DATABASE]);
    const references = await connect({ ...servers.postgres, database: REFERENCE_DATABASE });
    await bench.machine.askServers(owner, servers.redis?.path ?? null);
    const opened = new BenchHome({ folder, home }, servers, { owner, references, referenceDatabaseOid: rows[0]?.oid });
    openHomes.add(opened);
    return opened;
  }

  /** A pool of the application's role, as our programs use it. */
  database(connections: number): Database {
    const database = new Database({ address: this.servers.postgres, role: 'application', connections });
    this.#databases.add(database);
    return database;
  }

  /** Where a program of a reference connects to. */
  get referenceAddress(): pg.ClientConfig {
    return { ...this.servers.postgres, database: REFERENCE_DATABASE };
  }

  /** Starts one of our programs on this home. Whoever starts it reads what it prints. */
  start(program: string, args: readonly string[]): ChildProcess {
    const child = spawn(process.execPath, [path.join(ROOT, program), ...args], {
      cwd: this.folder,
      env: { ...ownVariables(), APPORTION_HOME: this.home },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#children.add(child);
    child.once('exit', () => this.#children.delete(child));
    return child;
  }

  /** So that a run does not pay for what the one before it has left to be written. */
  async checkpoint(): Promise<void> {
    await this.owner.query('checkpoint');
  }

  /** Bytes of the data folders without the write-ahead log; call it after a checkpoint. */
  diskBytes(): { readonly postgres: number; readonly redis: number } {
    const without = ['pg_wal', `base/${this.#referenceDatabaseOid}`];
    return {
      postgres: diskUse(path.join(this.home, 'postgres'), { without }),
      redis: this.servers.redis === null ? 0 : diskUse(path.join(this.home, 'redis')),
    };
  }

  /** Bytes of each of our tables with its indexes; of a partitioned one, of each partition. */
  async tableBytes(): Promise<Map<string, number>> {
    const { rows } = await this.owner.query<{ name: string; bytes: string }>(
      `select relname as name, pg_total_relation_size(oid)::text as bytes
       from pg_class
       where relnamespace = $1::regnamespace and relkind = 'r'`,
      [SCHEMA],
    );
    return new Map(rows.map(row => [row.name, Number(row.bytes)]));
  }

  async close(): Promise<void> {
    openHomes.delete(this);
    await Promise.all([...this.#children].map(stopChild));
    await Promise.all([...this.#databases].map(database => database.close()));
    await Promise.allSettled([this.owner.end(), this.references.end()]);
    await this.servers.close();
    await stopHome({ home: this.home });
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** For an end before the end. */
export async function closeAllHomes(): Promise<void> {
  await Promise.allSettled([...openHomes].map(home => home.close()));
}

async function connect(config: pg.ClientConfig): Promise<pg.Client> {
  const client = new pg.Client(config);
  // A server that is stopped while we close must not end this process.
  client.on('error', () => {});
  await client.connect();
  return client;
}

export async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  const limit = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS);
  await exited;
  clearTimeout(limit);
}

function ownVariables(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !FOREIGN_VARIABLES.test(name)));
}

function pidIn(file: string): number {
  return Number(readFileSync(file, 'utf8').split('\n')[0]);
}
