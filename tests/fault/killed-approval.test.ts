import { expect, test } from 'vitest';
import { adjustment } from '../support/deciding.ts';
import {
  approve,
  done,
  expectNothingDiffers,
  KillsAtAnyMoment,
  killWhileItWrites,
  limitOf,
  openKilling,
  propose,
  timeOf,
} from './killed-command.ts';
import type { Machine } from './machine.ts';
import { DEVELOPERS } from './reference-data.ts';
import { succeed } from './site.ts';

/** More with KILLS=100 in the environment. */
const USUAL_KILLS = 6;
const timeout = limitOf(USUAL_KILLS);
const ROWS = 200;

/** An approval of many amounts in every bucket. */
async function proposeAmounts(machine: Machine, id: string): Promise<void> {
  const rows = Array.from({ length: ROWS }, (_, index) => ({
    book: `dev_${index % DEVELOPERS}`,
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

test('an approval that is killed while it writes, with the server too, leaves nothing; the next one does all', {
  timeout,
}, async () => {
  const machine = await openKilling();
  await proposeAmounts(machine, 'caught');
  const isThere = () => applied(machine, 'caught');
  // Its last statement before the commit, so that outcome and transfers are written already.
  await killWhileItWrites(machine, approve('caught'), { table: 'decision_totals', isThere });
  await done(machine, approve('caught'));
  expect(await isThere()).toBe(true);
  const { items } = await succeed(machine, ['audit', '--command', 'decisions approve']);
  expect((items as { result: string | null }[]).map(row => row.result)).toEqual(['done', null, null]);
  await expectNothingDiffers(machine);
});

test('approvals that are killed at any moment are applied whole or not at all', { timeout }, async () => {
  const machine = await openKilling();
  await proposeAmounts(machine, 'undisturbed');
  const usualMs = await timeOf(machine, approve('undisturbed'), () => applied(machine, 'undisturbed'));
  const kills = new KillsAtAnyMoment(machine, { usualKills: USUAL_KILLS, usualMs });
  for (let kill = 0; kill < kills.count; kill += 1) {
    const id = `kill-${kill}`;
    await proposeAmounts(machine, id);
    await kills.kill(approve(id), () => applied(machine, id));
  }
  await expectNothingDiffers(machine);
});
