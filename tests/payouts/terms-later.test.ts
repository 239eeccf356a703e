import { afterAll, beforeAll, expect, test } from 'vitest';
import { Paying } from '../support/paying.ts';
import {
  currencyEntry,
  recordPayees,
  recordPayoutTerms,
  recordRates,
  withholdingEntry,
} from '../support/payout-terms.ts';

const CHINESE = { id: 'dev_cn', name: 'Ming', type: 'individual', country: 'CN' };

let paying: Paying;
beforeAll(async () => {
  paying = await Paying.open({ developers: [CHINESE] });
});
afterAll(async () => await paying.drop());

test('what is recorded later changes no payout that is drawn up, and counts for the next one', async () => {
  const { system } = paying;
  const payee = { id: 'dev_cn', destination: 'vault:usd', currency: 'USD' };
  await recordPayees(system, payee);
  await recordRates(system, 'CNY,USD,2018-04-16,0.15,PBC');
  const batch = await paying.drawn({ book: 'dev_cn', amount: '1000' });
  const drawn = await paying.payoutOf('dev_cn');

  await recordPayoutTerms(system, {
    currencies: [currencyEntry({ threshold: '5000.00', net_days: 30 })],
    withholding: [withholdingEntry({ tiers: [{ rate: '0.45' }] })],
  });
  await recordRates(system, 'CNY,USD,2018-04-16,0.25,PBC');
  await recordPayees(system, { ...payee, minimum: '9000.00', currency: null });
  expect((await paying.drawUp()).batches).toEqual([]);
  expect(await paying.payoutOf('dev_cn')).toEqual(drawn);
  await paying.approve(batch);
  // 1000.00 − 20 % = 800.00; × 0.15 = 120.00.
  const approved = { 'withheld_tax CNY': 200, 'fx CNY': 800, 'fx USD': -120, 'payout_due USD': 120 };
  expect(await paying.book('dev_cn')).toEqual({ 'adjustment CNY': -1000, ...approved });

  system.now = new Date('2018-05-01T09:00:00+08:00');
  await paying.owe({ book: 'dev_cn', amount: '8000', on: '2018-04-20' });
  await paying.close('2018-04-H2');
  expect((await paying.drawUp()).carried).toMatchObject([{ reason: 'below_minimum', books: 1 }]);
  await recordPayees(system, { ...payee, currency: null });
  const [next] = (await paying.drawUp()).batches;
  expect(next).toMatchObject({ dueOn: '2018-05-30', payouts: 1, amountNanos: 8_000_000_000_000n });
  // 8000.00 − 45 % = 4400.00, in the currency of the book.
  const [later] = (await paying.payouts()).filter(each => each.batchId === next?.batchId);
  expect(later).toMatchObject({ netNanos: 4_400_000_000_000n, sentCurrency: 'CNY', sentNanos: 4_400_000_000_000n });
  expect(await paying.differences()).toEqual([]);
});
