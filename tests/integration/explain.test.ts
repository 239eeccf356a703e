import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { explainAppDay } from '../../src/statements/explain.ts';
import { renderExplanation } from '../../src/statements/render-explanation.ts';
import { Books, click } from '../support/books.ts';
import { catalogText, day, planEntry, plansText, shanghai } from '../support/reference-files.ts';
import { rejectionOf } from '../support/refusals.ts';

const WECHAT = planEntry({ id: 'wechat', tiers: [{ up_to: '100000.00', share: '0.50' }, { share: '0.333333' }] });
const TENTH = '2018-04-10';

let books: Books;
let firstRun: string;
beforeAll(async () => {
  books = await Books.open({ catalog: catalogText(), plans: plansText(WECHAT) });
  await books.ingest('first.ndjson', [
    click('a', TENTH, '149000.00'),
    click('a', TENTH, '149000.00'),
    click('b', TENTH, '1000.000001', { campaign_id: 'c_42' }),
    click('c', TENTH, '9.00', { app_id: 'app_8_1', ad_unit_id: 'unit_8_1_v' }),
    click('d', '2018-04-11', '1.00'),
    { ...click('priced by card', TENTH, '1', { campaign_id: 'c_42' }), price: undefined },
    { ...click('without a price', TENTH, '1'), price: undefined },
  ]);
  firstRun = await books.settle(day(TENTH));
  books.clock = new Date('2018-04-21T00:00:00Z');
  await books.ingest('other-day.ndjson', [click('e', '2018-04-12', '1.00')]);
  await books.ingest('second.ndjson', [
    click('a', TENTH, '149000.00'),
    click('b', TENTH, '3.00'),
    click('late', TENTH, '0.50'),
    click('e', TENTH, '7.00'),
  ]);
  await books.settle(day(TENTH));
  await books.ingest('third.ndjson', [click('later', TENTH, '0.20')]);
  await books.accept('fourth.ndjson', [click('latest', TENTH, '0.10')]);
});
afterAll(async () => await books.drop());

const explain = (changes: { appId?: string; on?: string; maxTracedLines?: number } = {}) => {
  const { appId = 'app_7_1', on = TENTH, ...limits } = changes;
  return books.read(tx =>
    explainAppDay(tx, { appId, day: day(on), bucketCount: books.bucketCount, calendar: shanghai, ...limits }),
  );
};

const cny = (amount: string) => ({ amount, currency: 'CNY' });

describe('an explanation', () => {
  test('goes from plan and tiers to the share, with the arithmetic', async () => {
    const { items, ...about } = await explain();
    expect(about).toMatchObject({
      app: { id: 'app_7_1', name: 'Lucky Seven' },
      developer: { id: 'dev_7', name: 'Seven Studio' },
      business_date: TENTH,
      category: 'tools',
      status: 'pending',
    });
    // 149,000 + 1,000.000001 + 0.30 by card + 0.50 + 0.20
    expect(items).toMatchObject([{ currency: 'CNY', gross: cny('150001.000001') }]);
    expect(items[0]?.worth).toEqual({
      plan: {
        id: 'wechat',
        reference_version: 2,
        scope: 'default',
        scope_id: null,
        effective_from: '2018-03-28',
        effective_to: null,
        basis: 'app_day',
        mode: 'marginal',
        accepted_on: null,
        accepted_by: null,
      },
      tiers: [
        { up_to: cny('100000.00'), share: '0.50', part: cny('100000.00'), amount: cny('50000.00') },
        { up_to: null, share: '0.333333', part: cny('50001.000001'), amount: cny('16666.983333333333') },
      ],
      unrounded_developer_share: cny('66666.983333333333'),
      month: null,
      provider: null,
      developer_share: cny('66666.983333333'),
      platform_share: cny('83334.016667667'),
    });
  });

  test('lists what was posted, by which run, and what is to come', async () => {
    const { items, runs } = await explain();
    // 100,000 × 0.50 + 50,000.300001 × 0.333333 = 66,666.750000233333, then 0.50 more of gross at 0.333333
    expect(items[0]?.transfers.map(row => [row.version, row.reason, row.amount.amount])).toEqual([
      [1, 'developer_share', '66666.750000233'],
      [1, 'platform_share', '83333.550000767'],
      [2, 'developer_share', '0.1666665'],
      [2, 'platform_share', '0.3333335'],
    ]);
    expect(items[0]?.transfers[0]?.run_id).toBe(firstRun);
    expect(items[0]?.pending).toEqual([
      { reason: 'platform_share', amount: cny('0.1333334') },
      { reason: 'developer_share', amount: cny('0.0666666') },
    ]);
    expect(runs).toEqual([
      { run_id: firstRun, cutoff_seq: 1, reference_version: 2, finished_at: '2018-04-20T00:00:00.000Z' },
      { run_id: expect.any(String), cutoff_seq: 3, reference_version: 2, finished_at: '2018-04-21T00:00:00.000Z' },
    ]);
  });

  test('traces the gross to the batches, counting only events that count', async () => {
    const { items, unread_batches, waiting_batches } = await explain();
    expect(
      items[0]?.batches.map(batch => [
        batch.seq,
        batch.source.split('/').at(-1),
        batch.accepted_events,
        batch.gross.amount,
      ]),
    ).toEqual([
      [1, 'first.ndjson', 3, '150000.300001'],
      [3, 'second.ndjson', 1, '0.50'],
      [4, 'third.ndjson', 1, '0.20'],
    ]);
    expect(items[0]?.traced).toBe(true);
    expect([unread_batches, waiting_batches]).toEqual([0, 1]);
  });

  test('tells how many batches it left unread', async () => {
    const { items, unread_batches } = await explain({ maxTracedLines: 1 });
    expect(items[0]?.batches).toHaveLength(1);
    expect(items[0]?.traced).toBeNull();
    expect(unread_batches).toBe(2);
  });

  test('of a day without earnings is empty', async () => {
    const empty = await explain({ on: '2018-04-13' });
    expect(empty).toMatchObject({ status: 'settled', items: [], runs: [] });
    expect(renderExplanation(empty)).toContain('Nothing was earned or posted on that day.');
  });

  test('of an unknown app is refused', async () => {
    expect(await rejectionOf(explain({ appId: 'app_9' }))).toMatchObject({ code: 'unknown_app' });
  });

  test('says so when no plan covers the day', async () => {
    const [item] = (await explain({ on: '2018-04-11' })).items;
    expect(item?.worth?.plan.id).toBe('wechat');
    const early = await Books.open({
      catalog: catalogText(),
      plans: plansText(planEntry({ effective_from: '2018-05-01' })),
    });
    try {
      await early.ingest('a.ndjson', [click('a', TENTH, '1.00')]);
      const explained = await early.read(tx =>
        explainAppDay(tx, { appId: 'app_7_1', day: day(TENTH), bucketCount: early.bucketCount, calendar: shanghai }),
      );
      expect(explained).toMatchObject({ status: 'pending', items: [{ worth: null, pending: [], traced: true }] });
      expect(renderExplanation(explained)).toContain('no plan covers the app on that day');
    } finally {
      await early.drop();
    }
  });
});
