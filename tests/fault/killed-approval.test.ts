import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { expect, onTestFailed, onTestFinished, test } from 'vitest';
import { importPersonsFile } from '../../src/decisions/import-persons.ts';
import { waitUntil } from '../../src/embedded/wait-until.ts';
import { adjustment, PERSONS } from '../support/deciding.ts';
import { Chance } from './chance.ts';
import type { Machine } from './machine.ts';
import { catalogText, plansText } from './reference-data.ts';
import { COMMAND_LIMIT_MS, openSite, succeed, writeLines } from './site.ts';

/** `SEED=… KILLS=… npx vitest run tests/fault/killed-approval.test.ts` repeats a run, or makes a harder one. */
const SEED = Number(process.env.SEED ?? randomInt(2 ** 31));
const KILLS = Number(process.env.KILLS ?? 12);
const LIMIT_MS = 60_000 + 5_000 * KILLS;
const ROWS = 200;

/** An approval of many amounts in every bucket. */
async function propose(machine: Machine, id: string, books: readonly string[]): Promise<void> {
  const rows = Array.from({ length: ROWS }, (_, index) => ({
    book: books[index % books.length],
    currency: 'CNY',
    amount: index % 3 === 0 ? '-1.000000001' : '2.50',
    reason: `row ${index}`,
  }));
  const persons = PERSONS.filter(person => !('book' in person));
  await importPersonsFile(await machine.app(), { text: JSON.stringify({ persons }), source: 'persons.json' });
  const decision = adjustment({ id, parameters: { rows } });
  const file = writeLines(machine, `${id}.json`, [JSON.stringify(decision)]);
  await done(machine, ['decisions', 'propose', file, '--actor', 'li.wei']);
}

/** Runs a command that must succeed, and says too much for `succeed` to read. */
async function done(machine: Machine, args: readonly string[]): Promise<void> {
  const { process } = machine.command(args);
  expect(await process.end(COMMAND_LIMIT_MS), process.stderr).toEqual({ code: 0, signal: null });
}

/** What is there of a decision: nothing, or all of it. */
async function applied(machine: Machine, id: string): Promise<boolean> {
  const { rows } = await machine.look(client =>
    client.query<{ outcomes: number; transfers: number; debits: string | null; totals: string | null }>(
      `select (select count(*)::int from decision_outcomes where decision_id = $1 and outcome = 'applied') as outcomes,
         (select count(*)::int from transfers where decision_id = $1) as transfers,
         (select sum(amount_nanos) from transfers where decision_id = $1) as debits,
         (select sum(debit_nanos) from decision_totals where decision_id = $1) as totals`,
      [id],
    ),
  );
  const [found] = rows;
  expect([0, 1]).toContain(found?.outcomes);
  expect(found?.transfers).toBe(found?.outcomes === 1 ? ROWS : 0);
  expect(found?.totals).toBe(found?.debits);
  return found?.outcomes === 1;
}

const approve = (id: string) => ['decisions', 'approve', id, '--actor', 'wang.fang'];

/** Whether the command's session has begun a transaction that writes. */
async function hasWritten(machine: Machine, application: string): Promise<boolean> {
  const { rowCount } = await machine.look(client =>
    client.query(
      `select from pg_stat_activity
       where application_name = $1 and backend_xid is not null and query not like '%audit_%'`,
      [application],
    ),
  );
  return rowCount !== 0;
}

async function isOnRecord(machine: Machine, id: string): Promise<boolean> {
  const { rowCount } = await machine.look(client =>
    client.query(`select from audit_entries where command = 'decisions approve' and parameters->'arguments'->>0 = $1`, [
      id,
    ]),
  );
  return rowCount !== 0;
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

/** How long an approval takes that nobody disturbs, from its being on record to its commit. */
async function timeOfOne(machine: Machine, books: readonly string[]): Promise<number> {
  await propose(machine, 'undisturbed', books);
  const { process } = machine.command(approve('undisturbed'));
  await waitUntil(async () => await isOnRecord(machine, 'undisturbed'), { limitMs: COMMAND_LIMIT_MS, everyMs: 1 });
  const beganAt = performance.now();
  await waitUntil(async () => await applied(machine, 'undisturbed'), { limitMs: COMMAND_LIMIT_MS, everyMs: 1 });
  const tookMs = performance.now() - beganAt;
  expect(await process.end(COMMAND_LIMIT_MS), process.stderr).toEqual({ code: 0, signal: null });
  return tookMs;
}

async function openDecisions(): Promise<{ machine: Machine; books: string[] }> {
  const catalog = catalogText();
  const machine = await openSite(null, { catalog, plans: plansText() });
  const { developers } = JSON.parse(catalog) as { developers: { id: string }[] };
  return { machine, books: developers.map(developer => developer.id) };
}

test('an approval that is killed while it writes, with the server too, leaves nothing; the next one does all', {
  timeout: LIMIT_MS,
}, async () => {
  const { machine, books } = await openDecisions();
  await propose(machine, 'caught', books);
  for (const crash of [false, true]) {
    const blocker = new pg.Client(machine.address);
    blocker.on('error', () => {});
    await blocker.connect();
    onTestFinished(async () => await blocker.end().catch(() => {}));
    // Its last statement before the commit waits here, so that outcome and transfers are written already.
    await blocker.query('set search_path to apportion');
    await blocker.query('begin');
    await blocker.query('lock table decision_totals in share mode');
    const { process, application } = machine.command(approve('caught'));
    await expect.poll(async () => await hasWritten(machine, application), { timeout: COMMAND_LIMIT_MS }).toBe(true);
    await expect
      .poll(
        async () =>
          (
            await machine.look(client =>
              client.query(
                `select from pg_locks join pg_stat_activity using (pid)
                 where application_name = $1 and not granted and relation = 'apportion.decision_totals'::regclass`,
                [application],
              ),
            )
          ).rowCount,
        { timeout: COMMAND_LIMIT_MS },
      )
      .toBe(1);
    await process.kill();
    if (crash) await machine.crashPostgres();
    else await blocker.query('rollback');
    await untilGone(machine, application);
    expect(await applied(machine, 'caught')).toBe(false);
  }
  await done(machine, approve('caught'));
  expect(await applied(machine, 'caught')).toBe(true);
  const { items } = await succeed(machine, ['audit', '--command', 'decisions approve']);
  expect((items as { result: string | null }[]).map(row => row.result)).toEqual(['done', null, null]);
  expect(await succeed(machine, ['verify'])).toMatchObject({ differences: 0 });
});

test('approvals that are killed at any moment are applied whole or not at all', { timeout: LIMIT_MS }, async () => {
  console.log(`killed approvals: SEED=${SEED} KILLS=${KILLS}`);
  const chance = new Chance(SEED);
  const { machine, books } = await openDecisions();
  const usualMs = await timeOfOne(machine, books);
  let undone = 0;
  let whole = 0;
  onTestFailed(() => console.log(`${whole} were applied before the kill, ${undone} were not`));
  for (let kill = 0; kill < KILLS; kill += 1) {
    const id = `kill-${kill}`;
    await propose(machine, id, books);
    const { process, application } = machine.command(approve(id));
    // On record, so that its transaction is the next thing it does.
    const begun = await waitUntil(async () => await isOnRecord(machine, id), { limitMs: COMMAND_LIMIT_MS, everyMs: 1 });
    expect(begun, process.stderr).toBe(true);
    await sleep(chance.next() * 1.3 * usualMs);
    await process.kill();
    await untilGone(machine, application);
    if (await applied(machine, id)) whole += 1;
    else undone += 1;
    await done(machine, approve(id));
    expect(await applied(machine, id)).toBe(true);
  }
  console.log(`${whole} were applied before the kill, ${undone} were not`);
  expect(await succeed(machine, ['verify'])).toMatchObject({ differences: 0 });
});
