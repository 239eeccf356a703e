import { afterEach, beforeEach, expect, test } from 'vitest';
import { explainAppDay } from '../../src/statements/explain.ts';
import { renderExplanation } from '../../src/statements/render-explanation.ts';
import { click } from '../support/books.ts';
import { catalogText, day, planEntry } from '../support/reference-files.ts';
import { SettlementSystem } from '../support/settlement-system.ts';

const MONTHLY = planEntry({
  id: 'monthly',
  basis: 'app_month',
  tiers: [{ up_to: '100000.00', share: '0.50' }, { share: '0.30' }],
});
const OTHER_APP = { app_id: 'app_8_1', ad_unit_id: 'unit_8_1_v' };

let system: SettlementSystem;
beforeEach(async () => {
  system = await SettlementSystem.open({ bucketCount: 4, now: '2018-04-20T12:00:00+08:00' });
  await system.importCatalog(JSON.parse(catalogText()));
});
afterEach(async () => await system.drop());

const take = async (...events: object[]) => await system.take(events.map(event => JSON.stringify(event)));

/** What was posted for the developers, a difference a line: day, app, version, amount. */
async function shares(): Promise<string[]> {
  const rows = (await system.transfers()).filter(row => row.reason === 'developer_share');
  return rows.map(({ businessDay, appId, version, credit, amountNanos }) => {
    const sign = credit === 'payable' ? '' : '-';
    return `${businessDay} ${appId} v${version} ${sign}${amountNanos / 1_000_000_000n}`;
  });
}

const undamaged = async () => expect((await system.verify()).differences).toEqual([]);

test('each day is paid what it adds to the share of the month; a month begins anew, each app by itself', async () => {
  await system.importPlans(MONTHLY);
  await take(
    click('a', '2018-03-31', '90000.00'),
    click('b', '2018-04-10', '60000.00'),
    click('c', '2018-04-12', '60000.00'),
    click('d', '2018-04-12', '60000.00', OTHER_APP),
  );
  await system.settleDue();
  expect(await shares()).toEqual([
    '2018-03-31 app_7_1 v1 45000',
    '2018-04-10 app_7_1 v1 30000',
    // 100,000 × 0.50 + 20,000 × 0.30 − 30,000
    '2018-04-12 app_7_1 v1 26000',
    '2018-04-12 app_8_1 v1 30000',
  ]);
  await undamaged();
});

test('a late event changes the later days of its month too, and no other', async () => {
  await system.importPlans(MONTHLY);
  await take(
    click('a', '2018-04-10', '60000.00'),
    click('b', '2018-04-12', '60000.00'),
    click('c', '2018-04-12', '10.00', OTHER_APP),
    click('d', '2018-04-09', '1.00'),
  );
  await system.settleDue();
  await take(click('late', '2018-04-10', '10000.00'));
  expect(await system.due()).toEqual(['2018-04-10 dev_7', '2018-04-12 dev_7']);
  await undamaged();
  await system.settle('2018-04-12');
  await undamaged();
  await system.settleDue();
  // Of the 12th: 50,000 + 30,001 × 0.30 − 70,001 × 0.50 instead of 50,000 + 20,001 × 0.30 − 60,001 × 0.50
  expect((await shares()).filter(line => line.includes('v2'))).toEqual([
    '2018-04-10 app_7_1 v2 5000',
    '2018-04-12 app_7_1 v2 -2000',
  ]);
  await undamaged();
});

test('a month of which the plan is changed midway is paid by the plan of each day', async () => {
  await system.importPlans(
    { ...MONTHLY, effective_to: '2018-04-11' },
    { ...MONTHLY, id: 'later', effective_from: '2018-04-12', tiers: [{ share: '0.40' }] },
  );
  await take(click('a', '2018-04-10', '60000.00'), click('b', '2018-04-12', '60000.00'));
  await system.settleDue();
  // 120,000 × 0.40 − 60,000 × 0.40
  expect(await shares()).toEqual(['2018-04-10 app_7_1 v1 30000', '2018-04-12 app_7_1 v1 24000']);
  await undamaged();
});

test('what was paid by the day is paid by the month once such a plan holds', async () => {
  await system.importPlans({ ...MONTHLY, basis: 'app_day' });
  await take(click('a', '2018-04-10', '60000.00'), click('b', '2018-04-12', '60000.00'));
  await system.settleDue();
  await system.importPlans(MONTHLY);
  expect(await system.due()).toEqual(['2018-04-10 dev_7', '2018-04-12 dev_7']);
  await system.settleDue();
  expect(await shares()).toEqual([
    '2018-04-10 app_7_1 v1 30000',
    '2018-04-12 app_7_1 v1 30000',
    '2018-04-12 app_7_1 v2 -4000',
  ]);
  await undamaged();
});

test('an explanation shows the arithmetic of the month', async () => {
  await system.importPlans(MONTHLY);
  await take(click('a', '2018-04-10', '60000.00'), click('b', '2018-04-12', '60000.00'));
  await system.settleDue();
  const { calendar, bucketCount } = system;
  const explained = await system.db.snapshot(
    async tx => await explainAppDay(tx, { appId: 'app_7_1', day: day('2018-04-12'), bucketCount, calendar }),
  );
  expect(explained.items[0]?.pending).toEqual([]);
  expect(renderExplanation(explained)).toContain(`
Shared out by plan monthly of version 2,
for everybody, from 2018-03-28, each tier for its part of the month's gross
  Gross of the month to this day 120,000.00
  up to 100,000.00  100,000.00  × 50 %  = 50,000.00
  the rest           20,000.00  × 30 %   = 6,000.00
  Share of the month to this day = 56,000.00
  Gross of the month to the day before 60,000.00
  up to 100,000.00  60,000.00  × 50 %  = 30,000.00
  Share of the month to the day before = 30,000.00
  Developer's share 56,000.00 − 30,000.00 = 26,000.00
  Platform's part 60,000.00 − 26,000.00 = 34,000.00
`);
});
