import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loadPlans } from '../../src/plans/stored-plans.ts';
import { click } from '../support/books.ts';
import { catalogText, day, planEntry } from '../support/reference-files.ts';
import { rejectionOf } from '../support/refusals.ts';
import { SettlementSystem } from '../support/settlement-system.ts';

let system: SettlementSystem;
beforeEach(async () => {
  system = await SettlementSystem.open({ bucketCount: 4, now: '2018-04-13T12:00:00+08:00' });
  await system.importCatalog(JSON.parse(catalogText()));
  await system.importPlans(planEntry());
});
afterEach(async () => await system.drop());

const take = async (...events: object[]) => await system.take(events.map(event => JSON.stringify(event)));

/** What was posted for developers: day, version, amount, and the day on which it was booked. */
async function shares(): Promise<string[]> {
  const { rows } = await system.db.query<{ line: string }>(
    `select concat_ws(' ', business_date, 'v' || version, case when credit = 'payable' then '' else '-' end
       || (amount_nanos / 1000000000)::numeric(20, 2), 'booked', (booked_at at time zone 'Asia/Shanghai')::date) as line
     from transfers
     where reason = 'developer_share'
     order by 1`,
  );
  return rows.map(row => row.line);
}

const undamaged = async () => expect((await system.verify()).differences).toEqual([]);

const TENTH = '2018-04-10';
const ELEVENTH = '2018-04-11';

test('a new rate from a day on leaves the days before it as they were posted', async () => {
  await take(click('a', TENTH, '100.00'), click('b', ELEVENTH, '100.00'));
  await system.settleDue();
  const posted = await system.ledger();
  system.now = new Date('2018-04-14T09:00:00+08:00');
  const lower = { id: 'lower', effective_from: '2018-04-12', tiers: [{ share: '0.30' }] };
  await system.importPlans(planEntry({ effective_to: ELEVENTH }), planEntry(lower));
  expect(await system.due()).toEqual([]);
  await take(click('c', '2018-04-12', '100.00'), click('late', TENTH, '10.00'));
  await system.settleDue();
  expect((await system.ledger()).filter(line => posted.includes(line))).toEqual(posted);
  expect(await shares()).toEqual([
    '2018-04-10 v1 50.00 booked 2018-04-13',
    // At the rate of its day, not of today.
    '2018-04-10 v2 5.00 booked 2018-04-14',
    '2018-04-11 v1 50.00 booked 2018-04-13',
    '2018-04-12 v1 30.00 booked 2018-04-14',
  ]);
  await undamaged();
});

test('the correction of an old plan books differences today, and what was posted before stays', async () => {
  await take(click('a', TENTH, '100.00'), click('b', ELEVENTH, '100.00'));
  await system.settleDue();
  const posted = await system.ledger();
  system.now = new Date('2018-05-20T09:00:00+08:00');
  await system.importPlans(planEntry({ effective_from: ELEVENTH, tiers: [{ share: '0.45' }] }), {
    ...planEntry({ id: 'before', effective_to: TENTH, tiers: [{ share: '0.50' }] }),
  });
  await system.settleDue();
  expect((await system.ledger()).filter(line => posted.includes(line))).toEqual(posted);
  expect(await shares()).toEqual([
    '2018-04-10 v1 50.00 booked 2018-04-13',
    '2018-04-11 v1 50.00 booked 2018-04-13',
    '2018-04-11 v2 -5.00 booked 2018-05-20',
  ]);
  // The plans as the first run knew them are there still.
  const asked = { appId: 'app_7_1', developerId: 'dev_7', category: 'tools', currency: 'CNY', day: day(ELEVENTH) };
  expect((await loadPlans(system.db, 2)).planFor(asked)?.tiers[0]?.sharePpm).toBe(500_000n);
  expect((await loadPlans(system.db, 3)).planFor(asked)?.tiers[0]?.sharePpm).toBe(450_000n);
  await undamaged();
});

describe("a developer's own plan", () => {
  const OWN = planEntry({ id: 'own', scope: { developer: 'dev_7' }, tiers: [{ share: '0.40' }] });

  test('pays from the day of its acceptance on, and never days before it', async () => {
    await system.importPlans(OWN);
    await take(click('a', ELEVENTH, '100.00'), click('b', '2018-04-13', '100.00'));
    await system.settleDue();
    await system.acceptPlan('own', 'dev_7');
    expect(await system.due()).toEqual(['2018-04-13 dev_7']);
    system.now = new Date('2018-04-14T09:00:00+08:00');
    await take(click('late', ELEVENTH, '10.00'));
    await system.settleDue();
    expect(await shares()).toEqual([
      '2018-04-11 v1 50.00 booked 2018-04-13',
      '2018-04-11 v2 5.00 booked 2018-04-14',
      '2018-04-13 v1 40.00 booked 2018-04-14',
    ]);
    await undamaged();
  });

  test('goes on as accepted while a new version waits, and changes with its acceptance', async () => {
    await system.importPlans(OWN);
    await system.acceptPlan('own', 'dev_7');
    await take(click('a', '2018-04-13', '100.00'));
    system.now = new Date('2018-04-15T13:00:00+08:00');
    await system.importPlans({ ...OWN, tiers: [{ share: '0.30' }] });
    await take(click('b', '2018-04-14', '100.00'));
    await system.acceptPlan('own', 'dev_7');
    await take(click('c', '2018-04-15', '100.00'));
    system.now = new Date('2018-04-16T09:00:00+08:00');
    await system.settleDue();
    expect(await shares()).toEqual([
      '2018-04-13 v1 40.00 booked 2018-04-16',
      '2018-04-14 v1 40.00 booked 2018-04-16',
      '2018-04-15 v1 30.00 booked 2018-04-16',
    ]);
    await undamaged();
  });

  test('recorded before acceptances were counts as accepted from its first day', async () => {
    await system.importPlans(OWN);
    await (await system.owner()).query('update installation set accepted_plans_version = 3');
    await take(click('a', TENTH, '100.00'));
    await system.settleDue();
    expect(await shares()).toEqual(['2018-04-10 v1 40.00 booked 2018-04-13']);
    const accept = { planId: 'own', developerId: 'dev_7' };
    await system.acceptPlan(accept.planId, accept.developerId);
    expect(system.imports.at(-1)?.referenceVersion).toBe(3);
    await undamaged();
  });

  test.each([
    [
      'a plan that is not there',
      ['none', 'dev_7'],
      'unknown_plan',
      'there is no plan "none"; import it, or see which there are with: npx apportion plans list',
    ],
    [
      'a plan for everybody',
      ['half', 'dev_7'],
      'needs_no_acceptance',
      'plan "half" is for everybody and needs no acceptance; nothing is to be done: it holds from its first day',
    ],
    [
      'the plan of another developer',
      ['own', 'dev_8'],
      'not_their_plan',
      'plan "own" is for developer "dev_7", not for developer "dev_8"; name the developer that it is for',
    ],
    [
      "the plan of another developer's app",
      ['app', 'dev_8'],
      'not_their_plan',
      'plan "app" is for app "app_7_1" of developer "dev_7", not for developer "dev_8"; name the developer that it is for',
    ],
  ] as const)('is not accepted by mistake: %s', async (_what, [planId, developerId], code, message) => {
    await system.importPlans(OWN, planEntry({ id: 'app', scope: { app: 'app_7_1' } }));
    const refusal = await rejectionOf(system.acceptPlan(planId, developerId));
    expect([refusal.code, refusal.message]).toEqual([code, message]);
  });

  test('is accepted once when 10 record it at once', async () => {
    await system.importPlans(OWN);
    await Promise.all(Array.from({ length: 10 }, () => system.acceptPlan('own', 'dev_7')));
    expect(new Set(system.imports.slice(-10).map(each => each.referenceVersion))).toEqual(new Set([4]));
    await undamaged();
  });
});
