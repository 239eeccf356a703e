import { existsSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { Redis } from 'ioredis';
import { describe, expect, test } from 'vitest';
import { openHome, stopHome } from '../../src/embedded/home.ts';
import {
  ask,
  processesBelow,
  processesNamed,
  processNamed,
  startClient,
  temporaryHome,
  untilNothingLeft,
} from '../support/embedded.ts';

const SOON = { redis: 'off', graceMs: 200 } as const;

describe('sharing', () => {
  test('two commands use the same servers, which end with the last of them', async () => {
    const { folder, home } = temporaryHome();
    const first = await openHome({ home, graceMs: 200 });
    const second = startClient({ home, graceMs: 200 });
    const opened = await second.ready();
    expect([first.startedNow, opened.startedNow]).toEqual([true, false]);
    expect(opened.postgres).toEqual(first.postgres);
    expect(opened.redis).toEqual(first.redis);
    expect(first.describe).toMatch(/^started Postgres 18\.\d+ (and Redis \d|in ).*home/);
    expect(opened.describe).toMatch(/^sharing Postgres 18\.\d+ /);

    await first.close();
    expect(await ask(opened.postgres, 'select current_database(), current_user')).toEqual(['apportion', 'apportion']);
    await second.leave();
    await untilNothingLeft(folder);
  });

  test('attaching to servers that run takes less than 150 ms', async () => {
    const { home } = temporaryHome();
    const first = await openHome({ home, ...SOON });
    const took: number[] = [];
    // The quickest of some, for whatever else the machine does may hold up any of them.
    for (let attempt = 0; attempt < 10; attempt += 1) {
      const start = performance.now();
      const second = await openHome({ home, ...SOON });
      took.push(performance.now() - start);
      await second.close();
    }
    expect(Math.min(...took)).toBeLessThan(150);
    await first.close();
  });

  test('ten cold starts at once give one keeper and one Postgres', async () => {
    const { folder, home } = temporaryHome();
    const clients = Array.from({ length: 10 }, () => startClient({ home, ...SOON }));
    const opened = await Promise.all(clients.map(client => client.ready()));
    expect(opened.filter(({ startedNow }) => startedNow)).toHaveLength(1);
    for (const { postgres } of opened) expect(await ask(postgres, 'select 1')).toEqual([1]);
    expect(processesNamed(folder, '/bin/postgres -D')).toHaveLength(1);
    await Promise.all(clients.map(client => client.leave()));
    await untilNothingLeft(folder);
  });

  test('a command that comes while the servers are stopping gets new ones', async () => {
    const { home } = temporaryHome();
    for (let round = 0; round < 5; round++) {
      const servers = await openHome({ home, redis: 'off', graceMs: 0 });
      expect(await ask(servers.postgres, 'select 1')).toEqual([1]);
      await servers.close();
    }
  });
});

describe('ends of commands', () => {
  test.each(['SIGINT', 'SIGKILL'] as const)('after %s nothing is left running', async signal => {
    const { folder, home } = temporaryHome();
    const client = startClient({ home, ...SOON });
    await client.ready();
    await client.kill(signal);
    await untilNothingLeft(folder);
  });

  test('a command killed while the data folder is being made leaves nothing, and the next one starts', async () => {
    const { folder, home } = temporaryHome();
    const client = startClient({ home, ...SOON });
    await expect.poll(() => existsSync(home) && readdirSync(home).some(name => name.includes('.new-'))).toBe(true);
    process.kill(processNamed(folder, 'keeper'), 'SIGKILL');
    await client.kill('SIGKILL');
    await untilNothingLeft(folder);

    const servers = await openHome({ home, ...SOON });
    expect(await ask(servers.postgres, 'select 1')).toEqual([1]);
    expect(readdirSync(home).filter(name => name.includes('.new-'))).toEqual([]);
    await servers.close();
  });

  test('down stops the servers at once and tells whoever uses them', async () => {
    const { folder, home } = temporaryHome();
    expect(await stopHome({ home })).toBe(false);
    const client = startClient({ home, redis: 'auto', graceMs: 60_000 });
    await client.ready();
    expect(await stopHome({ home })).toBe(true);
    expect(processesBelow(home).filter(({ command }) => !command.includes('embedded-client'))).toEqual([]);
    expect(await client.nextLine()).toEqual({ lost: 'servers_stopped' });
    await client.leave();
    expect(await stopHome({ home })).toBe(false);
    await untilNothingLeft(folder);
  });
});

describe('deaths of servers', () => {
  test('a killed Postgres is started again at the same address with all that was acknowledged', async () => {
    const { folder, home } = temporaryHome();
    const { postgres, close } = await openHome({ home, ...SOON });
    await ask(postgres, 'create table kept (n int)');
    await ask(postgres, 'insert into kept values (1)');
    process.kill(processNamed(folder, '/bin/postgres -D'), 'SIGKILL');
    await expect.poll(() => ask(postgres, 'select n from kept').catch(() => 'not yet')).toEqual([1]);
    await close();
    await untilNothingLeft(folder);
  });

  test('a killed Redis is started again at the same address', async context => {
    const { folder, home } = temporaryHome();
    const { redis, close } = await openHome({ home, graceMs: 200 });
    if (redis === null) return context.skip('no redis-server here');
    const client = new Redis({ path: redis.path, maxRetriesPerRequest: null, retryStrategy: () => 50 });
    client.on('error', () => {});
    // By default the last second's writes may be lost.
    await client.config('SET', 'appendfsync', 'always');
    await client.set('kept', '1');
    process.kill(processNamed(folder, 'redis-server'), 'SIGKILL');
    expect(await client.get('kept')).toBe('1');
    client.disconnect();
    await close();
    await untilNothingLeft(folder);
  });

  test('a killed keeper takes the servers with it; commands that use them get them back', async () => {
    const { folder, home } = temporaryHome();
    const { postgres, close } = await openHome({ home, graceMs: 200 });
    const killed = processesBelow(folder).map(({ pid }) => pid);
    process.kill(processNamed(folder, 'keeper'), 'SIGKILL');
    const survivors = () => processesBelow(folder).filter(({ pid }) => killed.includes(pid));
    await expect.poll(survivors).toEqual([]);
    await expect.poll(() => ask(postgres, 'select 1').catch(() => 'not yet')).toEqual([1]);

    const next = await openHome({ home, graceMs: 200 });
    expect(next.postgres).toEqual(postgres);
    await Promise.all([close(), next.close()]);
    await untilNothingLeft(folder);
  });

  test('when the last command dies together with the keeper, nothing is left', async () => {
    const { folder, home } = temporaryHome();
    const client = startClient({ home, redis: 'auto', graceMs: 60_000 });
    await client.ready();
    await client.kill('SIGKILL');
    process.kill(processNamed(folder, 'keeper'), 'SIGKILL');
    await untilNothingLeft(folder);
    expect(await stopHome({ home })).toBe(false);
  });
});

test('the inner folders are for their owner alone', async () => {
  const { home } = temporaryHome();
  const { close } = await openHome({ home, ...SOON });
  for (const name of ['', 'keeper', 'log', 'postgres']) {
    expect((statSync(path.join(home, name)).mode & 0o777).toString(8)).toBe('700');
  }
  await close();
});
