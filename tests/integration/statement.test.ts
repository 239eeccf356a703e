import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DEFAULT_BUCKET_COUNT } from '../../src/catalog/installation.ts';
import { parsePeriod } from '../../src/domain/period.ts';
import { statementOf } from '../../src/statements/statement.ts';
import { Books, click, impressions } from '../support/books.ts';
import { catalogText, day, planEntry, plansText } from '../support/reference-files.ts';
import { rejectionOf } from '../support/refusals.ts';

const WECHAT = planEntry({ id: 'wechat', tiers: [{ up_to: '100000.00', share: '0.50' }, { share: '0.30' }] });
const ARCADE = { app_id: 'app_7_2', ad_unit_id: 'unit_7_2_v' };
const EIGHT = { app_id: 'app_8_1', ad_unit_id: 'unit_8_1_v' };

const catalog = () => {
  const { apps, ad_units } = JSON.parse(catalogText());
  return catalogText({
    apps: [...apps, { id: 'app_7_2', developer_id: 'dev_7', name: 'Arcade', category: 'games' }],
    ad_units: [
      ...ad_units,
      { id: 'unit_7_1_i', app_id: 'app_7_1', format: 'interstitial' },
      { id: 'unit_7_2_v', app_id: 'app_7_2', format: 'video' },
    ],
  });
};

let books: Books;
beforeAll(async () => {
  books = await Books.open({ catalog: catalog(), plans: plansText(WECHAT, planEntry({ id: 'usd', currency: 'USD' })) });
  await books.ingest('march-and-april.ndjson', [
    click('m', '2018-03-31', '10.00'),
    click('a', '2018-04-10', '149000.00'),
    ...impressions(10, '2018-04-10', '100000', { ad_unit_id: 'unit_7_1_i' }),
    click('b', '2018-04-10', '3.00', ARCADE),
    click('c', '2018-04-10', '0.05', { ...ARCADE, currency: 'USD' }),
    click('d', '2018-04-10', '99.00', EIGHT),
    click('e', '2018-04-16', '8.00'),
  ]);
  for (const each of ['2018-03-31', '2018-04-10', '2018-04-16']) await books.settle(day(each));
  books.clock = new Date('2018-04-21T00:00:00Z');
  await books.ingest('late.ndjson', [click('late', '2018-04-10', '1.00', ARCADE)]);
  await books.settle(day('2018-04-10'));
  await books.ingest('later.ndjson', [
    click('later', '2018-04-11', '2.00'),
    click('latest', '2018-04-16', '4.00', ARCADE),
  ]);
});
afterAll(async () => await books.drop());

const statement = (developerId: string, period: string) =>
  books.read(tx => statementOf(tx, { developerId, period: parsePeriod(period), bucketCount: books.bucketCount }));

const cny = (amount: string) => ({ amount, currency: 'CNY' });

describe('a statement', () => {
  test('tells a day of an app with its ad units, plan and parts', async () => {
    const [first] = (await statement('dev_7', '2018-04-H1')).items;
    expect(first?.days[0]?.apps[0]).toEqual({
      app_id: 'app_7_1',
      name: 'Lucky Seven',
      status: 'settled',
      plan_id: 'wechat',
      provider_id: null,
      provider_ratio: null,
      impressions: 10,
      clicks: 1,
      ecpm: cny('15000000.00'),
      gross: cny('150000.00'),
      developer_share: cny('65000.00'),
      provider_share: cny('0.00'),
      platform_share: cny('85000.00'),
      share_percent: '43.33',
      pending_gross: cny('0.00'),
      ad_units: [
        { ad_unit_id: 'unit_7_1_b', impressions: 0, clicks: 1, ecpm: null, gross: cny('149000.00') },
        { ad_unit_id: 'unit_7_1_i', impressions: 10, clicks: 0, ecpm: cny('100000.00'), gross: cny('1000.00') },
      ],
    });
  });

  test('itemises corrections, which the day contains', async () => {
    const [first] = (await statement('dev_7', '2018-04-H1')).items;
    const arcade = first?.days[0]?.apps[1];
    expect(arcade).toMatchObject({ app_id: 'app_7_2', gross: cny('4.00'), developer_share: cny('2.00') });
    expect(
      first?.corrections.map(({ business_date, app_id, reason, change, version }) => [
        business_date,
        app_id,
        reason,
        change.amount,
        version,
      ]),
    ).toEqual([
      ['2018-04-10', 'app_7_2', 'developer_share', '0.50', 2],
      ['2018-04-10', 'app_7_2', 'platform_share', '0.50', 2],
    ]);
    expect(first?.corrections[0]).toMatchObject({
      booked_at: '2018-04-21T00:00:00.000Z',
      corrects: expect.any(String),
    });
  });

  test('marks as pending what was earned and is not settled', async () => {
    const { status, items } = await statement('dev_7', '2018-04-H1');
    expect(status).toBe('pending');
    expect(items[0]?.days.map(({ date, status: ofDay }) => [date, ofDay])).toEqual([
      ['2018-04-10', 'settled'],
      ['2018-04-11', 'pending'],
    ]);
    expect(items[0]?.days[1]?.apps).toMatchObject([
      {
        plan_id: null,
        clicks: 1,
        gross: cny('0.00'),
        developer_share: cny('0.00'),
        share_percent: null,
        pending_gross: cny('2.00'),
      },
    ]);
    expect(items[0]?.totals).toMatchObject({ gross: cny('150004.00'), pending_gross: cny('2.00') });
  });

  test('a due day is pending in all its apps, for any of them may change', async () => {
    const { items } = await statement('dev_7', '2018-04-H2');
    expect(
      items[0]?.days[0]?.apps.map(app => [app.app_id, app.status, app.gross.amount, app.pending_gross.amount]),
    ).toEqual([
      ['app_7_1', 'pending', '8.00', '0.00'],
      ['app_7_2', 'pending', '0.00', '4.00'],
    ]);
  });

  test.each([
    ['2018-03-H2', [['CNY', '0.00', '5.00']]],
    [
      '2018-04-H1',
      [
        ['CNY', '5.00', '65007.00'],
        ['USD', '0.00', '0.025'],
      ],
    ],
    [
      '2018-04-H2',
      [
        ['CNY', '65007.00', '65011.00'],
        ['USD', '0.025', '0.025'],
      ],
    ],
    [
      '2018-04',
      [
        ['CNY', '5.00', '65011.00'],
        ['USD', '0.00', '0.025'],
      ],
    ],
    [
      '2018-05',
      [
        ['CNY', '65011.00', '65011.00'],
        ['USD', '0.025', '0.025'],
      ],
    ],
    ['2018-02', []],
  ])('of %s goes from opening to closing balance', async (period, expected) => {
    const { items } = await statement('dev_7', period);
    expect(items.map(item => [item.currency, item.opening_balance.amount, item.closing_balance.amount])).toEqual(
      expected,
    );
  });

  test("holds no other developer's rows", async () => {
    const { developer, status, items } = await statement('dev_8', '2018-04');
    expect(developer).toEqual({ id: 'dev_8', name: 'Eight' });
    expect(status).toBe('settled');
    expect(items).toHaveLength(1);
    expect(items[0]).toMatchObject({ opening_balance: cny('0.00'), closing_balance: cny('49.50') });
    expect(items[0]?.days.flatMap(({ apps }) => apps.map(app => app.app_id))).toEqual(['app_8_1']);
  });

  test('of an unknown developer is refused', async () => {
    expect(await rejectionOf(statement('dev_9', '2018-04'))).toMatchObject({ code: 'unknown_developer' });
  });
});

describe('reading a statement', () => {
  const march = { developerId: 'dev_7', period: parsePeriod('2018-03'), bucketCount: DEFAULT_BUCKET_COUNT };
  const readBy = async (tx: pg.ClientBase) => {
    await statementOf(tx, march);
    const { rows } = await tx.query<{ name: string; statement: string; anew: number }>(
      'select name, statement, custom_plans::int as anew from pg_prepared_statements',
    );
    const ofTable = (table: string) => rows.find(row => row.statement.includes(` from ${table}\n`));
    return {
      transfers: ofTable('transfers'),
      versions: ofTable('app_versions'),
      runs: ofTable('settlement_run_buckets'),
    };
  };

  test('is planned for any values, and leaves its snapshot as it was', async () => {
    await books.read(async tx => {
      const { transfers, versions, runs } = await readBy(tx);
      expect([transfers?.anew, versions?.anew, runs?.anew]).toEqual([0, 0, 0]);
      const { rows } = await tx.query(
        "select current_setting('plan_cache_mode') as plans, current_setting('enable_indexscan') as scans",
      );
      expect(rows).toEqual([{ plans: 'auto', scans: 'on' }]);
    });
  });

  test('leaves out the ledger of later months', async () => {
    await books.read(async tx => {
      const { transfers } = await readBy(tx);
      const scanned = async (...[first, last, firstDay, lastHalf, lastDay]: readonly string[]) => {
        const values = `1, '{dev_7}', '', '${first}', '${last}', '${firstDay}', '${lastHalf}', '${lastDay}'`;
        const { rows } = await tx.query<{ 'QUERY PLAN': string }>(`explain execute "${transfers?.name}" (${values})`);
        return [...new Set(rows.flatMap(row => row['QUERY PLAN'].match(/transfers_\d{4}_\d\d(?= )/g) ?? []))].sort();
      };
      const ofMarch = ['2018-03-H1', '2018-03-H2', '2018-03-01', '2018-03-16', '2018-03-31'];
      const ofApril = ['2018-04-H1', '2018-04-H2', '2018-04-01', '2018-04-16', '2018-04-30'];
      expect(await scanned(...ofMarch)).toEqual(['transfers_2018_03']);
      expect(await scanned(...ofApril)).toEqual(['transfers_2018_03', 'transfers_2018_04']);
    });
  });
});

test('a plan imported later shows only once the day is settled with it', async () => {
  const own = await Books.open({ catalog: catalogText(), plans: plansText(planEntry()) });
  const plans = async () =>
    (
      await own.read(tx =>
        statementOf(tx, { developerId: 'dev_7', period: parsePeriod('2018-04-H1'), bucketCount: own.bucketCount }),
      )
    ).items.flatMap(item =>
      item.days.flatMap(each => each.apps.map(app => [app.plan_id, app.status, app.share_percent])),
    );
  try {
    await own.ingest('a.ndjson', [click('a', '2018-04-10', '10.00')]);
    await own.settle(day('2018-04-10'));
    await own.importPlans(
      plansText(planEntry({ id: 'lower', scope: { category: 'tools' }, tiers: [{ share: '0.40' }] })),
    );
    expect(await plans()).toEqual([['half', 'pending', '50.00']]);
    await own.settle(day('2018-04-10'));
    expect(await plans()).toEqual([['lower', 'settled', '40.00']]);
  } finally {
    await own.drop();
  }
});
