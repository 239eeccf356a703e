import { hash } from 'node:crypto';
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Verification } from '../../src/verification/verify.ts';
import { Paying } from '../support/paying.ts';
import { recordPayees, recordRates } from '../support/payout-terms.ts';

/** What changes a column of one row to something that it could be; columns that nothing else tells of are not here but in UNTOLD. */
const OTHER_ID = '01890000-0000-7000-8000-000000000000';

interface Damages {
  readonly table: string;
  readonly row: string;
  readonly changes: Readonly<Record<string, string>>;
  /** Columns of which nothing else tells, and why that can be borne. */
  readonly untold?: Readonly<Record<string, string>>;
  /** Whether the row is missed when it is gone. */
  readonly unmissed?: string;
}

const OF = (book: string) => `payout_id = (select payout_id from payouts where owner_id = '${book}')`;
const WHO = 'who did it, and when; no amount hangs on it';

const DAMAGES: readonly Damages[] = [
  {
    table: 'payout_batches',
    row: 'true',
    changes: {
      batch_id: `batch_id = 'x'`,
      currency: `currency = 'USD'`,
      draw_no: 'draw_no = 2',
      terms_import: 'terms_import = 2',
      threshold_nanos: 'threshold_nanos = threshold_nanos + 1',
      due_on: 'due_on = due_on - 1',
      payouts: 'payouts = payouts + 1',
      amount_nanos: 'amount_nanos = amount_nanos + 1',
      digest: `digest = sha256('')`,
      drawn_on: 'drawn_on = drawn_on - 1',
      drawn_at: `drawn_at = drawn_at + interval '1 second'`,
      actor: `actor = 'x'`,
    },
  },
  {
    table: 'payouts',
    row: `owner_id = 'dev_cn'`,
    changes: {
      payout_id: `payout_id = '${OTHER_ID}'`,
      bucket: 'bucket = (bucket + 1) % 4',
      reference: `reference = 'X'`,
      batch_id: `batch_id = 'x'`,
      owner_id: `owner_id = 'dev_x'`,
      currency: `currency = 'EUR'`,
      period: `period = '2018-04-H2'`,
      amount_nanos: 'amount_nanos = amount_nanos + 1, net_nanos = net_nanos + 1',
      tax_nanos: 'tax_nanos = tax_nanos - 1, net_nanos = net_nanos + 1',
      sent_currency: `sent_currency = 'EUR'`,
      sent_nanos: 'sent_nanos = sent_nanos - 1',
      destination: `destination = 'vault:thief'`,
      payee_import: 'payee_import = 1',
      country: `country = 'DE'`,
      payee: `payee = 'company'`,
      invoice_required: 'invoice_required = true',
      withholding_id: `withholding_id = 'de-none'`,
      withholding_import: 'withholding_import = 2',
      rate: 'rate = rate + 1',
      rate_day: 'rate_day = rate_day - 1',
      rate_source: `rate_source = 'x'`,
      rate_import: 'rate_import = 1',
      exchanged_nanos: 'exchanged_nanos = exchanged_nanos + 1',
    },
  },
  {
    table: 'payout_steps',
    row: `${OF('dev_cn')} and status = 'returned'`,
    changes: {
      payout_id: `payout_id = '${OTHER_ID}'`,
      bucket: 'bucket = (bucket + 1) % 4',
      step_no: 'step_no = 4',
      status: `status = 'paid', tax_returned_nanos = 0`,
      at: `at = at + interval '1 second'`,
      ledger_date: 'ledger_date = ledger_date + 1',
      answer_file_id: `answer_file_id = '${OTHER_ID}'`,
      bank_reference: `bank_reference = 'x'`,
      reason: `reason = 'x'`,
      tax_returned_nanos: 'tax_returned_nanos = tax_returned_nanos - 1',
    },
    untold: { actor: WHO, decision_id: 'none', payment_file_id: 'none' },
  },
  {
    table: 'payout_steps',
    row: `${OF('dev_1')} and status = 'sent'`,
    changes: { payment_file_id: `payment_file_id = '${OTHER_ID}'`, step_no: 'step_no = 3, status = $$paid$$' },
  },
  {
    table: 'payout_steps',
    row: `${OF('dev_1')} and status = 'approved'`,
    changes: { decision_id: `decision_id = 'x'` },
  },
  {
    table: 'payment_files',
    row: 'file_no = 1',
    changes: {
      file_id: `file_id = '${OTHER_ID}'`,
      payouts: 'payouts = payouts + 1',
      totals: `totals = '[]'`,
      sha256: `sha256 = sha256('')`,
    },
    untold: {
      sent_at: WHO,
      actor: WHO,
      name: 'as it was asked for',
      file_no: 'its place',
      batch_id: 'named by its payouts',
    },
  },
  {
    table: 'payout_invoices',
    row: OF('dev_7'),
    changes: { amount_nanos: 'amount_nanos = amount_nanos + 1', owner_id: `owner_id = 'x'` },
    untold: { invoice_number: 'words', recorded_at: WHO, actor: WHO },
  },
  {
    table: 'payout_answers',
    row: `${OF('dev_cn')}`,
    changes: {
      payout_id: `payout_id = '${OTHER_ID}'`,
      status: `status = 'paid'`,
      bank_reference: `bank_reference = 'x'`,
      file_id: `file_id = '${OTHER_ID}'`,
      reason: `reason = 'x'`,
      booked_on: 'booked_on = booked_on + 1',
      row_digest: `row_digest = sha256('')`,
    },
    untold: { line_no: 'its place' },
  },
  {
    table: 'answer_files',
    row: 'unmatched = 1',
    changes: {
      file_id: `file_id = '${OTHER_ID}'`,
      matched: 'matched = matched + 1',
      unmatched: 'unmatched = unmatched + 1',
      imported_at: `imported_at = imported_at + interval '1 second'`,
    },
    untold: {
      name: 'words',
      sha256: 'of the whole file, which is not kept',
      repeated: 'rows of which nothing is kept',
      actor: WHO,
    },
  },
  {
    table: 'unmatched_answers',
    row: 'true',
    changes: {
      file_id: `file_id = '${OTHER_ID}'`,
      reference: `reference = 'x'`,
      status: `status = 'paid'`,
      amount: `amount = '1.00'`,
      currency: `currency = 'EUR'`,
      bank_reference: `bank_reference = 'x'`,
      booked_on: `booked_on = '2018-04-27'`,
      reason: `reason = 'x'`,
      row_digest: `row_digest = sha256('')`,
    },
    untold: { line_no: 'its place', why: 'as it was judged then' },
  },
  {
    table: 'tax_remittances',
    row: OF('taxed'),
    changes: {
      payout_id: `payout_id = '${OTHER_ID}'`,
      decision_id: `decision_id = 'x'`,
      amount_nanos: 'amount_nanos = amount_nanos + 1',
      remitted_at: `remitted_at = remitted_at + interval '1 second'`,
      ledger_date: 'ledger_date = ledger_date + 1',
    },
  },
];

let paying: Paying;
let owner: pg.Client;

beforeAll(async () => {
  const chinese = (id: string) => ({ id, name: id, type: 'individual', country: 'CN' });
  paying = await Paying.open({ developers: [chinese('dev_cn'), chinese('taxed')] });
  const { system } = paying;
  await (await system.owner()).query('update installation set bucket_count = 4');
  await recordPayees(
    system,
    { id: 'dev_cn', destination: 'vault:cn', currency: 'USD' },
    { id: 'taxed', destination: 'vault:t' },
  );
  await recordRates(system, 'CNY,USD,2018-04-16,0.1593333,PBC');
  const books = ['dev_1', 'dev_7', 'dev_cn', 'taxed'];
  const batch = await paying.drawn(...books.map(book => ({ book, amount: '1000.005' })));
  await paying.approve(batch);
  system.now = new Date('2018-04-25T00:00:00+08:00');
  await paying
    .decide('remit_tax', { currency: 'CNY', through: '2018-04-H2', country: 'CN', amount: '400' })
    .catch(() => null);
  await paying.send(batch);
  await paying.invoice((await paying.payoutOf('dev_7')).reference, '1000.00');
  await paying.send(batch, 'second.csv');
  const { reference } = await paying.payoutOf('dev_cn');
  await paying.answers(
    `${reference},returned,127.46,USD,bank-1,2018-04-26,account closed`,
    `201804H1-CNY-0000000000000000,returned,12.00,CNY,bank-2,2018-04-26,`,
  );
  owner = await system.owner();
});
afterAll(async () => await paying.drop());

test('what is undamaged differs in nothing', async () => {
  expect(await paying.differences()).toEqual([]);
});

/** Does damage as no program of ours could, asks, and takes it back. */
async function differencesAfter(damage: string): Promise<number> {
  return (await verifiedAfter(damage)).differenceCount;
}

async function verifiedAfter(damage: string): Promise<Verification> {
  await owner.query('begin');
  try {
    await owner.query('set local session_replication_role = replica');
    const tables = [
      'payout_batches',
      'payouts',
      'payout_steps',
      'payment_files',
      'payout_invoices',
      'payout_answers',
      'answer_files',
      'unmatched_answers',
      'tax_remittances',
    ];
    for (const table of tables) await owner.query(`alter table ${table} disable trigger all`);
    const { rows } = await owner.query<{ table: string; name: string }>(
      `select conrelid::regclass::text as table, conname as name from pg_constraint
       where contype in ('c', 'f') and conrelid = any ($1::regclass[])`,
      [tables],
    );
    for (const { table, name } of rows) await owner.query(`alter table ${table} drop constraint ${name} cascade`);
    const { rowCount } = await owner.query(damage);
    expect(rowCount, damage).toBe(1);
    await owner.query('savepoint damaged');
    return await paying.verifyWith(owner);
  } finally {
    await owner.query('rollback');
  }
}

test('looking at it as an owner who has taken off all constraints differs in nothing either', async () => {
  expect(await differencesAfter('update payout_batches set actor = actor')).toBe(0);
});

describe.each(DAMAGES)('$table where $row', ({ table, row, changes, untold = {}, unmissed }) => {
  test('a column that is changed is found', async () => {
    for (const [column, change] of Object.entries(changes)) {
      expect(await differencesAfter(`update ${table} set ${change} where ${row}`), column).toBeGreaterThan(0);
    }
  });

  test('a row that is gone is found', async () => {
    const found = await differencesAfter(`delete from ${table} where ${row}`);
    if (unmissed === undefined) expect(found).toBeGreaterThan(0);
  });

  test('every column is one that is told of, or whose loss can be borne', async () => {
    const { rows } = await owner.query<{ name: string }>(
      `select attname as name from pg_attribute where attrelid = $1::regclass and attnum > 0 and not attisdropped`,
      [table],
    );
    const told = DAMAGES.filter(each => each.table === table).flatMap(each =>
      Object.keys({ ...each.changes, ...each.untold }),
    );
    const derived = ['net_nanos', 'content', 'period', 'bucket', 'payout_id'];
    expect(rows.map(each => each.name).filter(name => !told.includes(name) && !derived.includes(name))).toEqual([]);
    expect(Object.keys(untold).every(name => rows.some(each => each.name === name))).toBe(true);
  });
});

describe('what was done to payouts by a decision that did not decide it is found', () => {
  test.each([
    [
      'approved by one about taxes',
      `update payout_steps set decision_id = 'remit_tax-4' where ${OF('dev_1')} and status = 'approved'`,
    ],
    ['remitted by one about payouts', `update tax_remittances set decision_id = 'payouts-3' where ${OF('taxed')}`],
    ['a batch of which one was left due', `delete from payout_steps where ${OF('dev_7')} and status = 'approved'`],
  ])('%s', async (_name, damage) => {
    const { rows } = await owner.query('select decision_id from decisions order by proposed_at, decision_id');
    const ids = rows.map(row => row.decision_id as string);
    for (const id of damage.match(/(remit_tax|payouts)-\d/g) ?? []) expect(ids).toContain(id);
    const { differences } = await verifiedAfter(damage);
    expect(differences.filter(({ where }) => where.startsWith('decision '))).not.toEqual([]);
  });
});

test('a file for the bank that names other destinations than its payouts, with its own digest, is found', async () => {
  const { rows } = await owner.query<{ content: Buffer }>('select content from payment_files where file_no = 1');
  const sent = zstdDecompressSync(rows[0]?.content ?? Buffer.alloc(0)).toString();
  const forged = Buffer.from(sent.replace('vault:1', 'vault:9'));
  expect(forged.toString()).not.toBe(sent);
  const values = `content = '\\x${zstdCompressSync(forged).toString('hex')}', sha256 = '\\x${hash('sha256', forged, 'hex')}'`;
  expect(await differencesAfter(`update payment_files set ${values} where file_no = 1`)).toBe(1);
});
