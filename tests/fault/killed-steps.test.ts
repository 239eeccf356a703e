import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFailed, test } from 'vitest';
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
import { APPS_PER_DEVELOPER, catalogText, categoryOf, numbers, plansText, unitOf } from './reference-data.ts';
import { openSite, succeed, writeLines } from './site.ts';

/** `SEED=… KILLS=… npx vitest run tests/fault/killed-steps.test.ts` repeats a run, or makes a harder one. */
const SEED = Number(process.env.SEED ?? randomInt(2 ** 31));
const KILLS = Number(process.env.KILLS ?? 3);
const LIMIT_MS = 180_000 + 20_000 * KILLS;

const DEVELOPERS = 20;
const DAYS = ['2018-04-11', '2018-04-12', '2018-04-13', '2018-04-14', '2018-04-15'];
const AS_OF = '2018-04-16T00:30:00+08:00';
const BOOK = 'dev_7';

/** Every app has earned on every day, and all is settled. */
async function openEarned(): Promise<Machine> {
  const machine = await openSite(null, { catalog: catalogText(), plans: plansText() });
  await importPersons(machine);
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
    machine,
    'events.ndjson',
    events.map(event => JSON.stringify(event)),
  );
  await done(machine, ['ingest', file, '--as-of', AS_OF]);
  await done(machine, ['settle', '--due']);
  return machine;
}

async function look(machine: Machine, sql: string, values: readonly unknown[]): Promise<(number | null)[]> {
  const { rows } = await machine.look(client => client.query({ text: sql, values: [...values], rowMode: 'array' }));
  return (rows[0] as (string | number | null)[]).map(each => (each === null ? null : Number(each)));
}

/** Whether a hold's decision is applied: its outcome, the hold and its transfers of all days, or nothing of these. */
async function isHeld(machine: Machine, id: string): Promise<boolean> {
  const found = await look(
    machine,
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
async function stepsTaken(machine: Machine): Promise<number> {
  const [steps, awarded, left, arrived, totals, inDays] = await look(
    machine,
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

test('a hold is approved whole or not at all, wherever its approval is killed', { timeout: LIMIT_MS }, async () => {
  console.log(`killed holds: SEED=${SEED} KILLS=${KILLS}`);
  const chance = new Chance(SEED);
  const machine = await openEarned();
  await propose(machine, hold('caught'));
  for (const crash of [false, true]) {
    const unblock = await blockWrites(machine, 'decision_totals');
    const { process, application } = machine.command(approve('caught'));
    await untilItWaits(machine, application, 'decision_totals');
    await process.kill();
    if (crash) await machine.crashPostgres();
    else await unblock();
    await untilGone(machine, application);
    expect(await isHeld(machine, 'caught')).toBe(false);
  }
  let usualMs = 0;
  let [whole, undone] = [0, 0];
  onTestFailed(() => console.log(`${whole} were applied before the kill, ${undone} were not`));
  for (let kill = 0; kill <= KILLS; kill += 1) {
    const id = kill === 0 ? 'caught' : `hold-${kill}`;
    if (kill > 0) await propose(machine, hold(id));
    const { process, application } = await begin(machine, approve(id));
    if (kill === 0) {
      // Nobody disturbs the first.
      const beganAt = performance.now();
      await expect.poll(() => isHeld(machine, id), { timeout: 60_000, interval: 1 }).toBe(true);
      usualMs = performance.now() - beganAt;
      await process.end(60_000);
    } else {
      await sleep(chance.next() * 1.3 * usualMs);
      await process.kill();
      await untilGone(machine, application);
      if (await isHeld(machine, id)) whole += 1;
      else undone += 1;
      await done(machine, approve(id));
      expect(await isHeld(machine, id)).toBe(true);
    }
    await propose(machine, release(`release-${kill}`, id));
    await done(machine, approve(`release-${kill}`));
  }
  console.log(`${whole} were applied before the kill, ${undone} were not`);
  expect(await succeed(machine, ['verify'])).toMatchObject({ differences: 0 });
});

test("a fund's step is taken whole or not at all, wherever the settlement that takes it is killed", {
  timeout: LIMIT_MS,
}, async () => {
  console.log(`killed steps: SEED=${SEED} KILLS=${KILLS}`);
  const chance = new Chance(SEED);
  const machine = await openEarned();
  await propose(machine, fund('start', '1.00'));
  await done(machine, approve('start'));
  for (const crash of [false, true]) {
    // The days are settled for their claims, which moves nothing; so what waits here is a step, with all else written.
    const unblock = await blockWrites(machine, 'posting_totals');
    const { process, application } = machine.command(['settle', '--due']);
    await untilItWaits(machine, application, 'posting_totals');
    await process.kill();
    if (crash) await machine.crashPostgres();
    else await unblock();
    await untilGone(machine, application);
    expect(await stepsTaken(machine)).toBe(0);
  }
  const beganAt = performance.now();
  await done(machine, ['settle', '--due']);
  const usualMs = performance.now() - beganAt;
  expect(await stepsTaken(machine)).toBeGreaterThan(0);
  let [taken, untaken] = [0, 0];
  onTestFailed(() => console.log(`${taken} were taken before the kill, ${untaken} were not`));
  for (let kill = 0; kill < KILLS; kill += 1) {
    await propose(machine, topUp(`top-up-${kill}`));
    await done(machine, approve(`top-up-${kill}`));
    const before = await stepsTaken(machine);
    const { process, application } = await begin(machine, ['settle', '--due']);
    await sleep(chance.next() * 0.7 * usualMs);
    await process.kill();
    await untilGone(machine, application);
    if ((await stepsTaken(machine)) > before) taken += 1;
    else untaken += 1;
    await done(machine, ['settle', '--due']);
    expect(await stepsTaken(machine)).toBe(before + 1);
  }
  console.log(`${taken} were taken before the kill, ${untaken} were not`);
  expect(await succeed(machine, ['verify'])).toMatchObject({ differences: 0 });
});
