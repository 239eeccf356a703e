import { hash } from 'node:crypto';
import type pg from 'pg';
import { beforeAll, describe, expect, test } from 'vitest';
import { BusinessCalendar } from '../../src/domain/business-day.ts';
import { verify } from '../../src/verification/verify.ts';
import { Closing, click } from '../support/closing.ts';

let closing: Closing;
let owner: pg.Client;

// Two closed periods; in the second, late differences of the first, and a book that moved in the first alone.
beforeAll(async () => {
  closing = await Closing.open();
  await closing.earn('2018-04-20', '2018-04-21', '2018-05-03');
  await closing.close('2018-04-H2');
  await closing.system.take([click('2018-04-20', '1.00'), click('2018-05-04', '2.00')]);
  await closing.system.settleDue();
  await closing.close('2018-05-H1');
  owner = await closing.system.owner();
  return async () => await closing.system.drop();
});

/** What `verify` says of seals after the damage, which is taken back. */
async function brokenBy(...damages: readonly string[]): Promise<string[]> {
  const { bucketCount } = closing.system;
  await owner.query('begin');
  try {
    await owner.query('set local session_replication_role = replica');
    await owner.query('drop trigger transfers_keep_rows on transfers');
    for (const table of ['book_seals', 'bucket_seals', 'period_seals', 'closing_orders']) {
      await owner.query(`drop trigger ${table}_keep on ${table}`);
    }
    for (const damage of damages) expect((await owner.query(damage)).rowCount, damage).toBe(1);
    const snapshot = async <Result>(work: (client: pg.PoolClient) => Promise<Result>) =>
      await work(owner as pg.PoolClient);
    const { differences } = await verify(
      { snapshot },
      { bucketCount, calendar: new BusinessCalendar('Asia/Shanghai') },
    );
    return differences
      .filter(({ table }) => table.endsWith('_seals') || table === 'closing_orders')
      .map(({ table, where }) => `${table} ${where}`)
      .sort();
  } finally {
    await owner.query('rollback');
  }
}

/** Of the book of app_7_1 in the first period, and of its bucket. */
const OF_FIRST = [
  'book_seals 2018-04-H2 bucket 1 dev_7 CNY',
  'bucket_seals 2018-04-H2 bucket 1',
  'period_seals 2018-04-H2',
];
const OF_SECOND = OF_FIRST.map(seal => seal.replace('2018-04-H2', '2018-05-H1'));

const FIRST = `transfer_id = (select min(transfer_id::text)::uuid from transfers where period = '2018-04-H2' and developer_id = 'dev_7')`;
const LATE = `period = '2018-05-H1' and ledger_date = '2018-04-20' and credit = 'payable'`;

/** Every column, changed. */
const CHANGES: Readonly<Record<string, string>> = {
  transfer_id: `'018f0000-0000-7000-8000-000000000000'`,
  app_id: `app_id || 'x'`,
  debit: `'held'`,
  amount_nanos: 'amount_nanos + 1',
  reason: `'adjustment'`,
  run_id: `'018f0000-0000-7000-8000-000000000000'`,
  version: 'version + 7',
  link_id: 'transfer_id',
  corrects_id: 'transfer_id',
  booked_at: `booked_at + interval '1 microsecond'`,
};

describe('a changed row breaks exactly the seals that cover it', () => {
  test('nothing is broken where nothing was changed', async () => {
    expect(await brokenBy()).toEqual([]);
  });

  test.each(Object.entries(CHANGES))('%s of a transfer', async (column, change) => {
    expect(await brokenBy(`update transfers set ${column} = ${change} where ${FIRST}`)).toEqual(OF_FIRST);
  });

  test('a late transfer breaks those of the period that it was posted in', async () => {
    expect(await brokenBy(`update transfers set amount_nanos = amount_nanos + 1 where ${LATE}`)).toEqual(OF_SECOND);
  });

  test('a transfer that is gone, and one that came later', async () => {
    expect(await brokenBy(`delete from transfers where ${FIRST}`)).toEqual(OF_FIRST);
    const other = `jsonb_populate_record(transfers, '{"transfer_id": "018f0000-0000-7000-8000-000000000000", "version": 9}')`;
    expect(await brokenBy(`insert into transfers select (${other}).* from transfers where ${FIRST}`)).toEqual(OF_FIRST);
  });

  test('a transfer put into another period breaks those of both', async () => {
    const moved = `update transfers set period = '2018-05-H1' where ${FIRST}`;
    expect(await brokenBy(moved)).toEqual([...OF_FIRST, ...OF_SECOND].sort());
  });

  test.each([
    ['transfers', 'transfers + 1'],
    ['digest', `set_byte(digest, 0, get_byte(digest, 0) # 1)`],
    ['balances', `balances || '{"payable": "1"}'`],
    ['currency', `'USD'`],
  ])('%s of a book’s seal', async (column, change) => {
    const damage = `update book_seals set ${column} = ${change} where owner_id = 'dev_7' and period = '2018-04-H2'`;
    const broken = await brokenBy(damage);
    expect(broken).toEqual(expect.arrayContaining(OF_FIRST));
    expect(broken.filter(seal => !seal.includes('2018-04-H2'))).toEqual([]);
  });

  test('a book’s seal that is gone', async () => {
    expect(await brokenBy(`delete from book_seals where owner_id = 'dev_7' and period = '2018-04-H2'`)).toEqual(
      OF_FIRST,
    );
  });

  test.each([
    ['transfers', 'transfers + 1'],
    ['digest', `set_byte(digest, 0, get_byte(digest, 0) # 1)`],
  ])('%s of a bucket’s seal', async (column, change) => {
    const damage = `update bucket_seals set ${column} = ${change} where bucket = 1 and period = '2018-04-H2'`;
    expect(await brokenBy(damage)).toEqual(expect.arrayContaining(['bucket_seals 2018-04-H2 bucket 1']));
  });

  test.each([
    ['transfers', 'transfers + 1'],
    ['books', 'books + 1'],
    ['totals', `'[]'`],
    ['cut', `cut - interval '1 microsecond'`],
    ['closed_at', `closed_at + interval '1 microsecond'`],
    ['digest', `set_byte(digest, 0, get_byte(digest, 0) # 1)`],
  ])('%s of a period’s seal', async (column, change) => {
    const broken = await brokenBy(`update period_seals set ${column} = ${change} where period = '2018-04-H2'`);
    expect([...new Set(broken)].filter(seal => !seal.includes('decision'))).toEqual(['period_seals 2018-04-H2']);
  });

  test('a period’s seal that is gone, the first, or the last with all below it', async () => {
    expect(await brokenBy(`delete from period_seals where period = '2018-04-H2'`)).toEqual(
      expect.arrayContaining(['period_seals 2018-04-H2', 'period_seals 2018-05-H1']),
    );
    expect(await brokenBy(`delete from period_seals where period = '2018-05-H1'`)).toEqual(
      expect.arrayContaining(['period_seals 2018-05-H1']),
    );
  });

  test('a standing order that nobody decided', async () => {
    const order = `insert into closing_orders values (1, (select decision_id from decisions limit 1), 3, now())`;
    expect(await brokenBy(order)).toEqual(['closing_orders order 1']);
  });
});

describe('a seal can be computed by another program, by what docs/periods.md says', () => {
  test('from the ledger to the period', async () => {
    const seals = [await closing.seal('2018-04-H2'), await closing.seal('2018-05-H1')];
    await owner.query(`set timezone = 'UTC'`);
    const balances = new Map<string, bigint>();
    let previous: string | null = null;
    for (const seal of seals) {
      const buckets: [number, string][] = [];
      for (let bucket = 0; bucket < closing.system.bucketCount; bucket += 1) {
        buckets.push([bucket, await bucketDigest(bucket, seal?.period ?? '', balances)]);
      }
      const totals = seal?.totals.map(each => [
        each.currency,
        each.account,
        `${each.debitNanos}`,
        `${each.creditNanos}`,
      ]);
      const micros = (instant: Date | undefined) => `${instant?.getTime()}000`;
      const line = JSON.stringify([
        ...[seal?.period, seal?.sealNo, previous, seal?.transfers, seal?.books, totals],
        ...[micros(seal?.cut), micros(seal?.closedAt), seal?.decisionId, buckets],
      ]);
      expect(seal?.digest).toBe(hash('sha256', `${line}\n`, 'hex'));
      previous = seal?.digest ?? null;
    }
  });
});

const COLUMNS = [
  ...['bucket', 'ledger_date', 'transfer_id', 'developer_id', 'app_id', 'business_date', 'period', 'currency', 'debit'],
  ...['credit', 'amount_nanos', 'reason', 'run_id', 'decision_id', 'version', 'link_id', 'provider_id', 'fund_id'],
  ...['payout_id', 'corrects_id', 'booked_at'],
];

type Row = Readonly<Record<string, string | null>>;

async function bucketDigest(bucket: number, period: string, balances: Map<string, bigint>): Promise<string> {
  const { rows } = await owner.query<Row>(
    `select ${COLUMNS.map(column => `${column}::text`).join(', ')}
     from transfers
     where bucket = $1 and period = $2
     order by transfer_id`,
    [bucket, period],
  );
  const books = Object.entries(Object.groupBy(rows, row => `${row.developer_id} ${row.currency}`)).sort();
  const lines = books.map(([book, transfers = []]) => {
    const digests = transfers.map(row => hash('sha256', textOf(row), 'buffer'));
    for (const { debit, credit, amount_nanos: amount } of transfers) {
      add(balances, `${book} ${debit}`, -BigInt(amount ?? ''));
      add(balances, `${book} ${credit}`, BigInt(amount ?? ''));
    }
    const standing = [...balances]
      .filter(([account, balance]) => account.startsWith(`${book} `) && balance !== 0n)
      .map(([account, balance]) => [account.split(' ')[2], String(balance)])
      .sort();
    return JSON.stringify([
      ...book.split(' '),
      transfers.length,
      hash('sha256', Buffer.concat(digests), 'hex'),
      standing,
    ]);
  });
  return hash('sha256', lines.map(line => `${line}\n`).join(''), 'hex');
}

function textOf(row: Row): string {
  const fields = COLUMNS.map(column => {
    const value = row[column] ?? null;
    if (value === null) return '';
    return value === '' || /[\s,()"\\]/.test(value) ? `"${value.replace(/["\\]/g, '$&$&')}"` : value;
  });
  return `(${fields.join(',')})`;
}

function add(balances: Map<string, bigint>, account: string, amount: bigint): void {
  balances.set(account, (balances.get(account) ?? 0n) + amount);
}
