import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { takeTurn } from '../../src/db/turn.ts';
import { bucketOf } from '../../src/domain/bucket.ts';
import { parsePeriod } from '../../src/domain/period.ts';
import { statementOf } from '../../src/statements/statement.ts';
import type { StatementFigures } from '../../src/statements/statement-form.ts';
import { SettlementSystem } from '../support/settlement-system.ts';

// What has gone wrong in other programs of this kind, each as it would happen here.

const BUCKETS = 2;
const TENTH = '2018-04-10';
const ELEVENTH = '2018-04-11';
const TWELFTH = '2018-04-12';

const CATALOG = {
  developers: [{ id: 'dev', name: 'Dev', type: 'company', country: 'CN' }],
  apps: [{ id: 'app', developer_id: 'dev', name: 'App', category: 'tools' }],
  ad_units: ['unit-1', 'unit-2'].map(id => ({ id, app_id: 'app', format: 'banner' })),
  providers: [
    {
      ...{ id: 'agency', name: 'Agency', type: 'company', country: 'CN' },
      ratios: [{ effective_from: '2018-01-01', ratio: '0.123457' }],
      apps: [{ app_id: 'app', effective_from: '2018-01-01' }],
    },
  ],
};
const HALF = {
  ...{ id: 'half', scope: { default: true }, currency: 'CNY', effective_from: '2018-01-01', effective_to: null },
  ...{ basis: 'app_day', mode: 'marginal', tiers: [{ share: '0.50' }] },
};
const TIERED = { ...HALF, tiers: [{ up_to: '100.00', share: '0.50' }, { share: '0.333333' }] };
const MONTHLY = { ...HALF, basis: 'app_month', tiers: [{ up_to: '100.00', share: '0.50' }, { share: '0.30' }] };
const REPEATED_CLICKS = {
  effective_from: '2018-01-01',
  checks: {
    ...{ known_bot: false, data_centre: false, implausible_rate: false, click_too_soon: false },
    repeated_click: { window_ms: 10_000 },
  },
};

let system: SettlementSystem;
beforeAll(async () => {
  system = await SettlementSystem.open({ bucketCount: BUCKETS });
});
beforeEach(async () => {
  await system.reset('2018-04-01T12:00:00+08:00');
  await system.importCatalog(CATALOG);
});
afterAll(async () => await system.drop());

/** A click at noon, unless told otherwise. */
function click(
  id: string,
  day: string,
  price: string,
  { unit = 'unit-1', time = '12:00:00', device = id } = {},
): string {
  const event = { id, type: 'click', occurred_at: `${day}T${time}+08:00`, app_id: 'app', ad_unit_id: unit };
  return JSON.stringify({ ...event, currency: 'CNY', price, device_id: device });
}

/** What was posted to an account, as `day version amount`: + for what came, − for what was taken back. */
async function posted(account: string, owner = 'dev'): Promise<string[]> {
  const transfers = (await system.transfers()).filter(
    row => row.developerId === owner && [row.debit, row.credit].includes(account),
  );
  return transfers.map(({ businessDay, version, credit, amountNanos }) => {
    return `${businessDay} v${version} ${credit === account ? '+' : '-'}${decimal(amountNanos)}`;
  });
}

async function balance(account: string, owner = 'dev'): Promise<string> {
  const found = (await system.balances()).find(each => each.developerId === owner && each.account === account);
  return decimal(found?.nanos ?? 0n);
}

function decimal(nanos: bigint): string {
  const digits = String(nanos < 0n ? -nanos : nanos).padStart(10, '0');
  const fraction = digits.slice(-9).replace(/0{1,7}$/, '');
  return `${nanos < 0n ? '-' : ''}${digits.slice(0, -9)}.${fraction}`;
}

/** Of the first half of April. */
async function statementLines(): Promise<string[]> {
  const asked = { developerId: 'dev', period: parsePeriod('2018-04-H1'), bucketCount: BUCKETS };
  const { items } = await system.db.snapshot(async tx => await statementOf(tx, asked));
  const figures = ({ gross, developer_share: share }: StatementFigures) =>
    `gross ${gross.amount}, share ${share.amount}`;
  return items.flatMap(({ days, totals }) => [
    ...days.flatMap(({ date, apps }) => apps.map(app => `${date} ${app.app_id}: ${figures(app)}`)),
    `total: ${figures(totals)}`,
  ]);
}

async function expectSettled(): Promise<void> {
  const { differences, pending } = await system.verify();
  expect([differences, pending]).toEqual([[], { batches: 0, dueDays: 0 }]);
  expect((await system.trialBalance()).balanced).toBe(true);
}

test('a rate change that rewrote past earnings', async () => {
  await system.importPlans(HALF);
  system.now = new Date(`${TWELFTH}T12:00:00+08:00`);
  await system.take([click('a', TENTH, '100'), click('b', ELEVENTH, '100')]);
  await system.settleDue();
  const before = await system.ledger();

  await system.importPlans(
    { ...HALF, effective_to: ELEVENTH },
    { ...HALF, id: 'less', effective_from: TWELFTH, tiers: [{ share: '0.30' }] },
  );
  expect(await system.due()).toEqual([]);
  await system.settleDue();
  expect(await system.ledger()).toEqual(before);

  // What comes late for a past day is paid at the rate of that day, and in a transfer of its own.
  system.now = new Date('2018-04-13T12:00:00+08:00');
  await system.take([click('c', TWELFTH, '100'), click('late', TENTH, '10')]);
  await system.settleDue();
  expect((await system.ledger()).filter(line => before.includes(line))).toEqual(before);
  expect(await posted('payable')).toEqual([
    `${TENTH} v1 +50.00`, // 100 × 0.50
    `${TENTH} v2 +5.00`, //   10 × 0.50, not × 0.30
    `${ELEVENTH} v1 +50.00`, // 100 × 0.50
    `${TWELFTH} v1 +30.00`, // 100 × 0.30
  ]);
  await expectSettled();
});

test('a reversal whose parts no longer summed', async () => {
  await system.importPlans(TIERED);
  await system.confirmTerms('agency', null);
  await system.confirmTerms('agency', 'app');
  system.now = new Date(`${ELEVENTH}T12:00:00+08:00`);
  await system.take([click('a', TENTH, '100.000001'), click('b', TENTH, '0.000004', { unit: 'unit-2' })]);
  await system.settleDue();
  // Gross 100.000005; S = 100 × 0.50 + 0.000005 × 0.333333 = 50.000001666665, half-even 50.000001667;
  // provider S × 0.123457 = 6.172850205…, that is 6.172850206 (6.17285 + 0.000001667 × 0.123457 = 0.000000205…).
  const agency = '6.172850206';
  const developer = '43.827151461'; // 50.000001667 − 6.172850206
  const platform = '50.000003333'; // 100.000005 − 50.000001667
  expect([await balance('payable', 'agency'), await balance('payable'), await balance('platform_share')]).toEqual([
    agency,
    developer,
    platform,
  ]);
  expect(await balance('ad_revenue')).toBe('-100.000005');

  const day = { from: TENTH, to: TENTH };
  await system.invalidate({ id: 'one-unit', appId: 'app', slice: { ...day, adUnitId: 'unit-2' }, reason: 'refund' });
  await system.settleDue();
  // What is left is 100.000001: S = 50 + 0.000001 × 0.333333 = 50.000000333; provider 6.172850041; developer 43.827150292; platform 50.000000667.
  expect(await posted('payable', 'agency')).toEqual([`${TENTH} v1 +${agency}`, `${TENTH} v2 -0.000000165`]);
  expect(await posted('payable')).toEqual([`${TENTH} v1 +${developer}`, `${TENTH} v2 -0.000001169`]);
  expect(await posted('platform_share')).toEqual([`${TENTH} v1 +${platform}`, `${TENTH} v2 -0.000002666`]);
  // 0.000000165 + 0.000001169 + 0.000002666 = 0.000004, to the nano.
  expect(await balance('ad_revenue')).toBe('-100.000001');

  await system.invalidate({ id: 'all', appId: 'app', slice: day, reason: 'refund' });
  await system.settleDue();
  expect((await system.balances()).filter(({ nanos }) => nanos !== 0n)).toEqual([]);
  await expectSettled();
});

test('a refund subtracted twice', async () => {
  await system.importPlans(HALF);
  await system.importTraffic(REPEATED_CLICKS);
  system.now = new Date(`${ELEVENTH}T12:00:00+08:00`);
  await system.take([
    click('valid', TENTH, '10', { time: '10:00:00', device: 'd' }),
    click('repeat', TENTH, '10', { time: '10:00:05', device: 'd' }),
    click('refunded', TENTH, '10'),
  ]);
  await system.settleDue();
  // One of the two is invalid already; the same refund is handed in again, once more under another name, and runs follow each time.
  const refund = { id: 'refund', appId: 'app', events: 'click repeat\nclick refunded', reason: 'refund' };
  for (const id of ['refund', 'refund', 'refund-again']) {
    await system.invalidate({ ...refund, id });
    await system.settle(TENTH);
    await system.settleDue();
  }
  await system.invalidate({
    id: 'slice',
    appId: 'app',
    slice: { from: TENTH, to: TENTH, adUnitId: 'unit-2' },
    reason: 'refund',
  });
  await system.settleDue();
  expect(await system.deductions()).toEqual([
    `${TENTH} app unit-1 repeated_click: 0 1 10000000000`,
    `${TENTH} app unit-1 refund by refund: 0 1 10000000000`,
  ]);
  // (30 − 10) × 0.50, then (30 − 10 − 10) × 0.50.
  expect(await posted('payable')).toEqual([`${TENTH} v1 +10.00`, `${TENTH} v2 -5.00`]);
  // Reinstated, it comes back only with the last decision that stands.
  await system.reinstate('refund');
  await system.settleDue();
  expect(await balance('payable')).toBe('5.00');
  await system.reinstate('refund-again');
  await system.settleDue();
  expect(await balance('payable')).toBe('10.00');
  await expectSettled();
});

test('a daily aggregate that a refund forgot', async () => {
  await system.importPlans(MONTHLY);
  system.now = new Date('2018-04-13T12:00:00+08:00');
  await system.take([click('a', TENTH, '60'), click('b', TENTH, '20', { unit: 'unit-2' }), click('c', TWELFTH, '60')]);
  await system.settleDue();
  // Of the month: 80 to the 10th, 140 to the 12th, of which 100 × 0.50 + 40 × 0.30 = 62.
  expect(await posted('payable')).toEqual([`${TENTH} v1 +40.00`, `${TWELFTH} v1 +22.00`]);

  await system.invalidate({ id: 'refund', appId: 'app', events: 'click a', reason: 'refund' });
  expect(await system.due()).toEqual([`${TENTH} dev`, `${TWELFTH} dev`]);
  await system.settleDue();
  // Of the month: 20 to the 10th, 80 to the 12th, of which 80 × 0.50 = 40.
  expect(await posted('payable')).toEqual([
    `${TENTH} v1 +40.00`,
    `${TENTH} v2 -30.00`, // 20 × 0.50 − 40
    `${TWELFTH} v1 +22.00`,
    `${TWELFTH} v2 +8.00`, // (80 − 20) × 0.50 − 22
  ]);
  // Every sum over the days follows: the account, the statement's lines and its total.
  expect(await balance('ad_revenue')).toBe('-80.00');
  expect(await statementLines()).toEqual([
    `${TENTH} app: gross 20.00, share 10.00`,
    `${TWELFTH} app: gross 60.00, share 30.00`,
    'total: gross 80.00, share 40.00',
  ]);
  await expectSettled();
});

test('two runs at once that both posted', async () => {
  await system.importPlans(HALF);
  system.now = new Date(`${ELEVENTH}T12:00:00+08:00`);
  await system.take([click('a', TENTH, '100')]);
  const runs = [...(await system.requestRun(TENTH)), ...(await system.requestRun(TENTH))];
  const jobs = system.settlementJobs.splice(0);
  expect(runs).toHaveLength(2);
  expect(jobs).toHaveLength(2);

  // Neither may begin before both are under way.
  let both: Promise<unknown> = Promise.resolve();
  await system.db.transaction(async tx => {
    await takeTurn(tx, bucketOf('dev', BUCKETS));
    both = Promise.all(jobs.map(job => system.settleBucket(job)));
    await expect.poll(waitingForTurns).toBe(2);
  });
  await both;
  expect(await posted('payable')).toEqual([`${TENTH} v1 +50.00`]); // 100 × 0.50, once

  // The same of a difference: a late click, two runs, one second version.
  await system.take([click('late', TENTH, '10')]);
  await system.requestRun(TENTH);
  await system.requestRun(TENTH);
  await Promise.all(system.settlementJobs.splice(0).map(job => system.settleBucket(job)));
  expect(await posted('payable')).toEqual([`${TENTH} v1 +50.00`, `${TENTH} v2 +5.00`]);
  await expectSettled();
});

async function waitingForTurns(): Promise<number> {
  const { rows } = await (await system.owner()).query<{ waiting: number }>(
    `select count(*)::int as waiting
     from pg_locks
     where locktype = 'advisory' and not granted and database = (select oid from pg_database where datname = current_database())`,
  );
  return rows[0]?.waiting ?? 0;
}
