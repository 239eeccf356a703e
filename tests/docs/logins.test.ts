import { readFileSync } from 'node:fs';
import path from 'node:path';
import pg from 'pg';
import { afterAll, expect, onTestFinished, test } from 'vitest';
import { startPostgres } from '../../src/embedded/postgres.ts';
import type { Status } from '../../src/status.ts';
import { CliFolder } from '../support/cli.ts';
import { becoming, CHANGES, onEachTable } from '../support/ledger-attacks.ts';

const PAGE = readFileSync(new URL('../../docs/operations.md', import.meta.url), 'utf8');
const [MAKE_OWNER = '', MAKE_WORKER = ''] = (/```sql\n(.*?)```/s.exec(PAGE)?.[1] ?? '').split(/^-- after .*\n/m);
const SECRET = 'correct-horse';

const cli = new CliFolder();
afterAll(async () => await cli.close());

test('the logins of the page can do their work and no more, and status warns of one that can', async () => {
  const server = await startPostgres({ dataDir: path.join(cli.folder, 'postgres'), settings: { fsync: 'off' } });
  onTestFinished(async () => await server.stop());
  const superuser = new pg.Client({ ...server, database: 'postgres' });
  await superuser.connect();
  onTestFinished(async () => await superuser.end());
  // As on a server that has never seen the program.
  await superuser.query('drop database apportion');
  await superuser.query('drop role apportion_app');
  const type = async (block: string) => {
    for (const line of block.trim().split('\n')) await superuser.query(line.replace('…', SECRET));
  };
  const urlOf = (login: string) =>
    `postgres://${login}:${SECRET}@localhost/apportion?host=${encodeURIComponent(server.host)}`;
  const owner = urlOf('apportion_owner');
  const worker = urlOf('apportion_worker');

  await type(MAKE_OWNER);
  expect(await cli.run(['migrate'], { env: { DATABASE_URL: owner } })).toMatchObject({ exitCode: 0 });
  await type(MAKE_WORKER);
  const env = { DATABASE_URL: worker, APPORTION_OWNER_DATABASE_URL: owner };
  const file = cli.writeEvents('events.ndjson', ['{"id":"e1"}']);
  expect((await cli.run(['ingest', file], { env })).stdout).toContain('bad_type');
  expect((await cli.json<Status>(['status'], { env })).data.warnings).toEqual([]);
  const { stdout } = await cli.run(['status'], { env: { DATABASE_URL: owner } });
  expect(stdout).toContain('WARNING: the login apportion_owner of DATABASE_URL has the owner');

  const attacker = new pg.Client({
    connectionString: worker,
    options: '-c search_path=apportion -c role=apportion_app',
  });
  await attacker.connect();
  onTestFinished(async () => await attacker.end());
  await attacker.query(`select ensure_ledger_month('2018-03-01'), ensure_ledger_month('2018-04-01')`);
  for (const [name, statement] of [...becoming('apportion_owner'), ...onEachTable(CHANGES)]) {
    await expect(attacker.query(statement), name).rejects.toMatchObject({ code: '42501' });
  }
});
