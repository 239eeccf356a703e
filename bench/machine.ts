import os from 'node:os';
import { Redis } from 'ioredis';
import type { Queryable } from '../src/db/database.ts';

const SETTINGS = [
  ...['fsync', 'synchronous_commit', 'full_page_writes', 'wal_level', 'shared_buffers', 'max_wal_size', 'min_wal_size'],
  ...['checkpoint_timeout', 'work_mem', 'maintenance_work_mem', 'autovacuum', 'io_method', 'jit'],
];
const REDIS_SETTINGS = ['appendonly', 'appendfsync', 'save', 'maxmemory-policy'];

/** What the figures depend on, gathered as it becomes known. */
export class MachineNotes {
  readonly #notes: Record<string, string>;

  constructor() {
    const [cpu] = os.cpus();
    this.#notes = {
      processor: `${os.availableParallelism()} × ${cpu?.model.trim() ?? 'unknown'}`,
      memory: `${(os.totalmem() / 2 ** 30).toFixed(1)} GiB`,
      kernel: `${os.type()} ${os.release()} ${os.arch()}`,
      node: process.version,
    };
  }

  /** Asks the servers once; they are the same in every stage. */
  async askServers(owner: Queryable, redisPath: string | null): Promise<void> {
    if (this.#notes.postgres !== undefined) return;
    const { rows } = await owner.query<{ name: string; setting: string }>(
      `select name, current_setting(name) as setting
       from pg_settings
       where name = any ($1)
       order by array_position($1, name)`,
      [['server_version', ...SETTINGS]],
    );
    const [version, ...settings] = rows;
    this.#notes.postgres = `${version?.setting}: ${settings.map(row => `${row.name} ${row.setting}`).join(', ')}`;
    this.#notes.redis = redisPath === null ? 'none: the queue is in Postgres' : await describeRedis(redisPath);
  }

  asData(): Readonly<Record<string, string>> {
    return this.#notes;
  }

  asText(): string {
    return Object.entries(this.#notes)
      .map(([name, value]) => `${name.padEnd(9)}  ${value}`)
      .join('\n');
  }
}

async function describeRedis(path: string): Promise<string> {
  const redis = new Redis(path);
  try {
    const version = /redis_version:(\S+)/.exec(await redis.info('server'))?.[1] ?? 'unknown';
    const settings: string[] = [];
    for (const name of REDIS_SETTINGS) {
      const [, value = ''] = (await redis.config('GET', name)) as string[];
      settings.push(`${name} ${value === '' ? 'none' : value}`);
    }
    return `${version}: ${settings.join(', ')}`;
  } finally {
    redis.disconnect();
  }
}
