import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { cacheFolder } from '../../src/embedded/cache-folder.ts';
import { findRedisServer, type RedisOptions, startRedis } from '../../src/embedded/redis.ts';

const spare = mkdtempSync(path.join(os.tmpdir(), 'apportion-redis-'));
afterAll(() => rmSync(spare, { recursive: true, force: true }));
const sharedCache = cacheFolder({ spare });
const binary = await findRedisServer({ cacheDir: sharedCache });

function temporaryFolder(): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'apportion-redis-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

async function start(options: RedisOptions) {
  const server = await startRedis(options);
  onTestFinished(async () => await server.stop());
  const client = new Redis({ path: server.path, maxRetriesPerRequest: null });
  client.on('error', () => {});
  onTestFinished(() => client.disconnect());
  return { server, client };
}

/** A PATH with these scripts on it and nothing else but the shell's own folder. */
function withPrograms(programs: Record<string, string>): void {
  const folder = temporaryFolder();
  for (const [name, script] of Object.entries(programs)) {
    writeFileSync(path.join(folder, name), `#!/bin/sh\n${script}\n`);
    chmodSync(path.join(folder, name), 0o755);
  }
  vi.stubEnv('PATH', folder);
  onTestFinished(() => {
    vi.unstubAllEnvs();
  });
}

describe.skipIf(binary === null)('a private Redis', () => {
  if (binary === null) return;

  test('keeps its data over SIGKILL and stop, evicts nothing, takes no snapshots', async () => {
    const dir = path.join(temporaryFolder(), 'redis');
    const first = await start({ binary, dir, settings: { appendfsync: 'always' } });
    expect(statSync(dir).mode & 0o777).toBe(0o700);
    await first.client.set('a', '1');
    process.kill(first.server.pid, 'SIGKILL');
    expect(await first.server.exited).toEqual({ code: null, signal: 'SIGKILL' });

    const second = await start({ binary, dir });
    const wanted = {
      appendonly: 'yes',
      appendfsync: 'everysec',
      'maxmemory-policy': 'noeviction',
      save: '',
      port: '0',
    };
    for (const [name, value] of Object.entries(wanted)) {
      expect(await second.client.config('GET', name)).toEqual([name, value]);
    }
    expect(await second.client.get('a')).toBe('1');
    await second.client.set('b', '2');
    await second.server.stop();

    const third = await start({ binary, dir });
    expect(await third.client.mget('a', 'b')).toEqual(['1', '2']);
  });

  test('refuses a folder on which another one runs, which is not disturbed', async () => {
    const dir = path.join(temporaryFolder(), 'redis');
    const { server, client } = await start({ binary, dir });
    await expect(startRedis({ binary, dir })).rejects.toMatchObject({
      code: 'redis_folder_in_use',
      exitCode: 3,
      message: expect.stringContaining(`process ${server.pid}`),
    });
    expect(await client.ping()).toBe('PONG');
  });

  test('tells why it can not start', async () => {
    const dir = path.join(temporaryFolder(), 'redis');
    await expect(startRedis({ binary, dir, settings: { appendfsync: 'perhaps' } })).rejects.toMatchObject({
      code: 'server_not_started',
      exitCode: 3,
      message: expect.stringMatching(/^Redis can't start in .*appendfsync "perhaps".*; log: .*redis\.log$/),
    });
  });

  test('is found in the cache without a search the second time', async () => {
    withPrograms({});
    const again = await findRedisServer({ cacheDir: sharedCache, mayUnpack: false });
    // Nothing lies in the cache where the system has a server on its PATH.
    expect(again).toEqual(
      binary.origin === "Debian's package" ? expect.objectContaining({ version: binary.version }) : null,
    );
  });
});

describe('the search for a Redis server', () => {
  test('takes the one on PATH', async () => {
    withPrograms({ 'redis-server': 'echo "Redis server v=7.2.4 sha=00000000:0 malloc=libc bits=64"' });
    const found = await findRedisServer({ cacheDir: temporaryFolder() });
    expect(found).toMatchObject({ version: '7.2.4', command: expect.stringMatching(/redis-server$/) });
  });

  test('takes none that is too old or does not run', async () => {
    withPrograms({ 'redis-server': 'echo "Redis server v=6.0.16 sha=0"', 'valkey-server': 'exit 127' });
    expect(await findRedisServer({ cacheDir: temporaryFolder() })).toBe(null);
  });

  test('gives up quickly, leaving nothing, where there is no apt or apt reaches nothing', async () => {
    const cacheDir = path.join(temporaryFolder(), 'cache');
    for (const programs of [{}, { 'apt-get': 'echo "E: Temporary failure resolving deb.debian.org" >&2; exit 100' }]) {
      withPrograms(programs);
      const began = performance.now();
      expect(await findRedisServer({ cacheDir })).toBe(null);
      expect(performance.now() - began).toBeLessThan(6_000);
      expect(readdirSync(cacheDir)).toEqual([]);
    }
  });

  test('ends an apt that hangs, with what apt has started', async () => {
    withPrograms({ 'apt-get': '/bin/sleep 77' });
    const began = performance.now();
    expect(await findRedisServer({ cacheDir: path.join(temporaryFolder(), 'cache') })).toBe(null);
    expect(performance.now() - began).toBeLessThan(40_000);
  });

  test('does without where the cache can not be written', async () => {
    withPrograms({});
    const file = path.join(temporaryFolder(), 'file');
    writeFileSync(file, '');
    expect(await findRedisServer({ cacheDir: path.join(file, 'cache') })).toBe(null);
  });

  test('replaces an unpacked one that does not run any more', async context => {
    if (binary?.origin !== "Debian's package") return context.skip('nothing can be unpacked here');
    const cacheDir = temporaryFolder();
    const name = readdirSync(sharedCache).find(entry => entry.startsWith('redis-')) ?? '';
    mkdirSync(path.join(cacheDir, name, 'usr/bin'), { recursive: true });
    writeFileSync(path.join(cacheDir, name, 'usr/bin/redis-server'), '#!/bin/sh\nexit 127\n', { mode: 0o755 });
    expect(await findRedisServer({ cacheDir })).toMatchObject({ version: binary.version });
    expect(readdirSync(cacheDir)).toEqual([name]);
  });
});
