import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bucketOf } from '../../src/domain/bucket.ts';
import { parsePeriod } from '../../src/domain/period.ts';
import { checkPostingTotals } from '../../src/ledger/check-posting-totals.ts';
import { type BalanceRow, listBalances } from '../../src/ledger/list-balances.ts';
import { listTransfers, streamTransfers } from '../../src/ledger/list-transfers.ts';
import type { TransferFilters } from '../../src/ledger/transfer-filters.ts';
import type { TransferRow } from '../../src/ledger/transfer-row.ts';
import { trialBalance } from '../../src/ledger/trial-balance.ts';
import { dayOfRun } from '../../src/settlement/runs-of-days.ts';
import { Books, click } from '../support/books.ts';
import { catalogText, day, planEntry, plansText } from '../support/reference-files.ts';
import { rejectionOf } from '../support/refusals.ts';

const EIGHT = { app_id: 'app_8_1', ad_unit_id: 'unit_8_1_v' };

let books: Books;
let runOfFifteenth: string;
beforeAll(async () => {
  books = await Books.open({
    catalog: catalogText(),
    plans: plansText(planEntry(), planEntry({ id: 'usd', currency: 'USD' })),
  });
  await books.ingest('first.ndjson', [
    click('a', '2018-03-31', '10.00'),
    click('b', '2018-04-15', '100.00'),
    click('c', '2018-04-15', '7.00', EIGHT),
    click('d', '2018-04-16', '1.00', { ...EIGHT, currency: 'USD' }),
  ]);
  await books.settle(day('2018-03-31'));
  runOfFifteenth = await books.settle(day('2018-04-15'));
  await books.settle(day('2018-04-16'));
  await books.ingest('late.ndjson', [click('e', '2018-04-15', '20.00')]);
  books.clock = new Date('2018-04-21T00:00:00Z');
  await books.settle(day('2018-04-15'));
});
afterAll(async () => await books.drop());

const list = (filters: Partial<TransferFilters> & { limit?: number; after?: string } = {}) =>
  books.read(tx => listTransfers(tx, { bucketCount: books.bucketCount, ...filters }));

const brief = (items: readonly TransferRow[]) =>
  items.map(({ business_date, developer_id, credit, amount, version }) =>
    [business_date, developer_id, credit, amount.amount, amount.currency, version].join(' '),
  );

describe('transfers', () => {
  test('a row has exactly the fields of the contract', async () => {
    const { items } = await list({
      developerId: 'dev_7',
      from: day('2018-03-31'),
      to: day('2018-03-31'),
      account: 'payable',
    });
    expect(items).toEqual([
      {
        id: expect.stringMatching(/^[0-9a-f-]{36}$/),
        developer_id: 'dev_7',
        app_id: 'app_7_1',
        business_date: '2018-03-31',
        period: '2018-03-H2',
        debit: 'ad_revenue',
        credit: 'payable',
        amount: { amount: '5.00', currency: 'CNY' },
        reason: 'developer_share',
        run_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
        version: 1,
        link: null,
        corrects: null,
        booked_at: '2018-04-20T00:00:00.000Z',
        provider_id: null,
        decision_id: null,
        fund_id: null,
        payout_id: null,
      },
    ]);
  });

  test('a correction names the transfer that it corrects', async () => {
    const { items } = await list({ developerId: 'dev_7', period: parsePeriod('2018-04'), account: 'payable' });
    expect(brief(items)).toEqual(['2018-04-15 dev_7 payable 50.00 CNY 1', '2018-04-15 dev_7 payable 10.00 CNY 2']);
    expect(items[1]?.corrects).toBe(items[0]?.id);
  });

  const everything = async () => (await list()).items;

  test.each<[string, () => Partial<TransferFilters>, (row: TransferRow) => boolean]>([
    ['developer', () => ({ developerId: 'dev_8' }), row => row.developer_id === 'dev_8'],
    ['app', () => ({ appId: 'app_7_1' }), row => row.app_id === 'app_7_1'],
    ['app of another developer', () => ({ appId: 'app_7_1', developerId: 'dev_8' }), () => false],
    ['first day', () => ({ from: day('2018-04-15') }), row => (row.business_date ?? '') >= '2018-04-15'],
    ['last day', () => ({ to: day('2018-04-15') }), row => (row.business_date ?? '') <= '2018-04-15'],
    ['half-month', () => ({ period: parsePeriod('2018-04-H1') }), row => row.period === '2018-04-H1'],
    ['month', () => ({ period: parsePeriod('2018-04') }), row => row.period.startsWith('2018-04')],
    ['run', () => ({ runId: runOfFifteenth }), row => row.run_id === runOfFifteenth],
    ['reason', () => ({ reason: 'platform_share' }), row => row.reason === 'platform_share'],
    ['account, on either side', () => ({ account: 'ad_revenue' }), row => row.debit === 'ad_revenue'],
    ['currency', () => ({ currency: 'USD' }), row => row.amount.currency === 'USD'],
  ])('are filtered by %s', async (_, filters, expected) => {
    const all = await everything();
    expect(all).toHaveLength(10);
    expect((await list(filters())).items).toEqual(all.filter(expected));
  });

  test('stand in the order of days, and the books of a day apart', async () => {
    const keys = (await everything()).map(
      row => `${row.business_date} ${String(bucketOf(row.developer_id, books.bucketCount)).padStart(4)} ${row.id}`,
    );
    expect(keys).toEqual(keys.toSorted());
  });

  test.each([{}, { developerId: 'dev_7' }, { currency: 'CNY', from: day('2018-04-01') }])(
    'come in pages of any size that join to the whole list: %o',
    async filters => {
      const whole = (await list(filters)).items;
      for (const limit of [1, 3, whole.length, whole.length + 1]) {
        const joined: TransferRow[] = [];
        let after: string | undefined;
        do {
          const page = await list({ ...filters, limit, ...(after === undefined ? {} : { after }) });
          joined.push(...page.items);
          expect(page.items.length).toBeLessThanOrEqual(limit);
          after = page.next ?? undefined;
        } while (after !== undefined && joined.length <= whole.length);
        expect(joined).toEqual(whole);
      }
    },
  );

  test.each([{}, { developerId: 'dev_7' }, { account: 'payable' } as const])(
    'are streamed as they are listed: %o',
    async filters => {
      const streamed = await books.read(
        async tx => await Array.fromAsync(streamTransfers(tx, { bucketCount: books.bucketCount, ...filters })),
      );
      expect(streamed).toEqual((await list(filters)).items);
    },
  );

  test('a stream that is left early leaves its connection fit for use', async () => {
    const found = await books.read(async tx => {
      for await (const row of streamTransfers(tx, { bucketCount: books.bucketCount })) {
        if (row.version === 1) break;
      }
      return (await tx.query<{ one: number }>('select 1 as one')).rows;
    });
    expect(found).toEqual([{ one: 1 }]);
  });

  test.each([
    ['unknown_developer', { developerId: 'dev_9' }],
    ['unknown_app', { appId: 'app_9' }],
    ['bad_run_id', { runId: 'the last one' }],
    ['bad_limit', { limit: 0 }],
    ['bad_limit', { limit: 100_001 }],
    ['bad_cursor', { after: 'bm90IGEgY3Vyc29y' }],
  ])('refuse %s: %o', async (code, filters) => {
    expect(await rejectionOf(list(filters))).toMatchObject({ code });
  });

  test('the day of a run is known', async () => {
    expect(await dayOfRun(books.db, runOfFifteenth)).toBe('2018-04-15');
    expect(await dayOfRun(books.db, '00000000-0000-0000-0000-000000000000')).toBeNull();
  });
});

const balances = (filters: Partial<TransferFilters> & { limit?: number; after?: string | undefined } = {}) =>
  books.read(tx => listBalances(tx, { bucketCount: books.bucketCount, ...filters }));

const briefBalances = (items: readonly BalanceRow[]) =>
  items.map(({ developer_id, account, balance }) =>
    [developer_id, account, balance.amount, balance.currency].join(' '),
  );

describe('balances', () => {
  const ALL = [
    'dev_7 ad_revenue -130.00 CNY',
    'dev_7 platform_share 65.00 CNY',
    'dev_7 payable 65.00 CNY',
    'dev_8 ad_revenue -7.00 CNY',
    'dev_8 platform_share 3.50 CNY',
    'dev_8 payable 3.50 CNY',
    'dev_8 ad_revenue -1.00 USD',
    'dev_8 platform_share 0.50 USD',
    'dev_8 payable 0.50 USD',
  ];

  test('are credits − debits of all transfers, book by book', async () => {
    expect(briefBalances((await balances()).items)).toEqual(ALL);
  });

  test.each<[Partial<TransferFilters>, string]>([
    [{ developerId: 'dev_8' }, 'dev_8'],
    [{ account: 'payable' }, 'payable'],
    [{ currency: 'USD' }, 'USD'],
  ])('are filtered: %o', async (filters, word) => {
    expect(briefBalances((await balances(filters)).items)).toEqual(ALL.filter(row => row.split(' ').includes(word)));
  });

  test.each([1, 2, 4, 9])('come in pages of %d', async limit => {
    const joined: BalanceRow[] = [];
    let after: string | undefined;
    do {
      const page = await balances({ limit, after });
      joined.push(...page.items);
      after = page.next ?? undefined;
    } while (after !== undefined && joined.length <= ALL.length);
    expect(briefBalances(joined)).toEqual(ALL);
  });

  test('refuse an unknown developer', async () => {
    expect(await rejectionOf(balances({ developerId: 'dev_9' }))).toMatchObject({ code: 'unknown_developer' });
  });
});

describe('the trial balance', () => {
  const cny = (amount: string) => ({ amount, currency: 'CNY' });

  test('adds every book up and balances', async () => {
    const balance = await trialBalance(books.db);
    expect(balance.balanced).toBe(true);
    expect(balance.items.slice(0, 3)).toEqual([
      { account: 'ad_revenue', debits: cny('137.00'), credits: cny('0.00'), balance: cny('-137.00') },
      { account: 'platform_share', debits: cny('0.00'), credits: cny('68.50'), balance: cny('68.50') },
      { account: 'payable', debits: cny('0.00'), credits: cny('68.50'), balance: cny('68.50') },
    ]);
    expect(balance.totals[0]).toEqual({
      currency: 'CNY',
      debits: cny('137.00'),
      credits: cny('137.00'),
      balance: cny('0.00'),
      balanced: true,
    });
    expect(balance.totals.map(total => total.currency)).toEqual(['CNY', 'USD']);
  });

  test('of one currency and period', async () => {
    const { items, totals } = await trialBalance(books.db, { currency: 'CNY', period: parsePeriod('2018-03-H2') });
    expect(items.map(row => [row.account, row.balance.amount])).toEqual([
      ['ad_revenue', '-10.00'],
      ['platform_share', '5.00'],
      ['payable', '5.00'],
    ]);
    expect(totals).toHaveLength(1);
  });

  test('of nothing balances', async () => {
    expect(await trialBalance(books.db, { currency: 'EUR' })).toEqual({ items: [], totals: [], balanced: true });
  });
});

test('recorded totals agree with the transfers until one of them is tampered with', async () => {
  const bucket = bucketOf('dev_7', books.bucketCount);
  expect(await checkPostingTotals(books.db, bucket)).toEqual([]);
  const owner = await books.database.owner();
  await owner.query('begin');
  await owner.query(
    `update posting_totals set credit_nanos = credit_nanos + 1 where account = 'payable' and run_id = $1`,
    [runOfFifteenth],
  );
  await owner.query(`delete from posting_totals where period = '2018-03-H2' and account = 'ad_revenue'`);
  const found = await checkPostingTotals(owner, bucket);
  await owner.query('rollback');
  expect(found.map(({ account, recorded, transfers }) => ({ account, recorded, transfers }))).toEqual([
    {
      account: 'ad_revenue',
      recorded: { debitNanos: 0n, creditNanos: 0n },
      transfers: { debitNanos: 10_000_000_000n, creditNanos: 0n },
    },
    {
      account: 'payable',
      recorded: { debitNanos: 0n, creditNanos: 50_000_000_001n },
      transfers: { debitNanos: 0n, creditNanos: 50_000_000_000n },
    },
  ]);
});
