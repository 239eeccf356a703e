import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFailed, test } from 'vitest';
import { waitUntil } from '../../src/embedded/wait-until.ts';
import { adjustment } from '../support/deciding.ts';
import { Chance } from './chance.ts';
import {
  approve,
  begin,
  blockWrites,
  done,
  importPersons,
  propose,
  untilGone,
  untilItWaits,
} from './killed-command.ts';
import type { Machine } from './machine.ts';
import { catalogText, plansText } from './reference-data.ts';
import { COMMAND_LIMIT_MS, openSite, succeed } from './site.ts';

/** `SEED=… KILLS=… npx vitest run tests/fault/killed-approval.test.ts` repeats a run, or makes a harder one. */
const SEED = Number(process.env.SEED ?? randomInt(2 ** 31));
const KILLS = Number(process.env.KILLS ?? 6);
const LIMIT_MS = 120_000 + 10_000 * KILLS;
const ROWS = 200;

/** An approval of many amounts in every bucket. */
async function proposeAmounts(machine: Machine, id: string, books: readonly string[]): Promise<void> {
  const rows = Array.from({ length: ROWS }, (_, index) => ({
    book: books[index % books.length],
    currency: 'CNY',
    amount: index % 3 === 0 ? '-1.000000001' : '2.50',
    reason: `row ${index}`,
  }));
  await propose(machine, { ...adjustment({ parameters: { rows } }), id });
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

/** How long an approval takes that nobody disturbs, from its being on record to its commit. */
async function timeOfOne(machine: Machine, books: readonly string[]): Promise<number> {
  await proposeAmounts(machine, 'undisturbed', books);
  const { process } = await begin(machine, approve('undisturbed'));
  const beganAt = performance.now();
  await waitUntil(async () => await applied(machine, 'undisturbed'), { limitMs: COMMAND_LIMIT_MS, everyMs: 1 });
  const tookMs = performance.now() - beganAt;
  expect(await process.end(COMMAND_LIMIT_MS), process.stderr).toEqual({ code: 0, signal: null });
  return tookMs;
}

async function openDecisions(): Promise<{ machine: Machine; books: string[] }> {
  const catalog = catalogText();
  const machine = await openSite(null, { catalog, plans: plansText() });
  await importPersons(machine);
  const { developers } = JSON.parse(catalog) as { developers: { id: string }[] };
  return { machine, books: developers.map(developer => developer.id) };
}

test('an approval that is killed while it writes, with the server too, leaves nothing; the next one does all', {
  timeout: LIMIT_MS,
}, async () => {
  const { machine, books } = await openDecisions();
  await proposeAmounts(machine, 'caught', books);
  for (const crash of [false, true]) {
    // Its last statement before the commit waits here, so that outcome and transfers are written already.
    const unblock = await blockWrites(machine, 'decision_totals');
    const { process, application } = machine.command(approve('caught'));
    await untilItWaits(machine, application, 'decision_totals');
    await process.kill();
    if (crash) await machine.crashPostgres();
    else await unblock();
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
    await proposeAmounts(machine, id, books);
    const { process, application } = await begin(machine, approve(id));
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
