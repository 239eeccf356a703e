import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseBusinessDay } from '../../src/domain/business-day.ts';
import { exchanged } from '../../src/domain/exchange.ts';
import { downToMinor } from '../../src/domain/minor-unit.ts';
import { formatAmount, type Nanos, nanos, parseAmount } from '../../src/domain/nanos.ts';
import { withheld } from '../../src/domain/withholding.ts';
import { ratesOn } from '../../src/payouts/exchange-rates.ts';
import { listPayoutTerms } from '../../src/payouts/list-terms.ts';
import { payeesOf } from '../../src/payouts/payees.ts';
import { withholdingFor } from '../../src/payouts/tax-treatment.ts';
import { renderPayoutTerms } from '../../src/statements/render-payout-terms.ts';
import { grouped } from '../../src/statements/text-table.ts';
import { recordPayees, recordPayoutTerms, recordRates } from '../support/payout-terms.ts';
import { SettlementSystem } from '../support/settlement-system.ts';

const page = readFileSync(new URL('../../docs/payout-terms.md', import.meta.url), 'utf8');
const TODAY = parseBusinessDay('2018-04-16');

let system: SettlementSystem;
beforeAll(async () => {
  system = await SettlementSystem.open({ bucketCount: 4, now: '2018-04-16T09:00:00+08:00' });
  await system.importCatalog({
    developers: [{ id: 'dev_7', name: 'Seven', type: 'individual', country: 'CN' }],
    apps: [{ id: 'app_7', developer_id: 'dev_7', name: 'Lucky Seven', category: 'tools' }],
  });
});
afterAll(async () => await system.drop());

const blocks = (language: string) =>
  [...page.matchAll(/^```(\w*)\n(.*?)^```$/gms)].flatMap(([, of, text = '']) => (of === language ? [text] : []));

test('the example of docs/payout-terms.md comes out as the page tells it', async () => {
  const [terms = '', payees = ''] = blocks('json');
  const [rates = ''] = blocks('csv');
  await recordPayoutTerms(system, JSON.parse(terms));
  await recordPayees(system, ...JSON.parse(payees).payees);
  await recordRates(system, ...rates.trim().split('\n').slice(1));
  const [figures = '', listed = ''] = blocks('');
  expect(`${renderPayoutTerms(await listPayoutTerms(system.db, { on: null }))}\n`).toBe(listed);

  const [, owed = ''] = /is owed ([\d.,]+) CNY/.exec(page) ?? [];
  const payable = parseAmount(owed.replaceAll(',', ''));
  const of = { ownerIds: ['dev_7'], currency: 'CNY', day: TODAY };
  const table = (await withholdingFor(system.db, of)).get('dev_7')?.table ?? expect.fail('no table');
  const target = (await payeesOf(system.db, ['dev_7'])).get('dev_7')?.currency ?? expect.fail('no currency');
  const rate = (await ratesOn(system.db, { sourceCurrency: 'CNY', day: TODAY })).get(target) ?? expect.fail('no rate');
  const payout = downToMinor(payable, 'CNY');
  const tax = withheld({ amountNanos: payout, tiers: table.tiers, currency: 'CNY' });
  const net = nanos(payout - tax);
  const { targetNanos, minorNanos, restNanos } = exchanged({ amountNanos: net, rate: rate.rate, currency: target });
  const line = (what: string, amount: Nanos, currency: string) =>
    `${what} ${grouped(formatAmount(amount, currency))} ${currency}`;
  expect(
    figures
      .trim()
      .split('\n')
      .map(told => told.replaceAll(/ +/g, ' ')),
  ).toEqual([
    line('payable', payable, 'CNY'),
    line('payout', payout, 'CNY'),
    line('withheld', tax, 'CNY'),
    line('net', net, 'CNY'),
    line('in the target', targetNanos, 'USD'),
    line('paid', minorNanos, 'USD'),
    line('rest', restNanos, 'USD'),
  ]);
});
