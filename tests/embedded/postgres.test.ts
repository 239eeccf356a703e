import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type PostgresOptions, startPostgres } from '../../src/embedded/postgres.ts';
import { ask, processNamed, startClient, temporaryHome, untilNothingLeft } from '../support/embedded.ts';
import { asNobody, isRoot, othersCanRunIt } from '../support/other-user.ts';

function temporaryFolder(): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'apportion-postgres-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

async function start(options: PostgresOptions) {
  const server = await startPostgres(options);
  onTestFinished(async () => await server.stop());
  return server;
}

describe('a private Postgres', () => {
  test('survives SIGKILL again and again, also on a folder whose lock names a living stranger', async () => {
    const dataDir = path.join(temporaryFolder(), 'data');
    let server = await start({ dataDir });
    await ask(server, 'create table kept (n int primary key)');
    for (let n = 1; n <= 3; n++) {
      await ask(server, `insert into kept values (${n})`);
      process.kill(server.pid, 'SIGKILL');
      expect(await server.exited).toEqual({ code: null, signal: 'SIGKILL' });
      if (n === 3) {
        const lock = readFileSync(path.join(dataDir, 'postmaster.pid'), 'utf8');
        for (const name of ['postmaster.pid', '.s.PGSQL.5432.lock']) {
          writeFileSync(path.join(dataDir, name), lock.replace(/^\d+/, String(process.ppid)));
        }
      }
      server = await start({ dataDir });
    }
    expect(await ask(server, 'select n from kept order by n')).toEqual([1, 2, 3]);
  });

  test('keeps what it acknowledges, listens on no port, and takes other settings', async () => {
    const server = await start({ dataDir: path.join(temporaryFolder(), 'data'), settings: { max_wal_size: '128MB' } });
    const setting = async (name: string) => (await ask(server, `show ${name}`))[0];
    expect(await Promise.all(['fsync', 'synchronous_commit', 'full_page_writes'].map(setting))).toEqual([
      'on',
      'on',
      'on',
    ]);
    expect(await Promise.all(['listen_addresses', 'max_wal_size'].map(setting))).toEqual(['', '128MB']);
  });

  test('ends with the process that started it', async () => {
    const { folder, home } = temporaryHome();
    const client = startClient({ home, redis: 'off', graceMs: 60_000 });
    await client.ready();
    process.kill(processNamed(folder, 'keeper'), 'SIGKILL');
    await client.kill('SIGKILL');
    await untilNothingLeft(folder);
    expect(existsSync(path.join(home, 'postgres/postmaster.pid'))).toBe(false);
  });
});

describe('refusals', () => {
  test('a folder on which another server runs', async () => {
    const server = await start({ dataDir: path.join(temporaryFolder(), 'data') });
    await expect(startPostgres({ dataDir: server.dataDir })).rejects.toMatchObject({
      code: 'data_folder_in_use',
      exitCode: 3,
      message: expect.stringContaining(`process ${server.pid}`),
    });
    expect(await ask(server, 'select 1')).toEqual([1]);
  });

  test('a folder that another major version has made', async () => {
    const dataDir = temporaryFolder();
    writeFileSync(path.join(dataDir, 'PG_VERSION'), '17\n');
    const message = `${dataDir} was made by Postgres 17, and this is Postgres 18; run the version of apportion that made it, or move the folder away to start empty`;
    await expect(startPostgres({ dataDir })).rejects.toMatchObject({
      code: 'data_folder_version',
      exitCode: 3,
      message,
    });
  });

  test('a folder that holds something else, which stays as it is', async () => {
    const dataDir = temporaryFolder();
    writeFileSync(path.join(dataDir, 'thesis.txt'), 'dear');
    await expect(startPostgres({ dataDir })).rejects.toMatchObject({ code: 'data_folder_foreign', exitCode: 3 });
    expect(readFileSync(path.join(dataDir, 'thesis.txt'), 'utf8')).toBe('dear');
  });

  test('a setting that Postgres does not know is told with the place of the log', async () => {
    const dataDir = path.join(temporaryFolder(), 'data');
    await expect(startPostgres({ dataDir, settings: { nonsense: '1' } })).rejects.toMatchObject({
      code: 'server_not_started',
      message: `Postgres can't start in ${dataDir}: unrecognized configuration parameter "nonsense"; log: ${dataDir}.log`,
    });
  });

  test.skipIf(!isRoot)('a full disk, for the command too', async () => {
    const { folder, home } = temporaryHome();
    mkdirSync(home);
    // In a mount namespace of its own, so that the small disk is gone with the last process that sees it.
    const onSmallDisk = ['unshare', '--mount', 'sh', '-c', 'mount -t tmpfs -o size=20m tmpfs "$0" && exec "$@"', home];
    const client = startClient({ home, redis: 'off', graceMs: 0 }, { through: onSmallDisk });
    const { refused } = await client.nextLine();
    expect(refused).toMatchObject({ code: 'disk_full', exitCode: 3 });
    expect(refused?.message).toMatch(/^Postgres can't start: the disk that holds .* is full; free some space$/);
    await untilNothingLeft(folder);
  });

  test.skipIf(!othersCanRunIt)('a folder that may not be written, for the command too', async () => {
    const folder = temporaryFolder();
    execFileSync('chmod', ['755', folder]);
    const client = startClient({ home: path.join(folder, 'home') }, { through: asNobody });
    const { refused } = await client.nextLine();
    expect(refused).toMatchObject({ code: 'home_not_usable', exitCode: 3 });
    expect(refused?.message).toContain('APPORTION_HOME');
  });
});
