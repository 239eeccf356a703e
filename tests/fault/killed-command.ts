import pg from 'pg';
import { expect, onTestFinished } from 'vitest';
import { importPersonsFile } from '../../src/decisions/import-persons.ts';
import { waitUntil } from '../../src/embedded/wait-until.ts';
import { PERSONS } from '../support/deciding.ts';
import type { Machine } from './machine.ts';
import { COMMAND_LIMIT_MS, writeLines } from './site.ts';

export async function importPersons(machine: Machine): Promise<void> {
  const persons = PERSONS.filter(person => !('book' in person));
  await importPersonsFile(await machine.app(), { text: JSON.stringify({ persons }), source: 'persons.json' });
}

/** Runs a command that must succeed, and says too much for `succeed` to read. */
export async function done(machine: Machine, args: readonly string[]): Promise<void> {
  const { process } = machine.command(args);
  expect(await process.end(COMMAND_LIMIT_MS), process.stderr).toEqual({ code: 0, signal: null });
}

export async function propose(machine: Machine, decision: { readonly id: string } & object): Promise<void> {
  const file = writeLines(machine, `${decision.id}.json`, [JSON.stringify(decision)]);
  await done(machine, ['decisions', 'propose', file, '--actor', 'li.wei']);
}

export const approve = (id: string) => ['decisions', 'approve', id, '--actor', 'wang.fang'];

/** From now on whoever writes to the table waits, until the answer is called; or the server ends. */
export async function blockWrites(machine: Machine, table: string): Promise<() => Promise<void>> {
  const blocker = new pg.Client(machine.address);
  blocker.on('error', () => {});
  await blocker.connect();
  onTestFinished(async () => await blocker.end().catch(() => {}));
  await blocker.query('set search_path to apportion');
  await blocker.query('begin');
  await blocker.query(`lock table ${table} in share mode`);
  return async () => {
    await blocker.query('rollback');
  };
}

/** Until a session of the command waits to write to the table. */
export async function untilItWaits(machine: Machine, application: string, table: string): Promise<void> {
  const waiting = async () =>
    (
      await machine.look(client =>
        client.query(
          `select
           from pg_locks
           join pg_stat_activity using (pid)
           where application_name = $1 and not granted and relation = $2::regclass and backend_xid is not null`,
          [application, `apportion.${table}`],
        ),
      )
    ).rowCount;
  await expect.poll(waiting, { timeout: COMMAND_LIMIT_MS }).toBe(1);
}

/** How often the command has been begun. */
export async function onRecord(machine: Machine, command: string): Promise<number> {
  const { rows } = await machine.look(client =>
    client.query<{ begun: number }>('select count(*)::int as begun from audit_entries where command = $1', [command]),
  );
  return rows[0]?.begun ?? 0;
}

/** Starts a command and returns once it is on record, so that what it is to do is the next thing it does. */
export async function begin(machine: Machine, args: readonly string[]): Promise<ReturnType<Machine['command']>> {
  const command = args.slice(0, args[0] === 'decisions' ? 2 : 1).join(' ');
  const before = await onRecord(machine, command);
  const started = machine.command(args);
  const isBegun = async () => (await onRecord(machine, command)) > before;
  const begun = await waitUntil(isBegun, { limitMs: COMMAND_LIMIT_MS, everyMs: 1 });
  expect(begun, `${args.join(' ')} is not on record: ${started.process.stderr}`).toBe(true);
  return started;
}

/** Until the server has noticed that the command is no more. */
export async function untilGone(machine: Machine, application: string): Promise<void> {
  const sessions = async () =>
    (
      await machine.look(client =>
        client.query<{ state: string; query: string }>(
          'select state, wait_event, query from pg_stat_activity where application_name = $1',
          [application],
        ),
      )
    ).rows;
  await waitUntil(async () => (await sessions()).length === 0, { limitMs: COMMAND_LIMIT_MS });
  expect(await sessions()).toEqual([]);
}
