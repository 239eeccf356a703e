import { expect, test } from 'vitest';
import { parsePeriod } from '../../src/domain/period.ts';
import { statementOf } from '../../src/statements/statement.ts';
import { Closing } from '../support/closing.ts';

const BY_MONTH = {
  ...{ id: 'half', scope: { default: true }, currency: 'CNY', effective_from: '2018-01-01', effective_to: null },
  ...{ basis: 'app_month', mode: 'marginal', tiers: [{ up_to: '12.00', share: '0.50' }, { share: '0.30' }] },
};

test('the balance doubled by a second settlement model', async () => {
  const closing = await Closing.forTest();
  const { system } = closing;
  // Each day 10.00 gross, half of it: 5.00 + 5.00.
  await closing.earn('2018-04-20', '2018-04-21');
  closing.tick();
  await closing.close('2018-04-H2');
  expect(await balances(closing, '2018-04-H2')).toEqual(['0.00', '10.00']);

  // By the month: 5.00, then half of 2.00 and 30 % of 8.00, 3.40 in all.
  closing.tick();
  await system.importPlans(BY_MONTH);
  await system.settleDue();
  expect(await balances(closing, '2018-04-H2')).toEqual(['0.00', '10.00']);
  expect(await balances(closing, '2018-05-H1')).toEqual(['10.00', '8.40']);
  const posted = (await system.transfers()).length;

  // The day's model once more, and then the month's again: each posts its difference, neither its whole.
  await system.importPlans({ ...BY_MONTH, basis: 'app_day', tiers: [{ share: '0.50' }] });
  await system.settleDue();
  expect(await balances(closing, '2018-05-H1')).toEqual(['10.00', '10.00']);
  await system.importPlans(BY_MONTH);
  await system.settleDue();
  expect(await balances(closing, '2018-05-H1')).toEqual(['10.00', '8.40']);
  // Two apps, one day each time, both parts.
  expect((await system.transfers()).length).toBe(posted + 2 * 2 * 2);
  await system.settleDue();
  expect((await system.transfers()).length).toBe(posted + 2 * 2 * 2);
  expect((await system.verify()).differences).toEqual([]);
});

/** Opening and closing balance of `dev_7` in a period. */
async function balances({ system: { db, bucketCount } }: Closing, period: string): Promise<string[]> {
  const asked = { developerId: 'dev_7', period: parsePeriod(period), bucketCount };
  const { items } = await db.snapshot(async tx => await statementOf(tx, asked));
  return items.flatMap(item => [item.opening_balance.amount, item.closing_balance.amount]);
}
