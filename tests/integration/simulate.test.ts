import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parsePlans } from '../../src/plans/plan-file.ts';
import { type SimulatedDeveloper, type SimulationRange, simulate } from '../../src/settlement/simulate.ts';
import { summariseSimulation } from '../../src/settlement/simulation-summary.ts';
import { click } from '../support/books.ts';
import { catalogText, day, planEntry, plansText } from '../support/reference-files.ts';
import { rejectionOf } from '../support/refusals.ts';
import { SettlementSystem } from '../support/settlement-system.ts';

/** An id that COPY has to escape. */
const ODD_APP = 'a \\ b';
const ODD = { app_id: ODD_APP, ad_unit_id: 'unit_odd' };
const EIGHT = { app_id: 'app_8_1', ad_unit_id: 'unit_8_1_v' };
const SECOND_UNIT = { ad_unit_id: 'unit_7_1_x' };

const HALF = planEntry({ tiers: [{ up_to: '100.00', share: '0.50' }, { share: '0.30' }] });
const DOLLARS = planEntry({ id: 'dollars', currency: 'USD' });
const APRIL = { from: day('2018-04-01'), to: day('2018-04-30') };

let system: SettlementSystem;
beforeEach(async () => {
  system = await SettlementSystem.open({ bucketCount: 4, now: '2018-04-05T12:00:00+08:00' });
  const { apps, ad_units, developers } = JSON.parse(catalogText());
  await system.importCatalog({
    developers,
    apps: [...apps, { id: ODD_APP, developer_id: 'dev_8', name: 'Odd', category: 'tools' }],
    ad_units: [
      ...ad_units,
      { id: 'unit_odd', app_id: ODD_APP, format: 'banner' },
      { id: 'unit_7_1_x', app_id: 'app_7_1', format: 'banner' },
    ],
  });
  await system.importPlans(HALF, DOLLARS);
  system.now = new Date('2018-05-01T12:00:00+08:00');
});
afterEach(async () => await system.drop());

const take = async (...events: object[]) => await system.take(events.map(event => JSON.stringify(event)));

/** Days of two months, apps of two developers, several ad units, two currencies; an app that moves to another category. */
async function takeTraffic(): Promise<void> {
  await take(
    click('m', '2018-03-31', '70.00'),
    click('a', '2018-04-01', '80.123456'),
    click('b', '2018-04-01', '90.00', SECOND_UNIT),
    click('c', '2018-04-02', '30.000001', EIGHT),
    click('d', '2018-04-10', '130.00'),
    click('e', '2018-04-10', '250.00', EIGHT),
    click('f', '2018-04-10', '0.333333', ODD),
    click('g', '2018-04-30', '99.99', ODD),
    click('h', '2018-04-20', '7.00', { ...EIGHT, currency: 'USD' }),
    click('i', '2018-04-25', '12.345678'),
  );
  const moved = { id: 'app_8_1', developer_id: 'dev_8', name: 'Figure Eight', category: 'tools' };
  await system.importCatalog({ apps: [{ ...moved, category_from: '2018-04-05' }] });
}

async function simulated(
  plans: Record<string, unknown>[],
  range: SimulationRange = APRIL,
): Promise<SimulatedDeveloper[]> {
  const file = parsePlans(plansText(...plans), 'other.json');
  const { bucketCount } = system;
  return await system.db.snapshot(async tx => await Array.fromAsync(simulate(tx, { file, range, bucketCount })));
}

/** What the ledger says that developers got for days of April, by developer and currency. */
async function posted(): Promise<Map<string, bigint>> {
  const sums = new Map<string, bigint>();
  for (const { businessDay, developerId, currency, reason, credit, amountNanos } of await system.transfers()) {
    if (reason !== 'developer_share' || !businessDay.startsWith('2018-04')) continue;
    const key = `${developerId} ${currency}`;
    sums.set(key, (sums.get(key) ?? 0n) + (credit === 'payable' ? amountNanos : -amountNanos));
  }
  return sums;
}

const byKey = (rows: readonly SimulatedDeveloper[], amountOf: (row: SimulatedDeveloper) => bigint) =>
  new Map(rows.map(row => [`${row.developerId} ${row.currency}`, amountOf(row)] as const).sort());

const others: [what: string, plans: Record<string, unknown>[]][] = [
  ['other tiers', [{ ...HALF, tiers: [{ up_to: '50.00', share: '0.45' }, { share: '0.333333' }] }]],
  ['the month instead of the day', [{ ...HALF, basis: 'app_month' }]],
  ['one tier for the whole day', [{ ...HALF, mode: 'whole' }]],
  [
    'a plan for a category that an app moves to',
    [planEntry({ id: 'tools', scope: { category: 'tools' }, tiers: [{ share: '0.31' }] })],
  ],
  [
    'plans that follow each other within the range',
    [
      { ...HALF, effective_to: '2018-04-09' },
      planEntry({ id: 'next', effective_from: '2018-04-10', effective_to: '2018-04-24', basis: 'app_month' }),
      planEntry({ id: 'last', effective_from: '2018-04-25', tiers: [{ share: '0.4' }] }),
    ],
  ],
  ['the same', [HALF]],
];

test.each(others)('simulating %s tells what the ledger says before and after such an import', async (_what, plans) => {
  await takeTraffic();
  await system.settleDue();
  const before = await posted();
  const ledger = await system.ledger();
  const rows = await simulated(plans);
  expect(await system.ledger()).toEqual(ledger);
  expect(await system.due()).toEqual([]);
  expect(byKey(rows, row => row.presentNanos)).toEqual(new Map([...before].sort()));

  await system.importPlans(...plans);
  await system.settleDue();
  expect(byKey(rows, row => row.simulatedNanos)).toEqual(new Map([...(await posted())].sort()));
});

test('a range that begins within a month knows what was earned in it before', async () => {
  await takeTraffic();
  const plans = [{ ...HALF, basis: 'app_month' }, DOLLARS];
  const sum = (rows: readonly SimulatedDeveloper[]) => rows.reduce((total, row) => total + row.simulatedNanos, 0n);
  const [first, second] = [
    await simulated(plans, { from: APRIL.from, to: day('2018-04-09') }),
    await simulated(plans, { from: day('2018-04-10'), to: APRIL.to }),
  ];
  expect(sum(first) + sum(second)).toBe(sum(await simulated(plans)));
});

test("a developer's plan counts as accepted from its first day; present ones as far as they are", async () => {
  await takeTraffic();
  const own = planEntry({ id: 'own', scope: { developer: 'dev_7' }, tiers: [{ share: '0.40' }] });
  await system.importPlans(own);
  const [now] = (await simulated([DOLLARS])).filter(row => row.developerId === 'dev_7');
  const [accepted] = (await simulated([own])).filter(row => row.developerId === 'dev_7');
  expect(now?.simulatedNanos).toBe(now?.presentNanos);
  // 80.123456 + 90 + 130 + 12.345678 = 312.469134
  expect(accepted).toMatchObject({ grossNanos: 312_469_134_000n, simulatedNanos: 124_987_653_600n });
  expect(accepted?.presentNanos).toBe(now?.presentNanos);
});

test('what no plan covers counts as nothing, and is told', async () => {
  await takeTraffic();
  const rows = await simulated([{ ...HALF, effective_from: '2018-04-10' }]);
  const items = await summariseSimulation(iterate(rows), { top: 1 });
  expect(items.map(item => [item.currency, item.developers, item.app_days_without_plan])).toEqual([
    ['CNY', 2, { present: 0, simulated: 2 }],
    ['USD', 1, { present: 0, simulated: 0 }],
  ]);
});

async function* iterate<Row>(rows: readonly Row[]): AsyncGenerator<Row> {
  yield* rows;
}

describe('the summary', () => {
  const row = (developerId: string, present: bigint, simulated: bigint) =>
    ({
      ...{ developerId, currency: 'CNY', grossNanos: 10n, presentNanos: present, simulatedNanos: simulated },
      ...{ presentWithoutPlan: 0, simulatedWithoutPlan: 0 },
    }) as SimulatedDeveloper;

  test('names who gains and who loses most, those first, and leaves out who does neither', async () => {
    const rows = [row('a', 5n, 6n), row('b', 5n, 9n), row('c', 5n, 5n), row('d', 5n, 1n), row('e', 5n, 9n)];
    const [item] = await summariseSimulation(iterate(rows), { top: 2 });
    expect(item?.gains.map(each => [each.developer_id, each.difference.amount])).toEqual([
      ['b', '0.000000004'],
      ['e', '0.000000004'],
    ]);
    expect(item?.losses.map(each => [each.developer_id, each.difference.amount])).toEqual([['d', '-0.000000004']]);
    expect(item).toMatchObject({
      developers: 5,
      present: { amount: '0.000000025' },
      simulated: { amount: '0.00000003' },
    });
  });

  test('keeps the first of many', async () => {
    const rows = Array.from({ length: 5_000 }, (_, index) => row(`d${index}`, 0n, BigInt((index * 7919) % 5_000)));
    const [item] = await summariseSimulation(iterate(rows), { top: 3 });
    expect(item?.gains.map(each => each.difference.amount)).toEqual(['0.000004999', '0.000004998', '0.000004997']);
  });
});

test.each([
  [
    'more than 400 days',
    { ...APRIL, to: day('2019-05-06') },
    'bad_range',
    '2018-04-01 to 2019-05-06 is more than 400 days',
  ],
  ['an end before the start', { ...APRIL, to: day('2018-03-31') }, 'bad_range', 'put the earlier day first'],
  ['days without earnings', { from: day('2018-06-01'), to: day('2018-06-30') }, 'no_earnings', 'nothing was earned'],
])('is refused for %s', async (_what, range, code, message) => {
  await takeTraffic();
  const refusal = await rejectionOf(simulated([HALF], range));
  expect(refusal.code).toBe(code);
  expect(refusal.message).toContain(message);
});

test('is refused for plans that an import refuses', async () => {
  await takeTraffic();
  const refusal = await rejectionOf(simulated([planEntry({ id: 'second' })]));
  expect(refusal.message).toBe(
    'other.json: plans[0] is "second", which would be in force together with "half" from 2018-03-28 on (CNY, default scope); end one of them before the other starts, or leave one out',
  );
  expect((await rejectionOf(simulated([planEntry({ id: 'x', scope: { app: 'none' } })]))).code).toBe('bad_plans');
});
