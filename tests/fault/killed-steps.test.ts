import { expect, test } from 'vitest';
import { adjustment } from '../support/deciding.ts';
import { approve, Killing, limitOf } from './killed-command.ts';
import { APPS_PER_DEVELOPER, categoryOf, numbers, unitOf } from './reference-data.ts';
import { writeLines } from './site.ts';

/** More with KILLS=100 in the environment. */
const USUAL_KILLS = 3;
const timeout = limitOf(USUAL_KILLS);

const DEVELOPERS = 20;
const DAYS = ['2018-04-11', '2018-04-12', '2018-04-13', '2018-04-14', '2018-04-15'];
const AS_OF = '2018-04-16T00:30:00+08:00';
const BOOK = 'dev_7';

/** Every app has earned on every day, and all is settled. */
async function openEarned(): Promise<Killing> {
  const killing = await Killing.open();
  const apps = numbers(DEVELOPERS).flatMap(developer =>
    numbers(APPS_PER_DEVELOPER).map(app => `app_${developer}_${app}`),
  );
  const events = apps.flatMap((appId, place) =>
    DAYS.map((day, index) => ({
      ...{ id: `c${place}-${index}`, type: 'click', occurred_at: `${day}T12:00:00+08:00`, currency: 'CNY' },
      ...{ app_id: appId, ad_unit_id: unitOf(appId, 0), price: `${1 + (place % 7)}.234567` },
    })),
  );
  const file = writeLines(
    killing.machine,
    'events.ndjson',
    events.map(event => JSON.stringify(event)),
  );
  await killing.run(['ingest', file, '--as-of', AS_OF]);
  await killing.run(['settle', '--due']);
  return killing;
}

async function look({ machine }: Killing, sql: string, values: readonly unknown[]): Promise<(number | null)[]> {
  const { rows } = await machine.look(client => client.query({ text: sql, values: [...values], rowMode: 'array' }));
  return (rows[0] as (string | number | null)[]).map(each => (each === null ? null : Number(each)));
}

/** Whether a hold's decision is applied: its outcome, the hold and its transfers of all days, or nothing of these. */
async function isHeld(killing: Killing, id: string): Promise<boolean> {
  const found = await look(
    killing,
    `select (select count(*) from decision_outcomes where decision_id = $1), (select count(*) from holds where hold_id = $1),
       (select count(*) from reference_versions join holds using (reference_version) where hold_id = $1),
       (select count(*) from transfers where decision_id = $1), (select count(*) from decision_totals where decision_id = $1)`,
    [id],
  );
  const isWhole = found[0] === 1;
  const moved = APPS_PER_DEVELOPER * DAYS.length;
  // Its totals are those of `payable` and `held`, of one half-month.
  expect(found).toEqual(isWhole ? [1, 1, 1, moved, 2] : [0, 0, 0, 0, 0]);
  return isWhole;
}

/** How many steps the funds have taken; each is there whole, in both books, or not at all. */
async function stepsTaken(killing: Killing): Promise<number> {
  const [steps, awarded, left, arrived, totals, inDays] = await look(
    killing,
    `select (select count(*) from fund_grants), (select coalesce(sum(awarded_nanos), 0) from fund_grants),
       (select coalesce(sum(amount_nanos), 0) from transfers where debit = 'fund_available' and credit = 'incentive'),
       (select coalesce(sum(amount_nanos), 0) from transfers where debit = 'incentive' and credit = 'payable'),
       (select coalesce(sum(debit_nanos), 0) from posting_totals where account = 'fund_available'),
       (select coalesce(sum(award_change_nanos), 0) from fund_days)`,
    [],
  );
  expect([left, arrived, totals, inDays]).toEqual([awarded, awarded, awarded, awarded]);
  return steps ?? 0;
}

const hold = (id: string) => ({ ...adjustment({ kind: 'hold', parameters: { book: BOOK, from: DAYS[0] } }), id });
const release = (id: string, of: string) => ({
  ...adjustment({ kind: 'release', parameters: { hold: of } }),
  id,
});
const fund = (id: string, budget: string) => {
  const days = { start: '2018-04-01', end: '2099-12-31' };
  const rule = { points: '0.1', categories: [categoryOf('app_0_0')] };
  return {
    ...adjustment({ kind: 'fund', parameters: { fund: 'growth', currency: 'CNY', budget, ...days, rule } }),
    id,
  };
};
const topUp = (id: string) => ({
  ...adjustment({ kind: 'fund_top_up', parameters: { fund: 'growth', currency: 'CNY', amount: '1.23' } }),
  id,
});

test('a hold is approved whole or not at all, wherever its approval is killed', { timeout }, async () => {
  const killing = await openEarned();
  const isThere = (id: string) => () => isHeld(killing, id);
  const letGo = async (id: string) => {
    await killing.propose(release(`release-${id}`, id));
    await killing.run(approve(`release-${id}`));
  };
  await killing.propose(hold('caught'));
  await killing.killWhileItWrites(approve('caught'), { table: 'decision_totals', isThere: isThere('caught') });
  const usualMs = await killing.timeOf(approve('caught'), isThere('caught'));
  await letGo('caught');
  const kills = killing.atAnyMoment({ usualKills: USUAL_KILLS, usualMs });
  for (let kill = 0; kill < kills.count; kill += 1) {
    const id = `hold-${kill}`;
    await killing.propose(hold(id));
    await kills.kill(approve(id), isThere(id));
    await letGo(id);
  }
  await killing.expectNothingDiffers();
});

test("a fund's step is taken whole or not at all, wherever the settlement that takes it is killed", {
  timeout,
}, async () => {
  const killing = await openEarned();
  await killing.propose(fund('start', '1.00'));
  await killing.run(approve('start'));
  const settle = ['settle', '--due'];
  let before = 0;
  const isThere = async () => (await stepsTaken(killing)) > before;
  // The days are settled for their claims, which moves nothing; so what waits here is a step, with all else written.
  await killing.killWhileItWrites(settle, { table: 'posting_totals', isThere });
  const usualMs = await killing.timeOf(settle, isThere);
  const kills = killing.atAnyMoment({ usualKills: USUAL_KILLS, usualMs });
  for (let kill = 0; kill < kills.count; kill += 1) {
    await killing.propose(topUp(`top-up-${kill}`));
    await killing.run(approve(`top-up-${kill}`));
    before = await stepsTaken(killing);
    await kills.kill(settle, isThere);
    expect(await stepsTaken(killing)).toBe(before + 1);
  }
  await killing.expectNothingDiffers();
});
