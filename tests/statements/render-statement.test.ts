import { describe, expect, test } from 'vitest';
import { money } from '../../src/domain/money.ts';
import { parseAmount } from '../../src/domain/nanos.ts';
import type { Period } from '../../src/domain/period.ts';
import type { BookTransfer } from '../../src/ledger/book-transfers.ts';
import { type DueOfProvider, halfOfBook, NOTHING_DUE } from '../../src/statements/half-of-book.ts';
import { renderStatement } from '../../src/statements/render-statement.ts';
import { STATEMENT_CSV, statementRows } from '../../src/statements/statement-csv.ts';
import type { StatementHalf } from '../../src/statements/statement-form.ts';
import { displayWidth } from '../../src/statements/text-table.ts';
import { day } from '../support/reference-files.ts';
import { type Given, settled, sourcesOf, transfer, unit } from '../support/statement-sources.ts';

const OPEN: StatementHalf = { period: '2018-04-H1' as Period, state: 'open', seal: null, issued_at: null };
const SEAL = 'ab'.repeat(32);

const developer = (given: Given, half: StatementHalf = OPEN) =>
  halfOfBook(sourcesOf('developer', given), { half, due: NOTHING_DUE });

const CORRECTION = transfer('payable', 'ad_revenue', '12.50', {
  ...{ appId: 'app_7_1', businessDay: day('2018-04-14'), version: 2, reason: 'developer_share' },
  transferId: '0196329c-5b00-7000-8000-00000000ffff',
});

const DAYS: Given = {
  opening: '1234.00',
  transfers: [
    ...settled('2018-04-14', { share: '50012.503', platform: '49987.507' }),
    CORRECTION,
    transfer('ad_revenue', 'platform_share', '12.50', {
      ...{ appId: 'app_7_1', businessDay: day('2018-04-14'), version: 1, reason: 'platform_share' },
    }),
    ...settled('2018-04-15', { share: '65000.00', platform: '85000.00' }),
  ],
  units: [
    unit('2018-04-14', 'unit_7_1_b', 400_000, 300, '100000.01'),
    unit('2018-04-15', 'unit_7_1_b', 1_000_000, 1200, '150000.00'),
    unit('2018-04-15', 'unit_7_1_i', 8, 0, '12.50'),
  ],
  due: ['2018-04-15'],
};

describe('a statement on a terminal', () => {
  test('aligns figures, itemises corrections, marks what is pending and ends with the balance', () => {
    expect(renderStatement(developer(DAYS))).toBe(`\
Statement for Seven Studio (dev_7)
Period 2018-04-H1: 2018-04-01 to 2018-04-15, not settled to its end

────────────────────────────────────────────────────────────────────────────────────────────────────
CNY: all amounts in CNY

                  Impressions  Clicks      eCPM       Gross  Share %   Your share
2018-04-14  Lucky Seven (app_7_1), plan wechat-2018-03
  unit_7_1_b          400,000     300    250.00  100,000.01
  Day of the app      400,000     300    250.00  100,000.01    50.00   50,000.003

2018-04-15  Lucky Seven (app_7_1), plan wechat-2018-03, PENDING
  unit_7_1_b        1,000,000   1,200    150.00  150,000.00
  unit_7_1_i                8       0  1,562.50       12.50
  Day of the app    1,000,008   1,200    150.01  150,000.00    43.33   65,000.00
  Not settled yet: 12.50 of gross

All days            1,400,008   1,500    178.58  250,000.01    46.00  115,000.003

Corrections of earlier bookings, contained in the lines above
  2018-04-14  app_7_1: your share -12.50
              booked 2018-04-17 01:00 UTC, version 2, transfer 0196329c-5b00-7000-8000-00000000ffff

Gross settled in this period             250,000.01
Platform's part                          135,000.007
Your share                               115,000.003
Gross not settled yet, shared out later       12.50

Opening balance in CNY                     1,234.00
Your share of this period                115,000.003
Closing balance in CNY                   116,234.003
`);
  });

  test('keeps a long id whole, on a line of its own', () => {
    const adUnitId = 'u'.repeat(64);
    const given = {
      opening: '0',
      transfers: settled('2018-04-14', { share: '12345678.123456789', platform: '12345678.123456789' }),
      units: [unit('2018-04-14', adUnitId, 10_000_000, 10_000, '24691356.246913578')],
    };
    const lines = renderStatement(developer(given)).split('\n');
    expect(lines).toContain(`  ${adUnitId}`);
    expect(lines.filter(line => line.length > 100)).toEqual([]);
  });

  test('says when there is nothing to tell', () => {
    expect(renderStatement(developer({}))).toBe(`\
Statement for Seven Studio (dev_7)
Period 2018-04-H1: 2018-04-01 to 2018-04-15

Nothing was earned and nothing is owed.
`);
  });
});

const PAYOUT = { payoutId: '0196329c-5b00-7000-8000-0000000000aa', period: '2018-03-H2' as Period };

/** All that may move a balance, in one period: 100 + 65 − 1.25 + 7.50 + 5 − 20 − 80 = 76.25. */
const EVERYTHING: Given = {
  opening: '100.00',
  transfers: [
    ...settled('2018-04-15', { share: '65.00', platform: '85.00' }),
    transfer('payable', 'ad_revenue', '1.25', {
      ...{ appId: 'app_7_3', businessDay: day('2018-03-31'), version: 2, reason: 'developer_share' },
      runId: '0196329c-5b00-7000-8000-00000000000b',
    }),
    transfer('incentive', 'payable', '7.50', {
      ...{ appId: 'app_7_1', businessDay: day('2018-04-15'), version: 1, reason: 'incentive', fundId: 'growth' },
    }),
    transfer('payable', 'held', '20.00', { reason: 'hold', decisionId: 'hold-1' }),
    transfer('adjustment', 'payable', '5.00', { reason: 'adjustment', decisionId: 'adjust-1' }),
    transfer('payable', 'payout_due', '80.00', { reason: 'payout', payoutId: PAYOUT.payoutId, decisionId: 'pay-1' }),
    transfer('payout_due', 'withheld_tax', '16.00', { reason: 'withholding', payoutId: PAYOUT.payoutId }),
    transfer('payout_due', 'payout_sent', '64.00', { reason: 'payout_sent', payoutId: PAYOUT.payoutId }),
  ],
  units: [unit('2018-04-15', 'unit_7_1_b', 1000, 10, '150.00')],
  payouts: [
    {
      ...PAYOUT,
      reference: '201803H2-CNY-ABCDEFGHIJKLMNOP',
      ...{ amount: money(parseAmount('80'), 'CNY'), tax: money(parseAmount('16'), 'CNY') },
      net: money(parseAmount('64'), 'CNY'),
      exchange: null,
    },
  ],
};

describe('every section', () => {
  const issued: StatementHalf = { ...OPEN, state: 'issued', seal: SEAL, issued_at: '2018-04-20T01:00:00.000Z' };

  test('in English', () => {
    expect(renderStatement(developer(EVERYTHING, issued))).toBe(`\
Statement for Seven Studio (dev_7)
Period 2018-04-H1: 2018-04-01 to 2018-04-15
2018-04-H1 issued 2018-04-20 01:00 UTC
  sealed ${SEAL}

────────────────────────────────────────────────────────────────────────────────────────────────────
CNY: all amounts in CNY

                  Impressions  Clicks    eCPM   Gross  Share %  Your share
2018-04-15  Lucky Seven (app_7_1), plan wechat-2018-03
  unit_7_1_b            1,000      10  150.00  150.00
  Day of the app        1,000      10  150.00  150.00    43.33       65.00

All days                1,000      10  150.00  150.00    43.33       65.00

Differences of days whose period was closed before
  2018-03-31  -1.25  幸运七 (app_7_3)
              -1.25 of gross, booked 2018-04-17 01:00 UTC

Incentives, on top of your share
  2018-04-15  growth  app_7_1  7.50

Adjustments
  2018-04-17  +5.00  a campaign that was priced too low
              decision adjust-1

Held, for a review, and not payable
  Held at the beginning   0.00
  Held in this period    20.00
  Held at the end        20.00

Payouts                                            Payout    Tax    Net  Balance
  2018-04-17  201803H2-CNY-ABCDEFGHIJKLMNOP  sent   80.00  16.00  64.00   -80.00

Tax withheld on payouts
  Withheld and not remitted, at the beginning   0.00
  Withheld in this period                      16.00
  Withheld and not remitted, at the end        16.00

Gross settled in this period        150.00
Platform's part                      85.00
Your share                           65.00

Opening balance in CNY              100.00
Your share of this period            65.00
Differences of earlier periods       -1.25
Incentives                            7.50
Adjustments                           5.00
Held (-) and given back (+)         -20.00
Payouts (-) and what came back (+)  -80.00
Closing balance in CNY               76.25
Approved or sent, not yet paid       64.00
`);
  });

  test('in Chinese, with columns below each other', () => {
    const text = renderStatement(developer(EVERYTHING, issued), 'zh');
    expect(text).toBe(`\
结算单：Seven Studio（dev_7）
账期 2018-04-H1：2018-04-01 至 2018-04-15
2018-04-H1 已出具于 2018-04-20 01:00 UTC
  封账码 ${SEAL}

────────────────────────────────────────────────────────────────────────────────────────────────────
CNY：所有金额以 CNY 计

               展示  点击    eCPM  总收入  分成 %  您的分成
2018-04-15  Lucky Seven (app_7_1)，方案 wechat-2018-03
  unit_7_1_b  1,000    10  150.00  150.00
  应用当日    1,000    10  150.00  150.00   43.33     65.00

全部日期      1,000    10  150.00  150.00   43.33     65.00

已封账账期的差额
  2018-03-31  -1.25  幸运七 (app_7_3)
              总收入 -1.25，入账 2018-04-17 01:00 UTC

激励，在分成之外
  2018-04-15  growth  app_7_1  7.50

调整
  2018-04-17  +5.00  a campaign that was priced too low
              决定 adjust-1

因审核冻结，暂不支付
  期初冻结   0.00
  本期冻结  20.00
  期末冻结  20.00

付款                                                  付款   税款   税后  余额变动
  2018-04-17  201803H2-CNY-ABCDEFGHIJKLMNOP  已发出  80.00  16.00  64.00    -80.00

付款代扣税款
  期初已扣未缴   0.00
  本期代扣      16.00
  期末已扣未缴  16.00

本期已结算总收入          150.00
平台分成                   85.00
您的分成                   65.00

期初余额 CNY              100.00
本期分成                   65.00
以前账期的差额             -1.25
激励                        7.50
调整                        5.00
冻结（-）与返还（+）      -20.00
付款（-）与退回（+）      -80.00
期末余额 CNY               76.25
已批准或已发出，尚未到账   64.00
`);
    expect(text.split('\n').filter(line => displayWidth(line) > 100)).toEqual([]);
  });
});

test('a payout in another currency shows its rate in both, and in each what moves there', () => {
  const payoutId = '0196329c-5b00-7000-8000-0000000000bb';
  const of = { payoutId, decisionId: 'pay-2' };
  const text = renderStatement(
    developer({
      opening: '100.00',
      transfers: [
        transfer('payable', 'payout_due', '100.00', { ...of, reason: 'payout' }),
        transfer('payout_due', 'fx', '100.00', { ...of, reason: 'exchange' }),
        transfer('fx', 'payout_due', '15.873', { ...of, reason: 'exchange', currency: 'USD' }),
        transfer('payout_due', 'fx_rounding', '0.003', { ...of, reason: 'exchange_rounding', currency: 'USD' }),
        transfer('payout_due', 'payout_sent', '15.87', { ...of, reason: 'payout_sent', currency: 'USD' }),
      ],
      payouts: [
        {
          ...{ payoutId, reference: '201803H2-CNY-ABCDEFGHIJKLMNOP', period: '2018-03-H2' as Period },
          ...{ amount: money(parseAmount('100'), 'CNY'), tax: money(parseAmount('0'), 'CNY') },
          net: money(parseAmount('100'), 'CNY'),
          exchange: { rate: '0.15873', day: '2018-04-16', source: 'a bank', paid: money(parseAmount('15.87'), 'USD') },
        },
      ],
    }),
  );
  expect(text).toContain(`\
Payouts                                            Payout   Tax     Net  Balance
  2018-04-17  201803H2-CNY-ABCDEFGHIJKLMNOP  sent  100.00  0.00  100.00  -100.00
  201803H2-CNY-ABCDEFGHIJKLMNOP: 100.00 CNY at 0.15873 of 2018-04-16 (a bank) = 15.87 USD
`);
  expect(text).toContain(`\
Payouts                                            Payout  Tax    Net  Balance
  2018-04-17  201803H2-CNY-ABCDEFGHIJKLMNOP  sent               15.87     0.00
  201803H2-CNY-ABCDEFGHIJKLMNOP: 100.00 CNY at 0.15873 of 2018-04-16 (a bank) = 15.87 USD
`);
  expect(text).toMatch(/Closing balance in USD +0\.00\nApproved or sent, not yet paid +15\.87\n/);
});

describe('CSV', () => {
  const rows = [...statementRows(developer(EVERYTHING))];

  test('has a row for each line of each section', () => {
    expect(rows.map(row => [row.section, row.date, row.amount])).toEqual([
      ['opening_balance', null, '100.00'],
      ['ad_unit', '2018-04-15', null],
      ['day', '2018-04-15', '65.00'],
      ['late_difference', '2018-03-31', '-1.25'],
      ['incentive', '2018-04-15', '7.50'],
      ['adjustment', null, '5.00'],
      ['held', null, '-20.00'],
      ['payout', '2018-04-17', '-80.00'],
      ['withheld_tax', null, null],
      ['closing_balance', null, '76.25'],
    ]);
    for (const row of rows) expect(Object.keys(row).sort()).toEqual([...STATEMENT_CSV].sort());
  });

  test('adds up from the opening balance to the closing one', () => {
    const nanosOf = (section: RegExp) =>
      rows.filter(row => section.test(row.section)).reduce((sum, row) => sum + parseAmount(row.amount ?? '0'), 0n);
    expect(nanosOf(/^(?!closing)/)).toBe(nanosOf(/^closing/));
  });
});

describe("a provider's statement on a terminal", () => {
  const part = (on: string, appId: string, amount: string, changes: Partial<BookTransfer> = {}) =>
    transfer('provider_share', 'payable', amount, {
      ...{ ownerId: 'agency_1', appId, businessDay: day(on), version: 1, reason: 'provider_income' },
      ...{ providerId: 'agency_1', runId: 'run', ...changes },
    });
  const lost = part('2018-04-14', 'app_7_1', '10.00', {
    ...{ debit: 'payable', credit: 'provider_share', version: 2 },
    transferId: '0196329c-5b00-7000-8000-00000000fffe',
  });
  const given: Given = {
    opening: '100.00',
    transfers: [
      part('2018-04-14', 'app_7_1', '10.00'),
      lost,
      part('2018-04-15', 'app_7_1', '13000.00'),
      part('2018-04-15', 'app_7_2', '0.333333'),
    ],
    totals: { '2018-04-15 app_7_1': '65000.00', '2018-04-15 app_7_2': '0.999999' },
    ratios: { '2018-04-15 app_7_1': '0.20', '2018-04-15 app_7_2': '0.333333' },
  };
  const due: DueOfProvider = { isPending: app => app.appId === 'app_7_2', days: new Set([day('2018-04-15')]) };

  test('tells of each app its total, ratio and part, corrections, what is pending, and ends with the balance', () => {
    expect(renderStatement(halfOfBook(sourcesOf('provider', given), { half: OPEN, due }))).toBe(`\
Statement for service provider Agency One (agency_1)
Period 2018-04-H1: 2018-04-01 to 2018-04-15, not settled to its end

────────────────────────────────────────────────────────────────────────────────────────────────────
CNY: all amounts in CNY

                                       Developer's total      Ratio      Your part
2018-04-14
  Lucky Seven (app_7_1) of dev_7                                          0.00

2018-04-15
  Lucky Seven (app_7_1) of dev_7           65,000.00           20 %  13,000.00
  Unlucky (app_7_2) of dev_7, PENDING           0.999999  33.3333 %       0.333333

All days                                   65,000.999999             13,000.333333

Corrections of earlier bookings, contained in the lines above
  2018-04-14  app_7_1: your part -10.00
              booked 2018-04-17 01:00 UTC, version 2, transfer 0196329c-5b00-7000-8000-00000000fffe

Opening balance in CNY       100.00
Your part of this period  13,000.333333
Closing balance in CNY    13,100.333333
`);
  });
});
