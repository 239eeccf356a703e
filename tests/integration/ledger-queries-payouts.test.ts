import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseBusinessDay } from '../../src/domain/business-day.ts';
import { listAgeing } from '../../src/ledger/list-ageing.ts';
import { listTransfers } from '../../src/ledger/list-transfers.ts';
import type { TransferFilters } from '../../src/ledger/transfer-filters.ts';
import { trialBalance } from '../../src/ledger/trial-balance.ts';
import { Paying } from '../support/paying.ts';

let paying: Paying;
let decisionId: string;
let payoutId: string;
let reference: string;
beforeAll(async () => {
  paying = await Paying.open();
  const batch = await paying.drawn({ book: 'dev_1', amount: '1234.567' });
  decisionId = await paying.approve(batch);
  await paying.owe({ book: 'dev_1', amount: '10', on: '2018-04-16' });
  paying.system.now = new Date('2018-04-25T00:00:00+08:00');
  await paying.send(batch);
  ({ payoutId, reference } = await paying.payoutOf('dev_1'));
}, 60_000);
afterAll(async () => await paying.drop());

const transfers = async (filters: Partial<TransferFilters>) => {
  const { db, bucketCount } = paying.system;
  const { items } = await db.snapshot(tx => listTransfers(tx, { bucketCount, ...filters }));
  return items.map(({ debit, credit, amount, reason }) => `${reason}: ${debit} > ${credit} ${amount.amount}`);
};

const ages = async () => {
  const { db, bucketCount } = paying.system;
  const filters = { bucketCount, developerId: 'dev_1', today: parseBusinessDay('2018-05-01') };
  const { items } = await db.snapshot(tx => listAgeing(tx, filters));
  return items.map(({ period, days, owed }) => `${period} ${days} ${owed.amount}`);
};

test('a payout is followed by its id, by the decision and by the file that sent it', async () => {
  const [approved, sent] = ['payout: payable > payout_due 1234.56', 'payout_sent: payout_due > payout_sent 1234.56'];
  expect(await transfers({ payoutId })).toEqual([approved, sent]);
  expect(await transfers({ decisionId })).toEqual([approved]);
  const { db } = paying.system;
  const { rows } = await db.query<{ run_id: string }>(
    `select run_id from transfers where payout_id = $1 and reason = 'payout_sent'`,
    [payoutId],
  );
  const runId = rows[0]?.run_id ?? expect.fail('it was sent');
  expect(await transfers({ runId })).toEqual([sent]);
  const { items } = await trialBalance(db, { runId });
  expect(items.map(({ account, balance }) => `${account} ${balance.amount}`)).toEqual([
    'payout_due -1234.56',
    'payout_sent 1234.56',
  ]);
});

test('what is paid out is the oldest, and what comes back is as old as it was', async () => {
  expect(await ages()).toEqual(['2018-04-H1 16 0.007', '2018-04-H2 1 10.00']);
  await paying.answers(`${reference},returned,1234.56,CNY,bank-1,2018-04-26,account closed`);
  expect(await ages()).toEqual(['2018-04-H1 16 1234.567', '2018-04-H2 1 10.00']);
});
