import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { expect, onTestFinished } from 'vitest';
import { fundDepsOf } from '../../src/app.ts';
import { importPersonsFile } from '../../src/decisions/import-persons.ts';
import { propose as proposeFile } from '../../src/decisions/propose.ts';
import { waitUntil } from '../../src/embedded/wait-until.ts';
import { PERSONS } from '../support/deciding.ts';
import { kills, SEED } from '../support/runs.ts';
import { Chance } from './chance.ts';
import type { Machine } from './machine.ts';
import { catalogText, plansText } from './reference-data.ts';
import { COMMAND_LIMIT_MS, openSite, succeed } from './site.ts';

/** As `isThere` of a command: whether what it was to do is there, all of it. Fails the test where a part is there. */
type IsThere = () => Promise<boolean>;

/** A machine whose commands are killed. Its persons propose and approve; its queue is in Postgres. */
export async function openKilling(): Promise<Machine> {
  const machine = await openSite(null, { catalog: catalogText(), plans: plansText() });
  const persons = PERSONS.filter(person => !('book' in person));
  await importPersonsFile(await machine.app(), { text: JSON.stringify({ persons }), source: 'persons.json' });
  return machine;
}

/** Of a test that kills so many commands at moments of chance, in milliseconds. */
export function limitOf(usualKills: number): number {
  return 240_000 + 30_000 * kills(usualKills);
}

/**
 * Kills the command while its last write, which is one to the table, waits for a lock: first the command alone, then the server too.
 * Neither may leave anything.
 */
export async function killWhileItWrites(
  machine: Machine,
  args: readonly string[],
  { table, isThere }: { readonly table: string; readonly isThere: IsThere },
): Promise<void> {
  for (const crash of [false, true]) {
    const unblock = await blockWrites(machine, table);
    const { process, application } = machine.command(args);
    await untilItWaits(machine, application, table);
    await process.kill();
    if (crash) await machine.crashPostgres();
    else await unblock();
    await untilGone(machine, application);
    expect(await isThere(), `${args.join(' ')}, killed${crash ? ' with the server' : ''}`).toBe(false);
  }
}

/** Kills commands at moments of chance, each followed by the same one undisturbed, and tells how often it was in time. */
export class KillsAtAnyMoment {
  readonly count: number;
  readonly #machine: Machine;
  readonly #chance = new Chance(SEED);
  readonly #usualMs: number;
  #whole = 0;
  #undone = 0;

  /** `usualMs`: how long such a command usually takes from its being on record to its commit. */
  constructor(machine: Machine, { usualKills, usualMs }: { readonly usualKills: number; readonly usualMs: number }) {
    this.count = kills(usualKills);
    this.#machine = machine;
    this.#usualMs = usualMs;
    onTestFinished(({ task }) => {
      console.log(`${task.name}: ${this.#whole} done before the kill, ${this.#undone} not; SEED=${SEED}`);
    });
  }

  async kill(args: readonly string[], isThere: IsThere): Promise<void> {
    const { process, application } = await begin(this.#machine, args);
    await sleep(this.#chance.next() * 1.3 * this.#usualMs);
    await process.kill();
    await untilGone(this.#machine, application);
    if (await isThere()) this.#whole += 1;
    else this.#undone += 1;
    await done(this.#machine, args);
    expect(await isThere(), args.join(' ')).toBe(true);
  }
}

/** Runs the command undisturbed; returns how long it took from its being on record to its commit. */
export async function timeOf(machine: Machine, args: readonly string[], isThere: IsThere): Promise<number> {
  const { process } = await begin(machine, args);
  const beganAt = performance.now();
  await waitUntil(isThere, { limitMs: COMMAND_LIMIT_MS, everyMs: 1 });
  const tookMs = performance.now() - beganAt;
  expect(await process.end(COMMAND_LIMIT_MS), process.stderr).toEqual({ code: 0, signal: null });
  expect(await isThere(), args.join(' ')).toBe(true);
  return tookMs;
}

export async function expectNothingDiffers(machine: Machine): Promise<void> {
  expect(await succeed(machine, ['verify'])).toMatchObject({ differences: 0 });
}

/** Runs a command that must succeed, and says too much for `succeed` to read. */
export async function done(machine: Machine, args: readonly string[]): Promise<void> {
  const { process } = machine.command(args);
  expect(await process.end(COMMAND_LIMIT_MS), process.stderr).toEqual({ code: 0, signal: null });
}

export async function propose(machine: Machine, decision: object): Promise<void> {
  const file = { text: JSON.stringify(decision), source: 'decision.json' };
  await proposeFile(fundDepsOf(await machine.app()), { file, actor: 'li.wei' });
}

export const approve = (id: string) => ['decisions', 'approve', id, '--actor', 'wang.fang'];

/** From now on whoever writes to the table waits, until the answer is called; or the server ends. */
async function blockWrites(machine: Machine, table: string): Promise<() => Promise<void>> {
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
async function untilItWaits(machine: Machine, application: string, table: string): Promise<void> {
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
  await expect.poll(waiting).toBe(1);
}

/** How often the command has been begun. */
async function onRecord(machine: Machine, command: string): Promise<number> {
  const { rows } = await machine.look(client =>
    client.query<{ begun: number }>('select count(*)::int as begun from audit_entries where command = $1', [command]),
  );
  return rows[0]?.begun ?? 0;
}

/** Starts a command and returns once it is on record, so that what it is to do is the next thing it does. */
async function begin(machine: Machine, args: readonly string[]): Promise<ReturnType<Machine['command']>> {
  const command = args.slice(0, args[0] === 'decisions' ? 2 : 1).join(' ');
  const before = await onRecord(machine, command);
  const started = machine.command(args);
  const isBegun = async () => (await onRecord(machine, command)) > before;
  const begun = await waitUntil(isBegun, { limitMs: COMMAND_LIMIT_MS, everyMs: 1 });
  expect(begun, `${args.join(' ')} is not on record: ${started.process.stderr}`).toBe(true);
  return started;
}

/** Until the server has noticed that the command is no more. */
async function untilGone(machine: Machine, application: string): Promise<void> {
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
