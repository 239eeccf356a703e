import { describe, expect, test } from 'vitest';
import { parseAmount } from '../../src/domain/nanos.ts';
import { type ProviderSources, providerStatementsByCurrency } from '../../src/statements/provider-lines.ts';
import type { ProviderStatement } from '../../src/statements/provider-statement.ts';
import { renderProviderStatement } from '../../src/statements/render-provider-statement.ts';
import { day } from '../support/reference-files.ts';

const part = (
  on: string,
  appId: string,
  amount: string,
  of: { total: string; ratio: string } | null,
  isPending = false,
) => ({
  businessDay: day(on),
  appId,
  currency: 'CNY',
  developerId: 'dev_7',
  amountNanos: parseAmount(amount),
  ratio: of?.ratio ?? null,
  totalNanos: of === null ? null : parseAmount(of.total),
  isPending,
});

const SOURCES: ProviderSources = {
  payables: [{ currency: 'CNY', beforeNanos: parseAmount('100.00'), withinNanos: parseAmount('13000.333333') }],
  shared: [
    part('2018-04-15', 'app_7_2', '0.333333', { total: '0.999999', ratio: '0.333333' }, true),
    part('2018-04-15', 'app_7_1', '13000.00', { total: '65000.00', ratio: '0.20' }),
    part('2018-04-14', 'app_7_1', '0.00', null),
  ],
  corrections: [
    {
      transferId: '0196329c-5b00-7000-8000-000000000002',
      businessDay: day('2018-04-14'),
      appId: 'app_7_1',
      currency: 'CNY',
      reason: 'provider_income',
      providerId: 'agency_1',
      changeNanos: parseAmount('-10.00'),
      version: 2,
      corrects: '0196329c-5b00-7000-8000-000000000001',
      runId: '0196329c-5b00-7000-8000-00000000000a',
      bookedAt: new Date('2018-04-17T01:00:00Z'),
    },
  ],
  decided: [],
  kept: [],
  nameOf: appId => (appId === 'app_7_1' ? 'Lucky Seven' : 'Unlucky'),
};

const statement = (sources: ProviderSources): ProviderStatement => ({
  provider: { id: 'agency_1', name: 'Agency One' },
  period: { id: '2018-04-H1', from: day('2018-04-01'), to: day('2018-04-15') },
  status: sources.shared.some(row => row.isPending) ? 'pending' : 'settled',
  items: providerStatementsByCurrency(sources),
});

describe("a provider's statement on a terminal", () => {
  test('tells of each app its total, ratio and part, corrections, what is pending, and ends with the balance', () => {
    expect(renderProviderStatement(statement(SOURCES))).toBe(`\
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
              booked 2018-04-17 01:00 UTC, version 2, transfer 0196329c-5b00-7000-8000-000000000002

Opening balance in CNY       100.00
Your part of this period  13,000.333333
Closing balance in CNY    13,100.333333
`);
  });

  test('says when there is nothing to tell', () => {
    expect(renderProviderStatement(statement({ ...SOURCES, payables: [], shared: [], corrections: [] }))).toBe(`\
Statement for service provider Agency One (agency_1)
Period 2018-04-H1: 2018-04-01 to 2018-04-15

Nothing was earned and nothing is owed.
`);
  });

  test('is refused where its lines do not add up to the account', () => {
    const payables = [{ currency: 'CNY', beforeNanos: parseAmount('0'), withinNanos: parseAmount('1') }];
    expect(() => providerStatementsByCurrency({ ...SOURCES, payables })).toThrow('come to');
  });
});
