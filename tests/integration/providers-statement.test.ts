import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parsePeriod } from '../../src/domain/period.ts';
import { listBalances } from '../../src/ledger/list-balances.ts';
import { listTransfers } from '../../src/ledger/list-transfers.ts';
import { explainAppDay } from '../../src/statements/explain.ts';
import { renderExplanation } from '../../src/statements/render-explanation.ts';
import { renderStatement } from '../../src/statements/render-statement.ts';
import { statementOf } from '../../src/statements/statement.ts';
import { clickOf, openProviderWorld, ownerIn, PROVIDER_BUCKETS, provider } from '../support/provider-world.ts';
import { day } from '../support/reference-files.ts';
import { rejectionOf } from '../support/refusals.ts';
import type { SettlementSystem } from '../support/settlement-system.ts';

const bucketCount = PROVIDER_BUCKETS;
const AGENCY = ownerIn(2);
const OTHER = ownerIn(3);

let system: SettlementSystem;
beforeAll(async () => {
  system = await openProviderWorld();
  await system.importCatalog({
    providers: [provider(AGENCY, '0.20', { app_1: {}, app_2: { ratio: '0.333333' } }), provider(OTHER, '0.10')],
  });
  for (const appId of [null, 'app_1', 'app_2']) await system.confirmTerms(AGENCY, appId);
  system.now = new Date('2018-04-13T12:00:00+08:00');
  await system.take([
    clickOf('app_1', '2018-04-11', '100'),
    clickOf('app_1', '2018-04-12', '10'),
    clickOf('app_2', '2018-04-12', '1'),
  ]);
  await system.settleDue();
  // On the 12th, app_1 goes to the other provider, which is recorded in time but comes after the settlement.
  system.now = new Date('2018-04-12T23:59:59+08:00');
  await system.importCatalog({
    providers: [
      provider(AGENCY, '0.20', { app_1: { effective_to: '2018-04-11' }, app_2: { ratio: '0.333333' } }),
      provider(OTHER, '0.10', { app_1: { effective_from: '2018-04-12' } }),
    ],
  });
  for (const appId of [null, 'app_1']) await system.confirmTerms(OTHER, appId);
  system.now = new Date('2018-04-13T12:30:00+08:00');
  await system.settleDue();
});
afterAll(async () => await system.drop());

const cny = (amount: string) => ({ amount, currency: 'CNY' });
const period = parsePeriod('2018-04-H1');
const ofProvider = async (providerId: string) =>
  await system.db.snapshot(async tx => await statementOf(tx, { providerId, period, bucketCount }));

describe("a provider's statement", () => {
  test('tells by day and app the total, the ratio and the part', async () => {
    const { provider: named, status, items } = await ofProvider(AGENCY);
    expect(named).toEqual({ id: AGENCY, name: `Agency ${AGENCY}` });
    expect(status).toBe('settled');
    expect(items).toHaveLength(1);
    const common = { developer_id: 'dev_1', status: 'settled' };
    expect(items[0]).toMatchObject({ opening_balance: cny('0.00'), closing_balance: cny('10.1666665') });
    expect(items[0]?.days).toEqual([
      {
        date: '2018-04-11',
        status: 'settled',
        apps: [
          {
            ...common,
            app_id: 'app_1',
            name: 'app_1',
            developer_total: cny('50.00'),
            ratio: '0.20',
            provider_share: cny('10.00'),
          },
        ],
      },
      {
        date: '2018-04-12',
        status: 'settled',
        apps: [
          // Taken back, for the app is the other provider's on that day.
          {
            ...common,
            app_id: 'app_1',
            name: 'app_1',
            developer_total: null,
            ratio: null,
            provider_share: cny('0.00'),
          },
          {
            ...common,
            app_id: 'app_2',
            name: 'app_2',
            developer_total: cny('0.50'),
            ratio: '0.333333',
            provider_share: cny('0.1666665'),
          },
        ],
      },
    ]);
    expect(items[0]?.totals).toEqual({ developer_total: cny('50.50'), provider_share: cny('10.1666665') });
    expect(items[0]?.corrections).toMatchObject([
      { business_date: '2018-04-12', app_id: 'app_1', reason: 'provider_income', change: cny('-1.00'), version: 2 },
    ]);
    expect((await ofProvider(OTHER)).items[0]?.days).toMatchObject([
      {
        date: '2018-04-12',
        apps: [{ app_id: 'app_1', developer_total: cny('5.00'), ratio: '0.10', provider_share: cny('0.50') }],
      },
    ]);
  });

  test('is pending while a day of one of its apps is due', async () => {
    await system.take([clickOf('app_2', '2018-04-12', '1')]);
    const { status, items } = await ofProvider(AGENCY);
    expect(status).toBe('pending');
    expect(items[0]?.days.map(each => each.status)).toEqual(['settled', 'pending']);
    expect((await ofProvider(OTHER)).status).toBe('pending');
    await system.settleDue();
    expect((await ofProvider(AGENCY)).status).toBe('settled');
  });

  test('of somebody else is refused', async () => {
    expect(await rejectionOf(ofProvider('dev_1'))).toMatchObject({ code: 'unknown_provider' });
  });
});

describe("the developer's statement", () => {
  const read = async () =>
    await system.db.snapshot(async tx => await statementOf(tx, { developerId: 'dev_1', period, bucketCount }));

  test("shows the provider's part beside the developer's and the platform's", async () => {
    const [item] = (await read()).items;
    expect(item?.days[0]?.apps[0]).toMatchObject({
      ...{
        gross: cny('100.00'),
        developer_share: cny('40.00'),
        provider_share: cny('10.00'),
        platform_share: cny('50.00'),
      },
      ...{ provider_id: AGENCY, provider_ratio: '0.20', share_percent: '40.00' },
    });
    expect(item?.days[1]?.apps[0]).toMatchObject({ app_id: 'app_1', provider_id: OTHER, provider_share: cny('0.50') });
  });

  test('itemises what the change of provider moved', async () => {
    const [item] = (await read()).items;
    const moved = item?.corrections.filter(each => each.app_id === 'app_1');
    expect(moved?.map(each => [each.reason, each.provider_id, each.change.amount, each.version])).toEqual([
      ['developer_share', undefined, '0.50', 2],
      ...[
        ['provider_share', AGENCY, '-1.00', 2],
        ['provider_share', OTHER, '0.50', 1],
      ].sort(),
    ]);
    const text = renderStatement(await read());
    expect(text).toContain(`  To service provider ${AGENCY}: 20 % of 50.00 = 10.00\n`);
    expect(text).toContain(`app_1: part of service provider ${OTHER} +0.50\n`);
    expect(text).toMatch(/^Service providers' part +10\.8/m);
  });
});

describe('finance', () => {
  test("lists a provider's book, whose rows bear its id", async () => {
    const { items } = await system.db.snapshot(async tx => await listTransfers(tx, { bucketCount, providerId: OTHER }));
    expect(items).toMatchObject([
      {
        developer_id: OTHER,
        app_id: 'app_1',
        debit: 'provider_share',
        credit: 'payable',
        provider_id: OTHER,
        amount: cny('0.50'),
      },
    ]);
    const halves = await system.db.snapshot(
      async tx => await listTransfers(tx, { bucketCount, reason: 'provider_share' }),
    );
    expect(halves.items.find(half => half.link === items[0]?.id)).toMatchObject({
      developer_id: 'dev_1',
      provider_id: OTHER,
    });
  });

  test("sees a provider's balances among the others, and alone", async () => {
    const all = await system.db.snapshot(async tx => await listBalances(tx, { bucketCount }));
    const of = all.items.filter(row => row.developer_id === OTHER);
    expect(of).toEqual([
      { developer_id: OTHER, account: 'payable', balance: cny('0.50') },
      { developer_id: OTHER, account: 'provider_share', balance: cny('-0.50') },
    ]);
    const alone = await system.db.snapshot(async tx => await listBalances(tx, { bucketCount, providerId: OTHER }));
    expect(alone.items).toEqual(of);
    const paged: unknown[] = [];
    let after: string | undefined;
    do {
      const page = await system.db.snapshot(async tx => await listBalances(tx, { bucketCount, limit: 1, after }));
      paged.push(...page.items);
      after = page.next ?? undefined;
    } while (after !== undefined);
    expect(paged).toEqual(all.items);
  });

  test.each([
    [{ providerId: 'dev_1' }, 'unknown_provider'],
    [{ developerId: AGENCY }, 'unknown_developer'],
    [{ developerId: 'dev_1', providerId: AGENCY }, 'two_owners'],
  ])('is refused %o', async (filters, code) => {
    for (const list of [listTransfers, listBalances]) {
      const refusal = await rejectionOf(
        system.db.snapshot(async tx => {
          await list(tx, { bucketCount, ...filters });
        }),
      );
      expect(refusal.code).toBe(code);
    }
  });
});

test("an explanation tells the provider's ratio, terms, confirmation and both halves", async () => {
  const explained = await system.db.snapshot(
    async tx =>
      await explainAppDay(tx, { appId: 'app_1', day: day('2018-04-11'), bucketCount, calendar: system.calendar }),
  );
  const [item] = explained.items;
  const confirmed = { confirmed_on: '2018-04-10', confirmed_by: 'li.wei', terms_version: 3 };
  expect(item?.worth).toMatchObject({
    provider: {
      ...{
        id: AGENCY,
        ratio: '0.20',
        developer_total: cny('50.00'),
        unrounded_share: cny('10.00'),
        share: cny('10.00'),
      },
      engagement: { effective_from: '2018-04-10', effective_to: null, confirmation_version: 5, ...confirmed },
      default_ratio: { effective_from: '2018-01-01', effective_to: null, confirmation_version: 4, ...confirmed },
    },
    developer_share: cny('40.00'),
    platform_share: cny('50.00'),
  });
  expect(item?.pending).toEqual([]);
  expect(item?.transfers.map(row => [row.developer_id, row.reason]).sort()).toEqual(
    [
      [AGENCY, 'provider_income'],
      ['dev_1', 'developer_share'],
      ['dev_1', 'platform_share'],
      ['dev_1', 'provider_share'],
    ].sort(),
  );
  const text = renderExplanation(explained);
  expect(text).toContain(`
  Developer's total = 50.00
  Platform's part 100.00 − 50.00 = 50.00

Shared with service provider ${AGENCY},
from 2018-04-10 by terms of version 3, confirmed on 2018-04-10 by li.wei
at its default ratio, from 2018-01-01 by terms of version 3, confirmed on 2018-04-10 by li.wei
  Provider's part 50.00 × 20 % = 10.00
  Developer's share 50.00 − 10.00 = 40.00
`);
});
