import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { listCarried } from '../../src/payouts/list-carried.ts';
import { listPayouts } from '../../src/payouts/list-payouts.ts';
import { unmatchedAnswers } from '../../src/payouts/unmatched.ts';
import { type Owed, Paying } from '../support/paying.ts';
import { recordPayees, recordPayoutTerms, recordRates, withholdingEntry } from '../support/payout-terms.ts';
import { rejectionOf } from '../support/refusals.ts';

const CHINESE = { id: 'dev_cn', name: 'Ming', type: 'individual', country: 'CN' };
const BATCH = '2018-04-H1-CNY-1';

let paying: Paying;
beforeEach(async () => {
  paying = await Paying.open({ developers: [CHINESE] });
  await recordPayees(paying.system, { id: 'dev_cn', destination: 'vault:cn' });
});
afterEach(async () => await paying.drop());

const onDueDay = () => {
  paying.system.now = new Date('2018-04-25T00:00:00+08:00');
};

/** Sent, to be answered by the bank. */
async function sent(...owed: readonly Owed[]): Promise<string> {
  await paying.approve(await paying.drawn(...owed));
  onDueDay();
  await paying.send(BATCH);
  return (await paying.payoutOf(owed[0]?.book ?? '')).reference;
}

test('a payout goes from due to paid, and each step moves its money', async () => {
  expect(await paying.drawn({ book: 'dev_1', amount: '1234.567' })).toBe(BATCH);
  expect(await paying.book('dev_1')).toEqual({ 'adjustment CNY': -1234.567, 'payable CNY': 1234.567 });
  await paying.approve(BATCH);
  expect(await paying.book('dev_1')).toMatchObject({ 'payable CNY': 0.007, 'payout_due CNY': 1234.56 });
  onDueDay();
  const { content, fresh } = await paying.send(BATCH);
  expect(fresh).toBe(true);
  const { reference } = await paying.payoutOf('dev_1');
  expect(content.toString()).toBe(
    `"reference","payee","destination","amount","currency"\n"${reference}","dev_1","vault:1",1234.56,"CNY"\n`,
  );
  expect(await paying.book('dev_1')).toMatchObject({ 'payable CNY': 0.007, 'payout_sent CNY': 1234.56 });
  const imported = await paying.answers(`${reference},paid,1234.56,CNY,bank-1,2018-04-26,`);
  expect(imported).toMatchObject({ rows: 1, paid: 1, returned: 0, repeated: 0, unmatched: [] });
  expect(await paying.book('dev_1')).toEqual({
    'adjustment CNY': -1234.567,
    'payable CNY': 0.007,
    'paid CNY': 1234.56,
  });
  expect(await paying.differences()).toEqual([]);
});

describe('drawing up', () => {
  test('again changes nothing, and so do two at once', async () => {
    await paying.owe({ book: 'dev_1', amount: '500' }, { book: 'dev_cn', amount: '300' });
    await paying.close('2018-04-H1');
    const both = await Promise.all([paying.drawUp(), paying.drawUp(), paying.drawUp()]);
    expect(both.flatMap(each => each.batches.map(batch => [batch.batchId, batch.payouts]))).toEqual([[BATCH, 2]]);
    expect((await paying.drawUp()).batches).toEqual([]);
    expect(await paying.payouts()).toHaveLength(2);
  });

  test('is of closed periods only', async () => {
    await paying.owe({ book: 'dev_1', amount: '500' });
    expect(await rejectionOf(paying.drawUp())).toMatchObject({ code: 'no_closed_period' });
  });

  test('money of the open period pays for nothing, and what it takes back is not paid', async () => {
    await paying.owe({ book: 'dev_1', amount: '500' }, { book: 'dev_cn', amount: '99.99' });
    await paying.close('2018-04-H1');
    await paying.owe(
      { book: 'dev_1', amount: '-100', on: '2018-04-16' },
      { book: 'dev_cn', amount: '5000', on: '2018-04-16' },
    );
    const { carried } = await paying.drawUp();
    expect((await paying.payouts()).map(each => [each.ownerId, each.amountNanos])).toEqual([
      ['dev_1', 400_000_000_000n],
    ]);
    expect(carried).toEqual([{ reason: 'below_threshold', currency: 'CNY', books: 1, amountNanos: 99_990_000_000n }]);
  });

  test('a threshold reached only with held money is not reached', async () => {
    await paying.owe({ book: 'dev_1', amount: '40' });
    await paying.decide('hold', { book: 'dev_1' });
    // What a hold takes are days of apps; the adjustment is none, so the held money is put there as a run would.
    await paying.hold('dev_1', '960');
    await paying.close('2018-04-H1');
    const { batches, carried } = await paying.drawUp();
    expect(batches).toEqual([]);
    expect(await paying.book('dev_1')).toMatchObject({ 'held CNY': 960, 'payable CNY': 40 });
    expect(carried).toEqual([{ reason: 'below_threshold', currency: 'CNY', books: 1, amountNanos: 40_000_000_000n }]);
  });

  test('each book that is not paid carries over with its reason', async () => {
    const ids = ['none', 'hold', 'minimum', 'nowhere', 'rate', 'small', 'owes', 'fr'];
    await paying.system.importCatalog({
      developers: ids.map(id => ({ id, name: id, type: 'individual', country: id === 'fr' ? 'FR' : 'DE' })),
    });
    await recordPayees(
      paying.system,
      { id: 'hold', destination: 'a', hold: true },
      { id: 'minimum', destination: 'b', minimum: '200.01' },
      { id: 'nowhere' },
      { id: 'rate', destination: 'c', currency: 'USD' },
      { id: 'small', destination: 'd' },
      { id: 'owes', destination: 'e' },
      { id: 'fr', destination: 'f' },
    );
    await paying.owe(...ids.map(book => ({ book, amount: { small: '99.999999999', owes: '-1' }[book] ?? '200' })), {
      book: 'small',
      amount: '1000',
      currency: 'EUR',
    });
    await paying.close('2018-04-H1');
    expect((await paying.drawUp()).batches).toEqual([]);
    const { bucketCount, db } = paying.system;
    const asked = { bucketCount, day: paying.system.calendar.dayOf(paying.system.now.getTime()) };
    const { items } = await db.snapshot(tx => listCarried(tx, asked));
    const told = items.map(row => [row.book, row.amount.currency, row.reason].join(' '));
    expect(told.sort()).toEqual([
      'fr CNY no_terms',
      'hold CNY own_hold',
      'minimum CNY below_minimum',
      'none CNY no_destination',
      'nowhere CNY no_destination',
      'owes CNY negative',
      'rate CNY no_rate',
      'small CNY below_threshold',
      'small EUR no_terms',
    ]);
    const pages = [];
    for (let after: string | undefined; ; ) {
      const page = await db.snapshot(tx => listCarried(tx, { ...asked, limit: 2, after }));
      pages.push(...page.items);
      if (page.next === null) break;
      after = page.next;
    }
    expect(pages).toEqual(items);
    // What was missing is recorded: another draw-up of the period takes it, and yet another what came after that.
    await recordPayees(paying.system, { id: 'nowhere', destination: 'g' });
    expect((await paying.drawUp()).batches).toMatchObject([{ batchId: BATCH, payouts: 1 }]);
    await recordPayees(paying.system, { id: 'none', destination: 'h' });
    expect((await paying.drawUp()).batches).toMatchObject([{ batchId: '2018-04-H1-CNY-2', payouts: 1 }]);
  });

  test('what is drawn up and not approved is not drawn up again with the next period', async () => {
    await paying.drawn({ book: 'dev_1', amount: '500' });
    paying.system.now = new Date('2018-05-01T09:00:00+08:00');
    await paying.owe({ book: 'dev_1', amount: '150', on: '2018-04-20' });
    await paying.close('2018-04-H2');
    await paying.drawUp();
    const amounts = (await paying.payouts()).map(each => [each.period, Number(each.amountNanos) / 1e9]);
    expect(amounts).toEqual([
      ['2018-04-H1', 500],
      ['2018-04-H2', 150],
    ]);
  });

  test('what was approved since the period was closed is not paid once more out of later money', async () => {
    await paying.drawn({ book: 'dev_1', amount: '500' });
    paying.system.now = new Date('2018-05-01T09:00:00+08:00');
    await paying.owe({ book: 'dev_1', amount: '150', on: '2018-04-20' });
    await paying.close('2018-04-H2');
    await paying.approve(BATCH);
    await paying.owe({ book: 'dev_1', amount: '1000', on: '2018-05-01' });
    await paying.drawUp();
    expect((await paying.payouts()).map(each => Number(each.amountNanos) / 1e9)).toEqual([500, 150]);
  });
});

describe('approving', () => {
  test('a payout approved by its proposer, in whatever letters, is not approved', async () => {
    const batch = await paying.drawn({ book: 'dev_1', amount: '500' });
    const id = await paying.propose('payouts', { batch }, 'zhao.min');
    for (const actor of ['zhao.min', 'ZHAO.Min']) {
      expect(await rejectionOf(paying.deciding.approve(id, actor))).toMatchObject({ code: 'own_decision' });
    }
    expect((await paying.payoutOf('dev_1')).status).toBeNull();
    expect(await paying.book('dev_1')).toMatchObject({ 'payable CNY': 500 });
    await paying.deciding.approve(id);
    expect((await paying.payoutOf('dev_1')).status).toBe('approved');
  });

  test('it tells what it would do and what it did', async () => {
    const batch = await paying.drawn({ book: 'dev_1', amount: '500' }, { book: 'dev_cn', amount: '1000' });
    const id = await paying.propose('payouts', { batch });
    await paying.owe({ book: 'dev_1', amount: '-0.01' });
    const moved = [
      {
        account: 'payable',
        debits: { amount: '1000.00', currency: 'CNY' },
        credits: { amount: '0.00', currency: 'CNY' },
      },
      {
        account: 'payout_due',
        debits: { amount: '200.00', currency: 'CNY' },
        credits: { amount: '1000.00', currency: 'CNY' },
      },
      {
        account: 'withheld_tax',
        debits: { amount: '0.00', currency: 'CNY' },
        credits: { amount: '200.00', currency: 'CNY' },
      },
    ];
    const notes = (verb: string) => [
      `1 payout of 1000.00 CNY ${verb} approved`,
      `1 payout of 500.00 CNY ${verb} cancelled: less is payable than it was drawn up for`,
    ];
    const before = await paying.deciding.show(id);
    expect(before.moved).toEqual(moved);
    expect([...before.notes].sort()).toEqual([
      ...notes('would be'),
      'of these, 1 with 1000.00 CNY to destinations at which the payee was never paid before, recorded by li.wei',
    ]);
    await paying.deciding.approve(id);
    expect(await paying.deciding.show(id)).toMatchObject({ moved, notes: notes('was') });
    expect((await paying.payoutOf('dev_1')).statusReason).toBe('payable_fell');
    expect(await paying.book('dev_1')).toMatchObject({ 'payable CNY': 499.99 });
    expect(await rejectionOf(paying.propose('payouts', { batch }))).toMatchObject({ code: 'nothing_due' });
  });

  test('a payee on hold or with another destination is not paid', async () => {
    const batch = await paying.drawn({ book: 'dev_1', amount: '500' }, { book: 'dev_cn', amount: '1000' });
    await recordPayees(
      paying.system,
      { id: 'dev_1', destination: 'vault:9' },
      { id: 'dev_cn', destination: 'vault:cn', hold: true },
    );
    await paying.approve(batch);
    const told = (await paying.payouts()).map(each => [each.ownerId, each.status, each.statusReason]);
    expect(told.sort()).toEqual([
      ['dev_1', 'cancelled', 'destination_changed'],
      ['dev_cn', 'cancelled', 'own_hold'],
    ]);
    expect(await paying.differences()).toEqual([]);
  });

  test('two decisions on one batch at once approve it once', async () => {
    const batch = await paying.drawn({ book: 'dev_1', amount: '500' });
    const ids = [await paying.propose('payouts', { batch }), await paying.propose('payouts', { batch })];
    const ends = await Promise.allSettled(ids.map(id => paying.deciding.approve(id)));
    expect(ends.map(end => end.status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(await paying.book('dev_1')).toEqual({ 'adjustment CNY': -500, 'payout_due CNY': 500 });
  });
});

test('a clawback between approval and sending takes nothing of what is set aside', async () => {
  await paying.approve(await paying.drawn({ book: 'dev_1', amount: '500' }));
  await paying.owe({ book: 'dev_1', amount: '-120' });
  onDueDay();
  const { content } = await paying.send(BATCH);
  expect(content.toString()).toContain('500.00');
  const { reference } = await paying.payoutOf('dev_1');
  await paying.answers(`${reference},paid,500.00,CNY,bank-1,2018-04-26,`);
  expect(await paying.book('dev_1')).toEqual({ 'adjustment CNY': -380, 'payable CNY': -120, 'paid CNY': 500 });
  expect(await paying.differences()).toEqual([]);
});

describe('exchange', () => {
  test('the rate of the day it was drawn up holds, and the rest goes to an account of its own', async () => {
    await recordPayees(paying.system, { id: 'dev_cn', destination: 'vault:usd', currency: 'USD' });
    await recordRates(
      paying.system,
      'CNY,USD,2018-04-13,0.159,PBC',
      'CNY,USD,2018-04-16,0.1593333,PBC',
      'CNY,USD,2018-04-08,0.1,old',
    );
    await paying.approve(await paying.drawn({ book: 'dev_cn', amount: '1000' }));
    // 1000.00 − 200.00 = 800.00; × 0.1593333 = 127.46664.
    expect(await paying.book('dev_cn')).toEqual({
      'adjustment CNY': -1000,
      'withheld_tax CNY': 200,
      'fx CNY': 800,
      'fx USD': -127.46664,
      'payout_due USD': 127.46,
      'fx_rounding USD': 0.00664,
    });
    onDueDay();
    const { content } = await paying.send(BATCH);
    expect(content.toString()).toContain('"vault:usd",127.46,"USD"');
    const { reference } = await paying.payoutOf('dev_cn');
    await paying.answers(`${reference},returned,127.46,USD,bank-1,2018-04-26,account closed`);
    expect(await paying.book('dev_cn')).toMatchObject({
      'payable CNY': 200,
      'payable USD': 127.46,
      'fx USD': -127.46664,
    });
    expect(await paying.differences()).toEqual([]);
  });
});

describe('sending', () => {
  test('waits for the day, and the same name gives the same file', async () => {
    await paying.approve(await paying.drawn({ book: 'dev_1', amount: '500' }));
    expect(await rejectionOf(paying.send(BATCH))).toMatchObject({ code: 'not_due_yet' });
    onDueDay();
    const first = await paying.send(BATCH);
    const again = await paying.send(BATCH);
    expect(again.fresh).toBe(false);
    expect(again.content.equals(first.content)).toBe(true);
    expect(again.file).toEqual(first.file);
    expect(await rejectionOf(paying.send(BATCH, 'other.csv'))).toMatchObject({ code: 'nothing_to_send' });
  });

  test('two at once send once', async () => {
    await paying.approve(await paying.drawn({ book: 'dev_1', amount: '500' }));
    onDueDay();
    const both = await Promise.all([paying.send(BATCH), paying.send(BATCH)]);
    expect(both.map(each => each.fresh).sort()).toEqual([false, true]);
    expect(both[0]?.file.fileId).toBe(both[1]?.file.fileId);
    expect(await paying.book('dev_1')).toMatchObject({ 'payout_sent CNY': 500 });
  });

  test('what was approved waits where its payee has since given another destination or asks for nothing', async () => {
    await paying.approve(await paying.drawn({ book: 'dev_1', amount: '500' }, { book: 'dev_cn', amount: '1000' }));
    await recordPayees(
      paying.system,
      { id: 'dev_1', destination: 'vault:9' },
      { id: 'dev_cn', destination: 'vault:cn', hold: true },
    );
    onDueDay();
    const refusal = await rejectionOf(paying.send(BATCH));
    const [first, second] = [await paying.payoutOf('dev_1'), await paying.payoutOf('dev_cn')];
    const waiting = [
      { payout: first.reference, why: 'destination_changed' },
      { payout: second.reference, why: 'own_hold' },
    ];
    expect(refusal).toMatchObject({
      code: 'nothing_to_send',
      details: { waiting: expect.arrayContaining(waiting) },
    });
    expect(await paying.book('dev_1')).toMatchObject({ 'payout_due CNY': 500 });
    // Back at the destination that was approved, it goes out.
    await recordPayees(paying.system, { id: 'dev_1', destination: 'vault:1' });
    const { content, waiting: left } = await paying.send(BATCH);
    expect(content.toString()).toContain(`"${first.reference}","dev_1","vault:1",500.00`);
    expect(left.map(each => [each.payout.reference, each.why])).toEqual([[second.reference, 'own_hold']]);
    expect(await paying.differences()).toEqual([]);
  });

  test('a company is sent its money once its invoice is there, by a file of its own', async () => {
    await paying.approve(await paying.drawn({ book: 'dev_1', amount: '500' }, { book: 'dev_7', amount: '700' }));
    onDueDay();
    const first = await paying.send(BATCH);
    const { reference } = await paying.payoutOf('dev_7');
    expect(first.waiting.map(each => [each.payout.reference, each.why])).toEqual([[reference, 'no_invoice']]);
    expect(await rejectionOf(paying.invoice(reference, '699.99'))).toMatchObject({ code: 'invoice_differs' });
    expect(await paying.invoice(reference, '700.00')).toEqual({ fresh: true });
    expect(await paying.invoice(reference, '700.00')).toEqual({ fresh: false });
    expect(await rejectionOf(paying.invoice(reference, '700.00', 'other'))).toMatchObject({ code: 'invoice_recorded' });
    // The first name stays the first file, whatever could be sent by now.
    expect(await paying.send(BATCH)).toMatchObject({ fresh: false, ready: 1 });
    const second = await paying.send(BATCH, 'second.csv');
    expect(second.file).toMatchObject({ fileNo: 2, payouts: 1 });
    expect(await paying.differences()).toEqual([]);
  });
});

describe('answers of the bank', () => {
  test('a return that arrives twice gives back once', async () => {
    const reference = await sent({ book: 'dev_cn', amount: '1000' });
    const row = `${reference},returned,800.00,CNY,bank-1,2018-04-26,account closed`;
    expect(await paying.answers(row, row)).toMatchObject({ returned: 1, repeated: 1, unmatched: [] });
    expect(await paying.answers(row)).toMatchObject({ returned: 0, repeated: 1, unmatched: [] });
    // Neither does another way of writing the same amount; another reason is for a person to look at.
    expect(await paying.answers(row.replace('800.00', '800'))).toMatchObject({ repeated: 1, unmatched: [] });
    const differs = await paying.answers(row.replace('account closed', 'unknown account'));
    expect(differs.unmatched).toMatchObject([{ why: 'differs_from_before' }]);
    const other = `${reference},returned,800.00,CNY,bank-2,2018-04-27,account closed`;
    expect((await paying.answers(other)).unmatched).toMatchObject([{ why: 'already_returned' }]);
    expect(await paying.book('dev_cn')).toEqual({ 'adjustment CNY': -1000, 'payable CNY': 1000 });
    expect(await paying.differences()).toEqual([]);
  });

  test('the payout reversal that broke the sum: one that comes back after it was paid leaves a book that adds up', async () => {
    const reference = await sent({ book: 'dev_cn', amount: '1000.005' });
    await paying.decide('remit_tax', { currency: 'CNY', through: '2018-04-H2', country: 'CN', amount: '200' });
    await paying.answers(
      `${reference},paid,800.00,CNY,bank-1,2018-04-26,`,
      `${reference},returned,800.00,CNY,bank-1,2018-04-28,account closed`,
    );
    const book = await paying.book('dev_cn');
    expect(book).toEqual({ 'adjustment CNY': -1000.005, 'payable CNY': 800.005, 'tax_remitted CNY': 200 });
    expect(await paying.differences()).toEqual([]);
    expect((await paying.system.trialBalance()).balanced).toBe(true);
  });

  test('what does not match is listed with its reason and moves nothing', async () => {
    const reference = await sent({ book: 'dev_1', amount: '500' }, { book: 'dev_7', amount: '900' });
    const waiting = (await paying.payoutOf('dev_7')).reference;
    const rows = [
      `${reference.slice(0, -1)}_,paid,500.00,CNY,bank-1,2018-04-26,`,
      `201804H1-CNY-0000000000000000,paid,500.00,CNY,bank-1,2018-04-26,`,
      `${waiting},paid,900.00,CNY,bank-1,2018-04-26,`,
      `${reference},paid,500.01,CNY,bank-1,2018-04-26,`,
      `${reference},paid,500.00,USD,bank-1,2018-04-26,`,
      `${reference},paid,"500,00",CNY,bank-1,2018-04-26,`,
      `${reference},settled,500.00,CNY,bank-1,2018-04-26,`,
      `${reference},paid,500.00,CNY,,2018-04-26,`,
      `${reference},paid,500.00,CNY,bank-1,2018-02-30,`,
      ',,,,,,',
    ];
    const { paid, unmatched } = await paying.answers(...rows);
    expect(paid).toBe(0);
    expect(unmatched.map(each => [each.lineNo, each.why])).toEqual([
      [2, 'unknown_reference'],
      [3, 'unknown_reference'],
      [4, 'not_sent'],
      [5, 'amount_differs'],
      [6, 'currency_differs'],
      [7, 'bad_row'],
      [8, 'bad_row'],
      [9, 'bad_row'],
      [10, 'bad_row'],
      [11, 'bad_row'],
    ]);
    const listed = () => paying.system.db.snapshot(tx => unmatchedAnswers(tx, {}));
    expect((await listed()).items.map(each => each.why)).toEqual(unmatched.map(each => each.why));
    // The same file once more lists nothing twice, and what has moved its payout since is no longer listed.
    await paying.invoice(waiting, '900.00');
    await paying.send(BATCH, 'second.csv');
    expect(await paying.answers(...rows)).toMatchObject({ paid: 1 });
    expect((await listed()).items.map(each => each.why)).toEqual(
      unmatched.map(each => each.why).filter(why => why !== 'not_sent'),
    );
    expect((await paying.payoutOf('dev_1')).status).toBe('sent');
  });

  test('a file with other columns is refused whole', async () => {
    await sent({ book: 'dev_1', amount: '500' });
    const refused = paying.answersFile('reference,status\nx,paid\n');
    expect(await rejectionOf(refused)).toMatchObject({ code: 'bad_csv' });
  });
});

describe('cancelling', () => {
  test('gives back what was set aside, with the tax', async () => {
    await paying.approve(await paying.drawn({ book: 'dev_cn', amount: '1000' }));
    const { reference } = await paying.payoutOf('dev_cn');
    await paying.decide('cancel_payout', { payout: reference });
    expect(await paying.book('dev_cn')).toEqual({ 'adjustment CNY': -1000, 'payable CNY': 1000 });
    expect(await rejectionOf(paying.propose('cancel_payout', { payout: reference }))).toMatchObject({
      code: 'too_late_to_cancel',
    });
    onDueDay();
    expect(await rejectionOf(paying.send(BATCH))).toMatchObject({ code: 'nothing_to_send' });
    expect(await paying.differences()).toEqual([]);
  });

  test('of one that is due moves nothing, and its batch goes on without it', async () => {
    const batch = await paying.drawn({ book: 'dev_cn', amount: '1000' }, { book: 'dev_1', amount: '500' });
    await paying.decide('cancel_payout', { payout: (await paying.payoutOf('dev_cn')).reference });
    await paying.approve(batch);
    expect(await paying.book('dev_cn')).toEqual({ 'adjustment CNY': -1000, 'payable CNY': 1000 });
    expect((await paying.payoutOf('dev_1')).status).toBe('approved');
    expect(await paying.differences()).toEqual([]);
  });

  test('comes too late once it is sent', async () => {
    const payout = await sent({ book: 'dev_1', amount: '500' });
    expect(await rejectionOf(paying.propose('cancel_payout', { payout }))).toMatchObject({
      code: 'too_late_to_cancel',
    });
  });
});

describe('remitting tax', () => {
  test('takes what was withheld up to the period, each payout once', async () => {
    await sent({ book: 'dev_cn', amount: '1000' });
    const through = { currency: 'CNY', through: '2018-04-H1' };
    expect(await rejectionOf(paying.propose('remit_tax', through))).toMatchObject({ code: 'nothing_withheld' });
    const given = { currency: 'CNY', through: '2018-04-H2' };
    expect(await rejectionOf(paying.propose('remit_tax', { ...given, amount: '1' }))).toMatchObject({
      code: 'amount_differs',
    });
    expect(await rejectionOf(paying.propose('remit_tax', { ...given, country: 'DE' }))).toMatchObject({
      code: 'nothing_withheld',
    });
    const ids = [await paying.propose('remit_tax', given), await paying.propose('remit_tax', given)];
    const ends = await Promise.allSettled(ids.map(id => paying.deciding.approve(id)));
    expect(ends.map(end => end.status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(await paying.book('dev_cn')).toMatchObject({ 'tax_remitted CNY': 200, 'payout_sent CNY': 800 });
    expect(await paying.differences()).toEqual([]);
  });
});

test.each([
  ['its last day', '2018-04-30T23:59:59+08:00', '2018-04-H2'],
  ['the next day', '2018-05-01T00:00:00+08:00', '2018-05-H1'],
])('tax that was withheld on %s is remitted with the period of that day', async (_what, approvedAt, period) => {
  const batch = await paying.drawn({ book: 'dev_cn', amount: '1000' });
  paying.system.now = new Date(approvedAt);
  await paying.approve(batch);
  const before = period === '2018-05-H1' ? '2018-04-H2' : '2018-04-H1';
  expect(await rejectionOf(paying.propose('remit_tax', { currency: 'CNY', through: before }))).toMatchObject({
    code: 'nothing_withheld',
  });
  await paying.decide('remit_tax', { currency: 'CNY', through: period });
  expect(await paying.book('dev_cn')).toMatchObject({ 'tax_remitted CNY': 200 });
  expect(await paying.differences()).toEqual([]);
});

test('the list tells proposed from due, by filters and pages', async () => {
  await recordPayoutTerms(paying.system, {
    withholding: [withholdingEntry({ id: 'fr', country: 'FR', tiers: [{ rate: '0.1' }] })],
  });
  const batch = await paying.drawn(
    { book: 'dev_1', amount: '500' },
    { book: 'dev_cn', amount: '1000' },
    { book: 'dev_7', amount: '100' },
  );
  const { bucketCount, db } = paying.system;
  const list = async (asked: object) =>
    await db.snapshot(tx => listPayouts(tx, { bucketCount, proposed: new Set(), ...asked }));
  const { items } = await list({});
  expect(items).toHaveLength(3);
  expect(new Set(items.map(row => row.status))).toEqual(new Set(['due']));
  const proposed = new Set([batch]);
  expect((await list({ proposed, status: 'due' })).items).toEqual([]);
  expect((await list({ proposed, status: 'proposed' })).items).toHaveLength(3);
  expect((await list({ developerId: 'dev_cn' })).items).toMatchObject([
    {
      book: 'dev_cn',
      amount: { amount: '1000.00' },
      tax: { amount: '200.00' },
      sent: { amount: '800.00', currency: 'CNY' },
    },
  ]);
  const paged = [];
  for (let after: string | undefined; ; ) {
    const page = await list({ limit: 1, after });
    paged.push(...page.items);
    if (page.next === null) break;
    after = page.next;
  }
  expect(paged).toEqual(items);
});

test('nobody changes what is on record of payouts, the owner of the tables neither', async () => {
  await paying.approve(await paying.drawn({ book: 'dev_1', amount: '500' }));
  const tables = ['payout_batches', 'payouts', 'payment_files', 'answer_files', 'payout_steps', 'payout_invoices'];
  const owner = await paying.system.owner();
  for (const table of [...tables, 'payout_answers', 'unmatched_answers', 'tax_remittances']) {
    for (const change of [`delete from ${table}`, `truncate ${table} cascade`]) {
      await expect(paying.system.db.query(change), change).rejects.toThrow(/permission denied/);
      await expect(owner.query(change), change).rejects.toThrow(/keeps what was recorded/);
    }
  }
});

test('the database itself refuses what would pay twice', async () => {
  await paying.approve(await paying.drawn({ book: 'dev_1', amount: '500' }));
  const { db } = paying.system;
  const step = (changes: string) =>
    db.query(
      `insert into payout_steps
       select (json_populate_record(payout_steps, ($1::json))).* from payout_steps`,
      [changes],
    );
  await expect(step('{}')).rejects.toThrow(/payout_steps_pkey/);
  await expect(step('{"step_no": 2}')).rejects.toThrow(/payout_steps_status/);
  await expect(step('{"step_no": 2, "status": "paid"}')).rejects.toThrow(/payout_steps_(status|cause)/);
  const again = `insert into payouts select (json_populate_record(payouts, '{"payout_id": "01890000-0000-7000-8000-000000000000", "reference": "X"}')).* from payouts`;
  await expect(db.query(again)).rejects.toThrow(/payouts_book_key/);
});
