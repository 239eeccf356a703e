import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { Redis } from 'ioredis';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { readConfig } from '../../src/config.ts';
import { type PostgresServer, startPostgres } from '../../src/embedded/postgres.ts';
import { type RedisServer, startRedis } from '../../src/embedded/redis.ts';
import { CliFolder, type CliOptions, onlyComplaint } from '../support/cli.ts';
import { findRedis } from '../support/queue-servers.ts';
import { catalogText, planEntry, plansText } from '../support/reference-files.ts';
import { refusalOf } from '../support/refusals.ts';

const SECRET = 'correct-horse';
const WRONG_SECRET = 'battery-staple';
const AS_OF = ['--as-of', '2018-04-16T02:00:00+08:00'];

const cli = new CliFolder();
const redisBinary = await findRedis();
let server: PostgresServer;
let nobodysPort: number;

beforeAll(async () => {
  nobodysPort = await freePort();
  server = await startPostgres({ dataDir: path.join(cli.folder, 'postgres'), settings: { shared_buffers: '32MB' } });
  await asOwner(async client => {
    await client.query(`create role operator superuser login password '${SECRET}'`);
    // The role of the tests stays trusted; everybody else has to know a password.
    const file = path.join(server.dataDir, 'pg_hba.conf');
    writeFileSync(file, `local all ${server.user} trust\nlocal all all scram-sha-256\n`);
    await client.query('select pg_reload_conf()');
    await client.query('create database ads');
  });
  const { exitCode } = await cli.run(['migrate'], { env: { DATABASE_URL: databaseUrl() } });
  expect(exitCode).toBe(0);
});
afterAll(async () => {
  await cli.close();
  await server.stop();
  rmSync(server.dataDir, { recursive: true, force: true });
});

interface Place {
  readonly database?: string;
  readonly password?: string;
}

function databaseUrl({ database = 'ads', password = SECRET }: Place = {}): string {
  return `postgres://operator:${password}@localhost/${database}?host=${encodeURIComponent(server.host)}`;
}

async function asOwner<Value>(work: (client: pg.Client) => Promise<Value>, database = server.database): Promise<Value> {
  const client = new pg.Client({ host: server.host, user: server.user, database, options: '-c search_path=apportion' });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

async function freePort(): Promise<number> {
  const listener = net.createServer().listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const address = listener.address();
  listener.close();
  return typeof address === 'object' && address !== null ? address.port : expect.fail('no port');
}

function event(id: string): object {
  return {
    ...{ id, type: 'impression', occurred_at: '2018-04-15T10:00:00+08:00', currency: 'CNY', price: '2.50' },
    ...{ app_id: 'app_7_1', ad_unit_id: 'unit_7_1_b' },
  };
}

/** A refused command: its exit code and its one line, in which no password may stand. */
async function refusal(
  args: readonly string[],
  options: CliOptions,
): Promise<{ exitCode: number | null; line: string }> {
  const result = await cli.run(args, options);
  expect(result.stdout).toBe('');
  const line = onlyComplaint(result);
  for (const secret of [SECRET, WRONG_SECRET]) expect(line).not.toContain(secret);
  return { exitCode: result.exitCode, line };
}

describe('Postgres', () => {
  const CASES: readonly { name: string; url: () => string; says: RegExp }[] = [
    {
      name: 'is not there',
      url: () => `postgres://operator:${SECRET}@127.0.0.1:${nobodysPort}/ads`,
      says: /^apportion: Postgres can't be used: connect ECONNREFUSED 127\.0\.0\.1:\d+; check that the server runs and can be reached/,
    },
    {
      name: 'is on a host that nobody knows',
      url: () => `postgres://operator:${SECRET}@nowhere.invalid/ads`,
      says: /^apportion: Postgres can't be used: getaddrinfo \w+ nowhere\.invalid; check that the server runs/,
    },
    {
      name: 'refuses the password',
      url: () => databaseUrl({ password: WRONG_SECRET }),
      says: /^apportion: Postgres can't be used: password authentication failed for user "operator"; check the user and password in DATABASE_URL$/,
    },
    {
      name: 'lacks the database',
      url: () => databaseUrl({ database: 'adds' }),
      says: /^apportion: Postgres can't be used: database "adds" does not exist; create the database, or correct its name in DATABASE_URL$/,
    },
  ];
  test.concurrent.each(CASES)('$name', async ({ url, says }) => {
    const { line, exitCode } = await refusal(['ledger', 'trial-balance'], { env: { DATABASE_URL: url() } });
    expect(line).toMatch(says);
    expect(exitCode).toBe(3);
  });

  test.concurrent.each(['migrate', 'up'])('is not there for %s either', async command => {
    const env = { DATABASE_URL: `postgres://operator:${SECRET}@127.0.0.1:${nobodysPort}/ads` };
    const { line, exitCode } = await refusal([command], { env });
    expect(line).toMatch(/^apportion: Postgres can't be used: connect ECONNREFUSED/);
    expect(exitCode).toBe(3);
  });

  test.concurrent('--json tells the same as one object', async () => {
    const env = { DATABASE_URL: databaseUrl({ password: WRONG_SECRET }) };
    const { data, exitCode } = await cli.json(['verify'], { env });
    expect(data).toMatchObject({
      error: { code: 'database_unavailable', message: expect.stringContaining('operator') },
    });
    expect(JSON.stringify(data)).not.toContain(WRONG_SECRET);
    expect(exitCode).toBe(3);
  });
});

describe('the schema', () => {
  test('that was never made: migrate makes it', async () => {
    await asOwner(client => client.query('create database young'));
    const env = { DATABASE_URL: databaseUrl({ database: 'young' }) };
    expect(await refusal(['verify'], { env })).toEqual({
      exitCode: 3,
      line: 'apportion: The database is not set up yet; run: npx apportion migrate',
    });
    expect(await cli.json(['migrate'], { env })).toMatchObject({
      exitCode: 0,
      data: { applied: expect.arrayContaining(['0001_installation']) },
    });
    expect(await cli.run(['ledger', 'trial-balance'], { env })).toMatchObject({ exitCode: 0, stderr: '' });
    expect(await cli.json(['migrate'], { env })).toEqual({ exitCode: 0, data: { applied: [] } });
  });

  test('of an older or a newer program', async () => {
    await asOwner(client => client.query('create database old template ads'));
    const env = { DATABASE_URL: databaseUrl({ database: 'old' }) };
    const last = await asOwner(async client => {
      const { rows } = await client.query(
        'delete from migrations where name = (select max(name) from migrations) returning name',
      );
      return String(rows[0]?.name);
    }, 'old');
    expect(await refusal(['verify'], { env })).toEqual({
      exitCode: 3,
      line: `apportion: The database lacks migration ${last}; run: npx apportion migrate`,
    });
    await asOwner(client => client.query("insert into migrations (name, run_on) values ('9999_future', now())"), 'old');
    for (const args of [['verify'], ['migrate']]) {
      expect(await refusal(args, { env })).toEqual({
        exitCode: 3,
        line: 'apportion: The database was migrated by a newer apportion (migration 9999_future); update this program',
      });
    }
  });
});

describe('the queue', () => {
  const servers: RedisServer[] = [];
  afterAll(async () => {
    await Promise.all(servers.map(redis => redis.stop()));
  });
  async function redisAt(port: number): Promise<RedisServer> {
    const dir = path.join(cli.folder, `redis-${port}`);
    const redis = await startRedis({ binary: redisBinary ?? expect.fail(), dir, port });
    servers.push(redis);
    return redis;
  }

  async function pendingBatches(): Promise<number> {
    const { rows } = await asOwner(client => client.query('select from inbox_batches where seq is null'), 'ads');
    return rows.length;
  }

  beforeAll(async () => {
    const env = { DATABASE_URL: databaseUrl() };
    await cli.run(['catalog', 'import', cli.write('catalog.json', catalogText())], { env });
    await cli.run(['plans', 'import', cli.write('plans.json', plansText(planEntry()))], { env });
  });

  test.concurrent('is away: ingest keeps what it accepted and says so; once Redis is back, a sweep processes it', async ({
    expect,
    skip,
  }) => {
    const url = `redis://:${SECRET}@127.0.0.1:${nobodysPort}`;
    const env = { DATABASE_URL: databaseUrl(), REDIS_URL: url, APPORTION_SWEEP_MS: '500' };
    const file = cli.writeEvents('events.ndjson', [event('a'), event('b'), 'not an event']);
    const told = `apportion: 3 lines are safe in the inbox and wait to be processed. The queue (Redis at 127.0.0.1:${nobodysPort}) can't be used: connect ECONNREFUSED 127.0.0.1:${nobodysPort}; check that the server runs and can be reached; what was accepted is kept and is enqueued by a later sweep`;
    const [ingest, settle, up, queries] = await Promise.all([
      refusal(['ingest', file, ...AS_OF], { env }),
      refusal(['settle', '--date', '2018-04-15'], { env }),
      refusal(['up'], { env }),
      cli.run(['ledger', 'balances'], { env }),
    ]);
    expect(ingest).toEqual({ exitCode: 3, line: told });
    for (const { exitCode, line } of [settle, up]) {
      expect(exitCode).toBe(3);
      expect(line).toMatch(/^apportion: The queue \(Redis at 127\.0\.0\.1:\d+\) can't be used: connect ECONNREFUSED/);
    }
    expect(queries).toMatchObject({ exitCode: 0, stderr: '' });
    expect(await pendingBatches()).toBeGreaterThan(0);

    if (redisBinary === null) skip('no redis-server was found');
    await redisAt(nobodysPort);
    const running = cli.start(['up'], { env: { ...env, REDIS_URL: `redis://127.0.0.1:${nobodysPort}` } });
    await expect.poll(pendingBatches, { timeout: 20_000, interval: 100 }).toBe(0);
    running.child.kill('SIGINT');
    expect(await running.result).toMatchObject({ exitCode: 0 });
    const again = await cli.json(['ingest', file, ...AS_OF], { env: { DATABASE_URL: databaseUrl() } });
    expect(again).toMatchObject({
      exitCode: 0,
      data: { received: 3, accepted: 0, duplicates: 2, rejected: { bad_json: 1 } },
    });
  });

  test.skipIf(redisBinary === null).concurrent('refuses the password', async () => {
    const port = await freePort();
    const redis = await redisAt(port);
    const admin = new Redis(redis.path);
    await admin.config('SET', 'requirepass', SECRET);
    await admin.quit();
    await Promise.all(
      [`:${WRONG_SECRET}@`, ''].map(async credentials => {
        const env = { DATABASE_URL: databaseUrl(), REDIS_URL: `redis://${credentials}127.0.0.1:${port}` };
        const { exitCode, line } = await refusal(['settle', '--date', '2018-04-15'], { env });
        expect(line).toMatch(
          /^apportion: The queue \(Redis at 127\.0\.0\.1:\d+\) can't be used: (WRONGPASS|NOAUTH) .*; check the user and password in REDIS_URL/,
        );
        expect(exitCode).toBe(3);
      }),
    );
  });
});

describe('a full disk', () => {
  test.skipIf(!canMount())(
    'stops ingest, generate and the start of the servers, each in one line; with space again all goes on',
    async () => {
      const disk = await smallDisk();
      const onDisk = {
        through: disk.through,
        env: { APPORTION_HOME: path.join(disk.folder, 'home'), APPORTION_QUEUE: 'postgres' },
      };
      const events = cli.writeEvents(
        'many.ndjson',
        Array.from({ length: 2_000 }, (_, index) => event(`${index}-${'x'.repeat(40)}`)),
      );
      const ingest = ['ingest', events, ...AS_OF];
      expect(await cli.run(['catalog', 'import', cli.write('catalog.json', catalogText())], onDisk)).toMatchObject({
        exitCode: 0,
      });
      disk.fill();
      const full = await refusal(ingest, onDisk);
      expect(full.line).toMatch(
        /^apportion: Postgres can't be used: could not (extend|write) .*: No space left on device; free space on the disk of the database; what was accepted is kept$/,
      );
      expect(full.exitCode).toBe(3);
      const sample = path.join(disk.folder, 'sample');
      const generate = await refusal(
        ['generate', '--apps', '9', '--events', '9', '--day', '2018-04-15', '--out', sample],
        onDisk,
      );
      expect(generate.line).toMatch(
        /catalog\.json: can't be written \(ENOSPC: .*\); make room, or choose a folder that you may write to with --out$/,
      );
      expect(generate.exitCode).toBe(1);
      expect(await cli.run(['down'], onDisk)).toMatchObject({ exitCode: 0, stdout: 'stopped\n' });
      const start = await refusal(['ledger', 'balances'], onDisk);
      expect(start.line).toMatch(
        /^apportion: Postgres can't start: the disk that holds .*home\/postgres is full; free some space$/,
      );
      expect(start.exitCode).toBe(3);

      disk.clear();
      // For a moment the servers' keeper still gives the answer that it gave up with.
      await expect
        .poll(async () => (await cli.run(['ledger', 'balances'], onDisk)).exitCode, { timeout: 10_000 })
        .toBe(0);
      expect(await cli.json(ingest, onDisk)).toMatchObject({ exitCode: 0, data: { received: 2_000, accepted: 2_000 } });
      expect(await cli.run(['verify'], onDisk)).toMatchObject({ exitCode: 0 });
      await cli.run(['down'], onDisk);
    },
  );

  test.skipIf(!existsSync('/dev/full'))('of the standard output is one line and exit code 1', async () => {
    const env = { DATABASE_URL: databaseUrl() };
    for (const args of [
      ['ledger', 'trial-balance'],
      ['ledger', 'balances', '--json'],
      ['ledger', 'transfers', '--csv'],
    ]) {
      const { exitCode, line } = await refusal(args, { env, shell: '"$@" > /dev/full' });
      expect(line).toBe(
        "apportion: standard output can't be written (ENOSPC: no space left on device, write); free some space",
      );
      expect(exitCode).toBe(1);
    }
  });

  /** Whether this user may mount something that only a process and its children see. */
  function canMount(): boolean {
    return spawnSync('unshare', ['--mount', 'mount', '-t', 'tmpfs', 'none', '/mnt']).status === 0;
  }

  /** A disk that holds the servers and little more; it goes with the process that mounted it. */
  async function smallDisk() {
    const folder = path.join(cli.folder, 'disk');
    const script = 'mkdir "$1" && mount -t tmpfs -o size=160m none "$1" && echo ready && exec cat';
    const args = ['--mount', 'sh', '-c', script, 'sh', folder];
    const holder = spawn('unshare', args, { stdio: ['pipe', 'pipe', 'inherit'] });
    onTestFinished(() => {
      holder.kill('SIGKILL');
    });
    await once(holder.stdout, 'data');
    const fromOutside = path.join(`/proc/${holder.pid}/root`, folder, 'filling');
    return {
      folder,
      through: ['nsenter', `--target=${holder.pid}`, '--mount', `--wd=${cli.folder}`, '--'],
      fill: () => {
        expect(() => writeFileSync(fromOutside, Buffer.alloc(1 << 28))).toThrow('ENOSPC');
      },
      clear: () => rmSync(fromOutside),
    };
  }
});

describe('the environment', () => {
  const SECRETIVE = `no-${SECRET}`;
  const VARIABLES: readonly { name: string; value: string; says: string }[] = [
    {
      name: 'DATABASE_URL',
      value: `mysql://u:${SECRET}@localhost/ads`,
      says: 'is not a URL such as postgres://user:password@host/database',
    },
    {
      name: 'DATABASE_URL',
      value: `postgres://u:%${SECRET}@localhost/ads`,
      says: 'is not a URL such as postgres://user:password@host/database',
    },
    {
      name: 'APPORTION_OWNER_DATABASE_URL',
      value: SECRETIVE,
      says: 'is not a URL such as postgres://user:password@host/database',
    },
    { name: 'REDIS_URL', value: SECRETIVE, says: 'is not a URL such as redis://host:6379' },
    { name: 'APPORTION_QUEUE', value: SECRETIVE, says: 'is neither "redis" nor "postgres"' },
    {
      name: 'APPORTION_CLOCK',
      value: SECRETIVE,
      says: 'is not an instant with its offset, such as 2018-04-16T02:00:00+08:00',
    },
    { name: 'APPORTION_TIME_ZONE', value: SECRETIVE, says: 'is not an IANA time zone, such as Asia/Shanghai' },
    { name: 'APPORTION_BUCKETS', value: SECRETIVE, says: 'is not a whole number from 1 to 1024' },
    { name: 'APPORTION_BATCH_EVENTS', value: '0', says: 'is not a whole number from 1 to 100000' },
    { name: 'APPORTION_SWEEP_MS', value: '1.5', says: 'is not a whole number from 50 to 3600000' },
  ];
  test.each(VARIABLES)('$name=$value is refused without a word of its value', ({ name, value, says }) => {
    const { message, exitCode } = refusalOf(() => readConfig({ [name]: value }, cli.folder));
    expect(message).toBe(`${name} ${says}; correct or unset it`);
    expect(exitCode).toBe(2);
  });

  test('that is wrong is refused before anything is started', async () => {
    const env = { DATABASE_URL: `mysql://u:${SECRET}@localhost/ads` };
    expect(await refusal(['up'], { env })).toEqual({
      exitCode: 2,
      line: 'apportion: DATABASE_URL is not a URL such as postgres://user:password@host/database; correct or unset it',
    });
  });

  test('cannot change what the first migration fixed', async () => {
    const database = { DATABASE_URL: databaseUrl() };
    expect(await refusal(['verify'], { env: { ...database, APPORTION_BUCKETS: '32' } })).toEqual({
      exitCode: 2,
      line: "apportion: APPORTION_BUCKETS is 32, but this database was set up with 64, which can't change; unset APPORTION_BUCKETS, or use another database",
    });
    const { exitCode, line } = await refusal(['verify'], {
      env: { ...database, APPORTION_TIME_ZONE: 'Europe/Berlin' },
    });
    expect(line).toContain('APPORTION_TIME_ZONE is Europe/Berlin, but this database was set up with Asia/Shanghai');
    expect(exitCode).toBe(2);
  });

  test('has a nightly schedule that up can read', async () => {
    const env = { DATABASE_URL: databaseUrl(), APPORTION_NIGHTLY: '61 3 * * *' };
    const { exitCode, line } = await refusal(['up'], { env });
    expect(line).toMatch(
      /^apportion: The nightly schedule "61 3 \* \* \*" in Asia\/Shanghai can't be used: .*; give a cron pattern/,
    );
    expect(exitCode).toBe(2);
  });
});
