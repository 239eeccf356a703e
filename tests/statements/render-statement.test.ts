import { describe, expect, test } from 'vitest';
import { parseAmount } from '../../src/domain/nanos.ts';
import { renderStatement } from '../../src/statements/render-statement.ts';
import type { Statement } from '../../src/statements/statement.ts';
import { type StatementSources, statementsByCurrency } from '../../src/statements/statement-lines.ts';
import { day } from '../support/reference-files.ts';

const unit = (on: string, adUnitId: string, impressions: number, clicks: number, gross: string) => ({
  businessDay: day(on),
  developerId: 'dev_7',
  appId: 'app_7_1',
  adUnitId,
  currency: 'CNY',
  impressions,
  clicks,
  grossNanos: parseAmount(gross),
});

const movement = (on: string, gross: string, developer: string, platform: string, provider = '0') => ({
  businessDay: day(on),
  appId: 'app_7_1',
  currency: 'CNY',
  grossNanos: parseAmount(gross),
  developerNanos: parseAmount(developer),
  platformNanos: parseAmount(platform),
  providerNanos: parseAmount(provider),
});

const payable = (before: string, within: string) => ({
  currency: 'CNY',
  beforeNanos: parseAmount(before),
  withinNanos: parseAmount(within),
});

const SOURCES: StatementSources = {
  payables: [payable('1234.00', '115000.003')],
  movements: [
    movement('2018-04-14', '100000.01', '50000.003', '50000.007'),
    movement('2018-04-15', '150000.00', '65000.00', '85000.00'),
  ],
  corrections: [
    {
      transferId: '0196329c-5b00-7000-8000-000000000002',
      businessDay: day('2018-04-14'),
      appId: 'app_7_1',
      currency: 'CNY',
      reason: 'developer_share',
      providerId: null,
      changeNanos: parseAmount('-12.50'),
      version: 2,
      corrects: '0196329c-5b00-7000-8000-000000000001',
      runId: '0196329c-5b00-7000-8000-00000000000a',
      bookedAt: new Date('2018-04-17T01:00:00Z'),
    },
  ],
  earnings: [
    unit('2018-04-14', 'unit_7_1_b', 400_000, 300, '100000.01'),
    unit('2018-04-15', 'unit_7_1_b', 1_000_000, 1200, '150000.00'),
    unit('2018-04-15', 'unit_7_1_i', 8, 0, '12.50'),
  ],
  invalid: [],
  dueDays: new Set([day('2018-04-15')]),
  decidedBy: () => ({ planId: 'wechat-2018-03', provider: null }),
  decided: [],
  awarded: [],
  kept: [],
  nameOf: () => 'Lucky Seven',
};

const statement = (sources: StatementSources): Statement => ({
  developer: { id: 'dev_7', name: 'Seven Studio' },
  period: { id: '2018-04-H1', from: day('2018-04-01'), to: day('2018-04-15') },
  status: sources.dueDays.size > 0 ? 'pending' : 'settled',
  items: statementsByCurrency(sources),
});

describe('a statement on a terminal', () => {
  test('aligns figures, itemises corrections, marks what is pending and ends with the balance', () => {
    expect(renderStatement(statement(SOURCES))).toBe(`\
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
              booked 2018-04-17 01:00 UTC, version 2, transfer 0196329c-5b00-7000-8000-000000000002

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
    const sources = {
      ...SOURCES,
      payables: [payable('0', '12345678.123456789')],
      movements: [movement('2018-04-14', '24691356.246913578', '12345678.123456789', '12345678.123456789')],
      earnings: [unit('2018-04-14', adUnitId, 10_000_000, 10_000, '24691356.246913578')],
    };
    const lines = renderStatement(statement(sources)).split('\n');
    expect(lines).toContain(`  ${adUnitId}`);
    expect(lines.filter(line => line.length > 100)).toEqual([]);
  });

  test('says when there is nothing to tell', () => {
    const nothing = {
      ...SOURCES,
      payables: [],
      movements: [],
      corrections: [],
      earnings: [],
      dueDays: new Set<never>(),
    };
    expect(renderStatement(statement(nothing))).toBe(`\
Statement for Seven Studio (dev_7)
Period 2018-04-H1: 2018-04-01 to 2018-04-15

Nothing was earned and nothing is owed.
`);
  });

  test('is refused where its lines do not add up to the account', () => {
    expect(() => statementsByCurrency({ ...SOURCES, payables: [payable('0', '1')] })).toThrow('come to');
  });
});
