import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BatchDigest, storedBatches } from '../../src/payouts/stored-batches.ts';
import { standingPayouts } from '../../src/payouts/stored-payouts.ts';
import { Paying } from '../support/paying.ts';
import { recordPayees, recordPayoutTerms, recordRates, withholdingEntry } from '../support/payout-terms.ts';

const BUCKETS = 4;
const OF = (book: string) => `owner_id = '${book}'`;

let paying: Paying;
let owner: pg.Client;

const at = (time: string) => {
  paying.system.now = new Date(`2018-04-${time}+08:00`);
};

/** Everything hours apart, so that nobody can be in doubt of what was known. */
beforeAll(async () => {
  const chinese = (id: string) => ({ id, name: id, type: 'individual', country: 'CN' });
  paying = await Paying.open({ developers: [chinese('dev_cn'), chinese('moved')] });
  const { system } = paying;
  await (await system.owner()).query(`update installation set bucket_count = ${BUCKETS}`);
  await recordPayees(
    system,
    { id: 'dev_cn', destination: 'vault:cn', currency: 'USD' },
    { id: 'moved', destination: 'vault:old' },
  );
  await recordRates(system, 'CNY,USD,2018-04-15,0.16,PBC', 'CNY,USD,2018-04-16,0.159,PBC');
  at('16T12:00:00');
  await recordPayees(system, { id: 'moved', destination: 'vault:new' });
  await recordRates(system, 'CNY,USD,2018-04-16,0.1593333,PBC');
  at('16T13:00:00');
  await paying.owe(...['dev_1', 'dev_7', 'dev_cn', 'moved'].map(book => ({ book, amount: '1000.005' })));
  at('16T14:00:00');
  await paying.close('2018-04-H1');
  at('16T15:00:00');
  await paying.owe({ book: 'dev_1', amount: '-300', on: '2018-04-16' });
  at('16T16:00:00');
  await paying.drawUp();
  // What comes later changes nothing of it.
  at('16T17:00:00');
  await recordPayees(system, { id: 'moved', destination: 'vault:newer' });
  await recordPayoutTerms(system, { withholding: [withholdingEntry({ tiers: [{ rate: '0.10' }] })] });
  await system.importCatalog({ developers: [{ ...chinese('dev_cn'), type: 'company' }] });
  await recordRates(system, 'CNY,USD,2018-04-16,0.15,PBC');
  await paying.owe({ book: 'moved', amount: '-900', on: '2018-04-16' });
  owner = await system.owner();
});
afterAll(async () => await paying.drop());

/** Damages as a program at fault would have written it, digest and all, asks `verify`, and takes it back. */
async function tablesThatDiffer(...damages: readonly string[]): Promise<string[]> {
  await owner.query('begin');
  try {
    for (const table of ['payouts', 'payout_batches']) await owner.query(`alter table ${table} disable trigger all`);
    for (const name of ['payouts_net', 'payouts_exchange', 'payouts_withholding']) {
      await owner.query(`alter table payouts drop constraint ${name}`);
    }
    for (const damage of damages) expect((await owner.query(damage)).rowCount, damage).toBe(1);
    const [batch] = await storedBatches(owner, {});
    if (batch === undefined) throw new Error('nothing is drawn up');
    const digest = new BatchDigest(batch);
    let [payouts, sum] = [0, 0n];
    for (let bucket = 0; bucket < BUCKETS; bucket += 1) {
      for (const payout of await standingPayouts(owner, { bucket })) {
        digest.add(payout);
        payouts += 1;
        sum += payout.amountNanos;
      }
    }
    await owner.query(`update payout_batches set digest = decode($1, 'hex'), payouts = $2, amount_nanos = $3`, [
      digest.end(),
      payouts,
      String(sum),
    ]);
    const { differences } = await paying.verifyWith(owner);
    return differences.map(({ table, where }) => `${table} ${where.split(' ')[0]}`);
  } finally {
    await owner.query('rollback');
  }
}

test('what was drawn up follows from what was known then, whatever was recorded since', async () => {
  const told = (await paying.payouts()).map(each => [each.ownerId, each.amountNanos, each.destination, each.sentNanos]);
  expect(told.sort()).toEqual([
    ['dev_1', 700_000_000_000n, 'vault:1', 700_000_000_000n],
    ['dev_7', 1_000_000_000_000n, 'vault:7', 1_000_000_000_000n],
    ['dev_cn', 1_000_000_000_000n, 'vault:cn', 127_460_000_000n],
    ['moved', 1_000_000_000_000n, 'vault:new', 800_000_000_000n],
  ]);
  expect(await paying.differences()).toEqual([]);
  expect(await tablesThatDiffer(`update payouts set country = country where ${OF('dev_1')}`)).toEqual([]);
});

describe('a payout that was drawn up wrongly, under a digest of its own, is found', () => {
  const update = (book: string, ...changes: readonly string[]) =>
    `update payouts set ${changes.join(', ')} where ${OF(book)}`;
  const cents = (sign: '+' | '-', column: string) => `${column} = ${column} ${sign} 10000000`;
  const less = [cents('-', 'net_nanos'), cents('-', 'sent_nanos')];
  test.each([
    ['tax a minor unit too high', update('moved', cents('+', 'tax_nanos'), ...less)],
    ['no tax at all', update('moved', 'tax_nanos = 0', 'net_nanos = amount_nanos', 'sent_nanos = amount_nanos')],
    ['tax of a table that is in force now', update('moved', 'withholding_import = 7')],
    ['no table named', update('moved', 'withholding_id = null', 'withholding_import = null')],
    ['a cent less sent than is left', update('moved', cents('-', 'sent_nanos'))],
    ['a destination that was replaced', update('moved', `destination = 'vault:old'`, 'payee_import = 2')],
    ['a destination that came later', update('moved', `destination = 'vault:newer'`, 'payee_import = 6')],
    ['a destination nobody gave', update('dev_1', `destination = 'vault:thief'`)],
    ['exchanged to one nano more', update('dev_cn', 'exchanged_nanos = exchanged_nanos + 1')],
    ['a cent lost in exchange', update('dev_cn', cents('-', 'sent_nanos'))],
    ['a rate that nobody published', update('dev_cn', 'rate = 0.15934')],
    ['the source of another', update('dev_cn', `rate_source = 'ECB'`)],
    ['sent in a currency that was not asked for', update('dev_cn', `sent_currency = 'EUR'`)],
    ['the type of today', update('dev_cn', `payee = 'company'`, 'invoice_required = true')],
    ['a company without its invoice', update('dev_7', 'invoice_required = false')],
    ['another country', update('dev_1', `country = 'CN'`)],
    [
      'more than was available',
      update('dev_1', ...['amount_nanos', 'net_nanos', 'sent_nanos'].map(each => cents('+', each))),
    ],
    [
      'less than was available',
      update('dev_7', ...['amount_nanos', 'net_nanos', 'sent_nanos'].map(each => cents('-', each))),
    ],
    ['of another period', update('dev_1', `period = '2018-04-H2'`)],
  ])('%s', async (_name, damage) => {
    expect(await tablesThatDiffer(damage)).toContain('payouts payout');
  });

  test('an older rate, although its amounts add up', async () => {
    const older = `rate = 0.16, rate_day = '2018-04-15', rate_import = 3, exchanged_nanos = 128000000000, sent_nanos = 128000000000`;
    expect(await tablesThatDiffer(`update payouts set ${older} where ${OF('dev_cn')}`)).toEqual(['payouts payout']);
  });

  test.each([
    ['threshold', 'threshold_nanos = threshold_nanos + 1'],
    ['import', 'terms_import = 2'],
    ['day on which it is due', 'due_on = due_on - 1'],
    ['day on which it was drawn up', 'drawn_on = drawn_on - 1'],
  ])('a batch with another %s', async (_name, change) => {
    expect(await tablesThatDiffer(`update payout_batches set ${change}`)).toContain('payout_batches batch');
  });
});
