import { expect, test } from 'vitest';
import { adjustment } from '../support/deciding.ts';
import { approve, Killing, limitOf } from './killed-command.ts';
import { DEVELOPERS } from './reference-data.ts';
import { succeed } from './site.ts';

/** More with KILLS=100 in the environment. */
const USUAL_KILLS = 6;
const timeout = limitOf(USUAL_KILLS);
const ROWS = 200;

/** An approval of many amounts in every bucket. */
async function proposeAmounts(killing: Killing, id: string): Promise<void> {
  const rows = Array.from({ length: ROWS }, (_, index) => ({
    book: `dev_${index % DEVELOPERS}`,
    currency: 'CNY',
    amount: index % 3 === 0 ? '-1.000000001' : '2.50',
    reason: `row ${index}`,
  }));
  await killing.propose({ ...adjustment({ parameters: { rows } }), id });
}

/** What is there of a decision: nothing, or all of it. */
async function applied({ machine }: Killing, id: string): Promise<boolean> {
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
  const killing = await Killing.open();
  await proposeAmounts(killing, 'caught');
  const isThere = () => applied(killing, 'caught');
  // Its last statement before the commit, so that outcome and transfers are written already.
  await killing.killWhileItWrites(approve('caught'), { table: 'decision_totals', isThere });
  await killing.run(approve('caught'));
  expect(await isThere()).toBe(true);
  const { items } = await succeed(killing.machine, ['audit', '--command', 'decisions approve']);
  expect((items as { result: string | null }[]).map(row => row.result)).toEqual(['done', null, null]);
  await killing.expectNothingDiffers();
});

test('approvals that are killed at any moment are applied whole or not at all', { timeout }, async () => {
  const killing = await Killing.open();
  await proposeAmounts(killing, 'undisturbed');
  const usualMs = await killing.timeOf(approve('undisturbed'), () => applied(killing, 'undisturbed'));
  const kills = killing.atAnyMoment({ usualKills: USUAL_KILLS, usualMs });
  for (let kill = 0; kill < kills.count; kill += 1) {
    const id = `kill-${kill}`;
    await proposeAmounts(killing, id);
    await kills.kill(approve(id), () => applied(killing, id));
  }
  await killing.expectNothingDiffers();
});
