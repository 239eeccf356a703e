import { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { familiesFor } from '../../src/cli/all-commands.ts';
import { runNightly } from '../../src/maintenance.ts';
import { CliFolder, complaints, onlyComplaint } from '../support/cli.ts';
import { adjustment, CATALOG, PERSONS, rows } from '../support/deciding.ts';

interface AuditedRow {
  readonly actor: string;
  readonly command: string;
  readonly result: string | null;
  readonly exit_code: number | null;
  readonly refusal_code: string | null;
  readonly parameters: Record<string, unknown>;
  readonly host: string;
  readonly os_user: string;
}

const folder = new CliFolder();

beforeAll(async () => {
  folder.write('catalog.json', JSON.stringify(CATALOG));
  folder.write('persons.json', JSON.stringify({ persons: PERSONS }));
  for (const name of ['catalog', 'persons']) {
    const { exitCode, stderr } = await folder.run([name, 'import', `${name}.json`]);
    expect(exitCode, stderr).toBe(0);
  }
});
afterAll(async () => await folder.close());

const audit = async (...args: readonly string[]) =>
  (await folder.json<{ items: AuditedRow[] }>(['audit', ...args])).data.items;

const propose = async (changes: Record<string, unknown>, actor = 'li.wei') => {
  const file = folder.write(`${String(changes.id)}.json`, JSON.stringify(adjustment(changes)));
  return await folder.run(['decisions', 'propose', file, '--actor', actor]);
};

test('a proposal shows the transfers, its approval makes them, and both are told as JSON too', async () => {
  const proposed = await propose({ id: 'first', parameters: rows(['dev_7', '1234.5'], ['dev_1', '-0.5']) });
  expect(proposed.exitCode, proposed.stderr).toBe(0);
  expect(proposed.stdout).toContain('Transfers it would make: 2');
  expect(proposed.stdout).toMatch(/^dev_7 .* adjustment {2}payable .* 1,234\.50 {2}CNY /m);
  expect(proposed.stdout).toContain("npx apportion decisions approve 'first'");

  const own = await folder.run(['decisions', 'approve', 'first', '--actor', 'LI.WEI']);
  expect(own.exitCode).toBe(1);
  expect(onlyComplaint(own)).toContain('takes the role approver');

  const { data, exitCode } = await folder.json<{ status: string; transfers: { amount: object }[] }>([
    ...['decisions', 'approve', 'first', '--actor', 'wang.fang', '--note', 'seen ticket 4711'],
  ]);
  expect(exitCode).toBe(0);
  expect(data).toMatchObject({ status: 'applied', decided_by: 'wang.fang', note: 'seen ticket 4711' });
  expect(data.transfers.map(each => each.amount)).toEqual([
    { amount: '1234.50', currency: 'CNY' },
    { amount: '0.50', currency: 'CNY' },
  ]);

  const again = await folder.run(['decisions', 'approve', 'first', '--actor', 'wang.fang']);
  expect(again.exitCode).toBe(0);
  expect(complaints(again)).toEqual([
    expect.stringMatching(/it was applied by wang\.fang at .*; nothing was changed$/),
  ]);

  const listed = await folder.run(['decisions', 'list', '--status', 'applied']);
  expect(listed.stdout).toMatch(/^first +adjust +applied /m);
  const shown = await folder.run(['decisions', 'show', 'first']);
  expect(shown.stdout).toContain('Transfers made: 2');
});

test.each([
  [['decisions', 'approve', 'first'], /--actor/],
  [['decisions', 'approve', 'first', '--actor', ''], /printable ASCII/],
  [['decisions', 'list', '--status', 'gone'], /Allowed choices/],
  [['persons', 'import'], /missing required argument/],
  [['audit', '--limit', '0'], /whole number/],
])('wrong use exits with 2: %j', async (args, said) => {
  const { exitCode, stderr } = await folder.run(args);
  expect(exitCode).toBe(2);
  expect(stderr).toMatch(said);
});

describe('the audit log', () => {
  test('has what was done, by whom, with what, and how it ended', async () => {
    await propose({ id: 'audited' });
    const [row] = await audit('--command', 'decisions propose', '--limit', '1');
    expect(row).toMatchObject({
      actor: 'li.wei',
      command: 'decisions propose',
      result: 'done',
      exit_code: 0,
      refusal_code: null,
      parameters: { arguments: ['audited.json'], options: { actor: 'li.wei' } },
    });
    expect(row?.host).not.toBe('');
  });

  test('has what was refused', async () => {
    await folder.run(['decisions', 'reject', 'nothing', '--actor', 'wang.fang']);
    expect((await audit('--limit', '1'))[0]).toMatchObject({
      command: 'decisions reject',
      result: 'refused',
      exit_code: 1,
      refusal_code: 'unknown_decision',
    });
  });

  test('has no command that only reads, nor one that was refused before it could change anything', async () => {
    const [before] = await audit('--limit', '1');
    await folder.run(['decisions', 'list']);
    await folder.run(['catalog', 'import', 'no-such-file.json']);
    await folder.run(['settle']);
    expect((await audit('--limit', '1'))[0]).toEqual(before);
  });

  test('names APPORTION_ACTOR where the command does not say who, else the login', async () => {
    await folder.run(['persons', 'import', 'persons.json'], { env: { APPORTION_ACTOR: 'release-robot' } });
    await folder.run(['persons', 'import', 'persons.json']);
    const [byLogin, byRobot] = await audit('--command', 'persons', '--limit', '2');
    expect(byRobot?.actor).toBe('release-robot');
    expect(byLogin?.actor).toBe(`os:${byLogin?.os_user}`);
    expect(await audit('--actor', 'Release-Robot')).toEqual([byRobot]);
    for (const APPORTION_ACTOR of ['ü', 'system:nightly', 'OS:root']) {
      const wrong = await folder.run(['status'], { env: { APPORTION_ACTOR } });
      expect(wrong).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('APPORTION_ACTOR') });
    }
  });

  test('shows a command that was killed as unfinished', async () => {
    const app = await folder.app();
    // Who imports waits for the reference lock, and is killed meanwhile.
    await app.db.transaction(async tx => {
      await tx.query(`select pg_advisory_xact_lock(hashtextextended('apportion.reference', 0))`);
      const { child, result } = folder.start(['catalog', 'import', 'catalog.json']);
      const begun = async () =>
        (
          await app.db.query(
            'select from audit_entries where not exists (select from audit_results as r where r.entry_id = audit_entries.entry_id)',
          )
        ).rowCount;
      await expect.poll(begun, { timeout: 20_000 }).toBe(1);
      child.kill('SIGKILL');
      await result;
    });
    expect((await audit('--limit', '1'))[0]).toMatchObject({
      command: 'catalog import',
      result: null,
      exit_code: null,
    });
    const { stdout } = await folder.run(['audit', '--limit', '1']);
    expect(stdout).toMatch(/catalog import {2}unfinished/);
  });

  test('has the nightly run', async () => {
    await runNightly(await folder.app());
    expect((await audit('--limit', '1'))[0]).toMatchObject({
      actor: 'system:nightly',
      command: 'nightly',
      result: 'done',
    });
  });

  test('is given as CSV, all of it, and in pages that join', async () => {
    const whole = await audit();
    const { stdout } = await folder.run(['audit', '--csv']);
    const lines = stdout.trimEnd().split('\n');
    expect(lines[0]).toBe(
      'id,began_at,ended_at,actor,command,result,exit_code,refusal_code,host,os_user,program,parameters',
    );
    expect(lines).toHaveLength(whole.length + 1);
    const { data: first } = await folder.json<{ items: AuditedRow[]; next: string }>(['audit', '--limit', '3']);
    expect([...first.items, ...(await audit('--after', first.next))]).toEqual(whole);
  });
});

test('every command is known either to change something and to be on record, or only to read', async () => {
  const read: string[] = [];
  const recorded: string[] = [];
  const nameOf = (command: Command): string =>
    command.parent === null ? '' : `${nameOf(command.parent)} ${command.name()}`.trim();
  const program = new Command('apportion');
  for (const register of await familiesFor(undefined)) {
    register(program, {
      on: command => read.push(nameOf(command)),
      onRecord: command => recorded.push(nameOf(command)),
    });
  }
  expect(read.toSorted()).toEqual([
    'audit',
    'catalog derive',
    'decisions list',
    'decisions show',
    'down',
    'explain',
    'funds list',
    'funds show',
    'generate',
    'holds list',
    'invalidations list',
    'ledger ageing',
    'ledger balances',
    'ledger revenue',
    'ledger transfers',
    'ledger trial-balance',
    'payouts batches',
    'payouts carried',
    'payouts file',
    'payouts list',
    'payouts payees list',
    'payouts rates list',
    'payouts show',
    'payouts terms list',
    'payouts unmatched',
    'periods list',
    'persons list',
    'plans list',
    'providers list',
    'rejected list',
    'runs',
    'simulate',
    'statement',
    'status',
    'traffic show',
    'verify',
  ]);
  expect(recorded).toContain('decisions approve');
  expect(recorded).toContain('settle');
});
