import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { expect, onTestFinished } from 'vitest';
import { fundDepsOf } from '../../src/app.ts';
import { importPersonsFile } from '../../src/decisions/import-persons.ts';
import { propose } from '../../src/decisions/propose.ts';
import { waitUntil } from '../../src/embedded/wait-until.ts';
import { PERSONS } from '../support/deciding.ts';
import { kills, SEED } from '../support/runs.ts';
import { Chance } from './chance.ts';
import type { Machine } from './machine.ts';
import { catalogText, plansText } from './reference-data.ts';
import { COMMAND_LIMIT_MS, openSite, succeed } from './site.ts';

/** As `isThere` of a command: whether what it was to do is there, all of it. Fails the test where a part is there. */
type IsThere = () => Promise<boolean>;

/** Of a test that kills so many commands at moments of chance, in milliseconds. */
export function limitOf(usualKills: number): number {
  return 240_000 + 30_000 * kills(usualKills);
}

/** A machine whose commands are killed. Its persons propose and approve; its queue is in Postgres. */
export class Killing {
  readonly machine: Machine;

  private constructor(machine: Machine) {
    this.machine = machine;
  }

  /** Removed after the test. */
  static async open(): Promise<Killing> {
    const machine = await openSite(null, { catalog: catalogText(), plans: plansText() });
    const persons = PERSONS.filter(person => !('book' in person));
    await importPersonsFile(await machine.app(), { text: JSON.stringify({ persons }), source: 'persons.json' });
    return new Killing(machine);
  }

  async propose(decision: object): Promise<void> {
    const file = { text: JSON.stringify(decision), source: 'decision.json' };
    await propose(fundDepsOf(await this.machine.app()), { file, actor: 'li.wei' });
  }

  /** Runs a command that must succeed, and may say too much for `succeed` to read. */
  async run(args: readonly string[]): Promise<void> {
    const { process } = this.machine.command(args);
    expect(await process.end(COMMAND_LIMIT_MS), process.stderr).toEqual({ code: 0, signal: null });
  }

  /** Runs the command undisturbed; returns how long it took from its being on record to its commit. */
  async timeOf(args: readonly string[], isThere: IsThere): Promise<number> {
    const { process } = await begin(this.machine, args);
    const beganAt = performance.now();
    await waitUntil(isThere, { limitMs: COMMAND_LIMIT_MS, everyMs: 1 });
    const tookMs = performance.now() - beganAt;
    expect(await process.end(COMMAND_LIMIT_MS), process.stderr).toEqual({ code: 0, signal: null });
    expect(await isThere(), args.join(' ')).toBe(true);
    return tookMs;
  }

  /**
   * Kills the command while its last write, which is one to the table, waits for a lock: first the command alone, then the server too.
   * Neither may leave anything.
   */
  async killWhileItWrites(
    args: readonly string[],
    { table, isThere }: { readonly table: string; readonly isThere: IsThere },
  ): Promise<void> {
    const { machine } = this;
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

  /** `usualMs`: how long such a command usually takes from its being on record to its commit. */
  atAnyMoment(usual: { readonly usualKills: number; readonly usualMs: number }): KillsAtAnyMoment {
    return new KillsAtAnyMoment(this, usual);
  }

  async expectNothingDiffers(): Promise<void> {
    expect(await succeed(this.machine, ['verify'])).toMatchObject({ differences: 0 });
  }
}

/** Kills commands at moments of chance, each followed by the same one undisturbed, and tells how often it was in time. */
class KillsAtAnyMoment {
  readonly count: number;
  readonly #killing: Killing;
  readonly #chance = new Chance(SEED);
  readonly #usualMs: number;
  #whole = 0;
  #undone = 0;

  constructor(killing: Killing, { usualKills, usualMs }: { readonly usualKills: number; readonly usualMs: number }) {
    this.count = kills(usualKills);
    this.#killing = killing;
    this.#usualMs = usualMs;
    onTestFinished(({ task }) => {
      console.log(`${task.name}: ${this.#whole} done before the kill, ${this.#undone} not; SEED=${SEED}`);
    });
  }

  async kill(args: readonly string[], isThere: IsThere): Promise<void> {
    const { machine } = this.#killing;
    const { process, application } = await begin(machine, args);
    await sleep(this.#chance.next() * 1.3 * this.#usualMs);
    await process.kill();
    await untilGone(machine, application);
    if (await isThere()) this.#whole += 1;
    else this.#undone += 1;
    await this.#killing.run(args);
    expect(await isThere(), args.join(' ')).toBe(true);
  }
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
