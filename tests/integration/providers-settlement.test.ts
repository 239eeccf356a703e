import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { bucketOf } from '../../src/domain/bucket.ts';
import { clickOf, openProviderWorld, ownerIn, PROVIDER_BUCKETS, provider } from '../support/provider-world.ts';
import type { SettlementSystem } from '../support/settlement-system.ts';

const HOME = bucketOf('dev_1', PROVIDER_BUCKETS);
const NEAR = ownerIn(HOME);
const FAR = ownerIn((HOME + 1) % PROVIDER_BUCKETS);
const FARTHER = ownerIn((HOME + 2) % PROVIDER_BUCKETS);

let system: SettlementSystem;
beforeEach(async () => {
  system = await openProviderWorld();
});
afterEach(async () => await system.drop());

const at = (instant: string) => {
  system.now = new Date(instant);
};
const noonOf = (day: string) => at(`${day}T12:00:00+08:00`);

/** `owner reason version: debit > credit amount` in units, of one app and day. */
async function posted(appId = 'app_1', day = '2018-04-12'): Promise<string[]> {
  return (await system.transfers())
    .filter(row => row.appId === appId && row.businessDay === day)
    .map(({ developerId, reason, version, debit, credit, amountNanos }) =>
      [developerId, reason, `v${version}:`, debit, '>', credit, Number(amountNanos) / 1e9].join(' '),
    )
    .sort();
}

async function expectSound(): Promise<void> {
  expect((await system.verify()).differences).toEqual([]);
  expect((await system.trialBalance()).balanced).toBe(true);
  const transit = (await system.balances()).filter(({ account }) => account === 'provider_share');
  expect(transit.reduce((sum, { nanos }) => sum + nanos, 0n)).toBe(0n);
}

describe.each([
  ['in another bucket', FAR],
  ["in the developer's bucket", NEAR],
])('a provider whose book lies %s', (_where, agency) => {
  test('gets its part by linked transfers, and of every later difference too', async () => {
    await system.importCatalog({ providers: [provider(agency, null, { app_1: { ratio: '0.20' } })] });
    await system.confirmTerms(agency, 'app_1');
    noonOf('2018-04-13');
    await system.take([clickOf('app_1', '2018-04-12', '100'), clickOf('app_2', '2018-04-12', '1')]);
    await system.settle('2018-04-12');
    // Half of 100 is the total, a fifth of that the provider's.
    const first = [
      `${agency} provider_income v1: provider_share > payable 10`,
      'dev_1 developer_share v1: ad_revenue > payable 40',
      'dev_1 platform_share v1: ad_revenue > platform_share 50',
      `dev_1 provider_share v1: ad_revenue > provider_share 10`,
    ];
    expect(await posted()).toEqual(first);
    expect(await posted('app_2')).toHaveLength(2);

    await system.take([clickOf('app_1', '2018-04-12', '20')]);
    await system.settleDue();
    await system.importPlans({
      ...{ id: 'half', scope: { default: true }, currency: 'CNY', effective_from: '2018-01-01', effective_to: null },
      ...{ basis: 'app_day', mode: 'marginal', tiers: [{ share: '0.40' }] },
    });
    await system.settleDue();
    expect(await posted()).toEqual(
      [
        ...first,
        // 120 × 0.50 × 0.20 = 12
        `${agency} provider_income v2: provider_share > payable 2`,
        'dev_1 developer_share v2: ad_revenue > payable 8',
        'dev_1 platform_share v2: ad_revenue > platform_share 10',
        'dev_1 provider_share v2: ad_revenue > provider_share 2',
        // 120 × 0.40 × 0.20 = 9.6
        `${agency} provider_income v3: payable > provider_share 2.4`,
        'dev_1 developer_share v3: payable > ad_revenue 9.6',
        'dev_1 platform_share v3: ad_revenue > platform_share 12',
        'dev_1 provider_share v3: provider_share > ad_revenue 2.4',
      ].sort(),
    );
    await expectSound();
    const { rows } = await system.db.query<{ halves: number; receiver: boolean; chained: boolean }>(
      `select count(*) as halves, bool_or(transfer_id = link_id) as receiver,
         bool_and((version = 1) = (corrects_id is null)) as chained
       from transfers
       where link_id is not null
       group by link_id`,
    );
    expect(rows).toEqual(Array(3).fill({ halves: 2, receiver: true, chained: true }));
    expect(await system.settle('2018-04-12')).toMatchObject([{ buckets: [] }]);
  });
});

describe('a provider that is corrected', () => {
  test('hands what it was posted over to the one that takes its place, by linked transfers between the books', async () => {
    await system.importCatalog({ providers: [provider(FAR, '0.20', { app_1: {} }), provider(FARTHER, '0.30')] });
    await system.confirmTerms(FAR, 'app_1');
    await system.confirmTerms(FAR, null);
    at('2018-04-13T00:00:01+08:00');
    await system.take([clickOf('app_1', '2018-04-12', '100')]);
    await system.settle('2018-04-12');
    // Recorded in the last second of the day, but after its settlement.
    at('2018-04-12T23:59:59+08:00');
    await system.importCatalog({
      providers: [
        provider(FAR, '0.20', { app_1: { effective_to: '2018-04-11' } }),
        provider(FARTHER, '0.30', { app_1: { effective_from: '2018-04-12' } }),
      ],
    });
    await system.confirmTerms(FARTHER, 'app_1');
    await system.confirmTerms(FARTHER, null);
    at('2018-04-13T00:00:02+08:00');
    expect(await system.due()).toEqual(['2018-04-12 dev_1']);
    await system.settleDue();
    expect(await posted()).toEqual(
      [
        `${FAR} provider_income v1: provider_share > payable 10`,
        `${FAR} provider_income v2: payable > provider_share 10`,
        `${FARTHER} provider_income v1: provider_share > payable 15`,
        'dev_1 developer_share v1: ad_revenue > payable 40',
        'dev_1 developer_share v2: payable > ad_revenue 5',
        'dev_1 platform_share v1: ad_revenue > platform_share 50',
        'dev_1 provider_share v1: ad_revenue > provider_share 10',
        'dev_1 provider_share v1: ad_revenue > provider_share 15',
        'dev_1 provider_share v2: provider_share > ad_revenue 10',
      ].sort(),
    );
    await expectSound();
    const payable = (await system.balances()).filter(({ account }) => account === 'payable');
    expect(payable.map(({ developerId, nanos }) => [developerId, nanos])).toEqual(
      [
        [FAR, 0n],
        [FARTHER, 15_000_000_000n],
        ['dev_1', 35_000_000_000n],
      ].sort(),
    );

    // And back: each provider's versions go on by themselves.
    at('2018-04-12T23:59:59+08:00');
    await system.importCatalog({ providers: [provider(FARTHER, '0.30'), provider(FAR, '0.10', { app_1: {} })] });
    await system.confirmTerms(FARTHER, 'app_1');
    await system.confirmTerms(FAR, null);
    at('2018-04-13T00:00:03+08:00');
    await system.settleDue();
    expect((await posted()).filter(row => row.includes('income'))).toEqual(
      [
        `${FAR} provider_income v1: provider_share > payable 10`,
        `${FAR} provider_income v2: payable > provider_share 10`,
        `${FAR} provider_income v3: provider_share > payable 5`,
        `${FARTHER} provider_income v1: provider_share > payable 15`,
        `${FARTHER} provider_income v2: payable > provider_share 15`,
      ].sort(),
    );
    await expectSound();
  });
});

describe('a confirmation', () => {
  /** The provider's part of 100 on each day; 0 where it has none. */
  async function partsOn(...days: string[]): Promise<number[]> {
    noonOf('2018-04-25');
    await system.take(days.map(day => clickOf('app_1', day, '100')));
    await system.settleDue();
    await expectSound();
    const transfers = await system.transfers();
    return days.map(day =>
      transfers
        .filter(row => row.businessDay === day && row.reason === 'provider_income')
        .reduce((sum, row) => sum + Number(row.amountNanos) / 1e9, 0),
    );
  }

  test('acts from its own day on; until the next one, what was confirmed before holds', async () => {
    await system.importCatalog({
      providers: [provider(FAR, null, { app_1: { effective_from: '2018-04-01', ratio: '0.20' } })],
    });
    noonOf('2018-04-12');
    await system.confirmTerms(FAR, 'app_1');
    noonOf('2018-04-14');
    await system.importCatalog({
      providers: [provider(FAR, null, { app_1: { effective_from: '2018-04-01', ratio: '0.40' } })],
    });
    noonOf('2018-04-16');
    await system.confirmTerms(FAR, 'app_1');
    await system.importCatalog({ providers: [provider(FAR, null)] });
    noonOf('2018-04-18');
    await system.confirmTerms(FAR, 'app_1');
    expect(
      await partsOn(
        '2018-04-10',
        '2018-04-11',
        '2018-04-12',
        '2018-04-14',
        '2018-04-15',
        '2018-04-16',
        '2018-04-17',
        '2018-04-18',
      ),
    ).toEqual([0, 0, 10, 10, 10, 20, 20, 0]);
  });

  test('waits for the first day of the terms', async () => {
    await system.importCatalog({
      providers: [provider(FAR, '0.20', { app_1: { effective_from: '2018-04-14', effective_to: '2018-04-15' } })],
    });
    await system.confirmTerms(FAR, 'app_1');
    noonOf('2018-04-15');
    await system.confirmTerms(FAR, null);
    expect(await partsOn('2018-04-13', '2018-04-14', '2018-04-15', '2018-04-16')).toEqual([0, 0, 10, 0]);
  });

  test('marks as due the days from its own on of the apps that it is for, and nothing else', async () => {
    const apps = { app_1: { effective_from: '2018-04-01' }, app_2: { ratio: '0.10' } };
    await system.take(['2018-04-08', '2018-04-09', '2018-04-10'].map(day => clickOf('app_1', day, '1')));
    at('2018-04-11T00:00:00+08:00');
    await system.settleDue();
    noonOf('2018-04-10');
    await system.importCatalog({ providers: [provider(FAR, '0.20', apps)] });
    expect(await system.due()).toEqual([]);
    await system.confirmTerms(FAR, 'app_2');
    await system.confirmTerms(FAR, null);
    expect(await system.due()).toEqual([]);
    await system.confirmTerms(FAR, 'app_1');
    expect(await system.due()).toEqual(['2018-04-10 dev_1']);
    at('2018-04-11T00:00:00+08:00');
    await system.settleDue();
    noonOf('2018-04-10');
    await system.confirmTerms(FAR, 'app_1');
    expect(await system.due()).toEqual([]);
    await system.importCatalog({ providers: [provider(FAR, '0.25', apps)] });
    expect(await system.due()).toEqual([]);
    await system.confirmTerms(FAR, null);
    expect(await system.due()).toEqual(['2018-04-10 dev_1']);
  });
});

test('by the month, the ratio applies to what the day adds to the total', async () => {
  await system.importPlans({
    ...{ id: 'half', scope: { default: true }, currency: 'CNY', effective_from: '2018-01-01', effective_to: null },
    ...{ basis: 'app_month', mode: 'marginal', tiers: [{ up_to: '100', share: '0.50' }, { share: '0.30' }] },
  });
  await system.importCatalog({ providers: [provider(FAR, null, { app_1: { ratio: '0.10' } })] });
  await system.confirmTerms(FAR, 'app_1');
  noonOf('2018-04-13');
  await system.take([clickOf('app_1', '2018-04-11', '90'), clickOf('app_1', '2018-04-12', '30')]);
  await system.settleDue();
  // 100 × 0.50 + 20 × 0.30 − 90 × 0.50 = 11
  expect(await posted()).toEqual([
    `${FAR} provider_income v1: provider_share > payable 1.1`,
    'dev_1 developer_share v1: ad_revenue > payable 9.9',
    'dev_1 platform_share v1: ad_revenue > platform_share 19',
    'dev_1 provider_share v1: ad_revenue > provider_share 1.1',
  ]);
  await expectSound();
});

test('buckets that settle at once post to one provider without waiting for each other or its bucket', async () => {
  const developers = Array.from({ length: 12 }, (_, index) => `studio_${index}`);
  const apps = developers.flatMap(id => [`${id}_a`, `${id}_b`]);
  await system.importCatalog({
    developers: developers.map(id => ({ id, name: id, type: 'company', country: 'CN' })),
    apps: apps.map(id => ({ id, developer_id: id.slice(0, -2), name: id, category: 'games' })),
    ad_units: apps.map(id => ({ id: `${id}_unit`, app_id: id, format: 'banner' })),
    providers: [provider(FAR, '0.20', Object.fromEntries(apps.map(id => [id, {}])))],
  });
  await system.confirmTerms(FAR, null);
  for (const id of apps) await system.confirmTerms(FAR, id);
  noonOf('2018-04-13');
  await system.take(apps.map(id => clickOf(id, '2018-04-12', '10')));
  const [run] = await system.requestRun('2018-04-12');
  expect(run?.buckets).toEqual([0, 1, 2, 3]);
  const jobs = system.settlementJobs;
  system.settlementJobs = [];
  // Each twice, as a queue may run them.
  await Promise.all([...jobs, ...jobs].map(job => system.settleBucket(job)));
  const balances = await system.balances();
  const payable = balances.find(each => each.developerId === FAR && each.account === 'payable');
  expect(payable?.nanos).toBe(24n * 1_000_000_000n);
  await expectSound();
  const { rows } = await system.db.query(
    `select count(distinct source_bucket) as sources, sum(credit_nanos) as payable
     from posting_totals
     where bucket = $1 and account = 'payable' and source_bucket <> bucket`,
    [bucketOf(FAR, PROVIDER_BUCKETS)],
  );
  const abroad = apps.filter(id => bucketOf(id.slice(0, -2), PROVIDER_BUCKETS) !== bucketOf(FAR, PROVIDER_BUCKETS));
  expect(rows).toEqual([{ sources: 3, payable: String(abroad.length * 1_000_000_000) }]);
});
