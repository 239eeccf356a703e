import { afterEach, beforeEach, expect, test } from 'vitest';
import { Paying } from '../support/paying.ts';
import { recordPayees } from '../support/payout-terms.ts';

const ALREADY_PAID = '2018-04-H1-CNY-1';
const NEXT = '2018-04-H2-CNY-1';

let paying: Paying;
beforeEach(async () => {
  paying = await Paying.open();
});
afterEach(async () => await paying.drop());

async function notesOf(batch: string): Promise<readonly string[]> {
  return (await paying.deciding.show(await paying.propose('payouts', { batch }))).notes;
}

test('who approves is told how much goes where its payee was never paid before, and who says that it is the place', async () => {
  await paying.drawn({ book: 'dev_1', amount: '500' }, { book: 'dev_7', amount: '300' });
  expect(await notesOf(ALREADY_PAID)).toEqual([
    '2 payouts of 800.00 CNY would be approved',
    'of these, 2 with 800.00 CNY to destinations at which the payee was never paid before, recorded by li.wei',
  ]);
  await paying.approve(ALREADY_PAID);
  paying.system.now = new Date('2018-04-25T00:00:00+08:00');
  const [one, seven] = [await paying.payoutOf('dev_1'), await paying.payoutOf('dev_7')];
  await paying.invoice(seven.reference, '300.00');
  await paying.send(ALREADY_PAID);
  await paying.answers(
    `${one.reference},paid,500.00,CNY,bank-1,2018-04-26,`,
    `${seven.reference},paid,300.00,CNY,bank-2,2018-04-26,`,
  );

  paying.system.now = new Date('2018-05-01T09:00:00+08:00');
  await recordPayees(paying.system, { id: 'dev_7', destination: 'vault:of-somebody-else' });
  await paying.owe(
    { book: 'dev_1', amount: '200', on: '2018-04-20' },
    { book: 'dev_7', amount: '400', on: '2018-04-20' },
  );
  await paying.close('2018-04-H2');
  await paying.drawUp();
  expect(await notesOf(NEXT)).toEqual([
    '2 payouts of 600.00 CNY would be approved',
    'of these, 1 with 400.00 CNY to destinations at which the payee was never paid before, recorded by li.wei',
  ]);
});
