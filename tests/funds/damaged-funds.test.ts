import type pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Verification, verify } from '../../src/verification/verify.ts';
import { Funding } from '../support/funding.ts';

let funding: Funding;
let owner: pg.Client;

/** One fund for new apps in games, with a step for each reason: runs, money that came, a clawback, and its end. */
beforeAll(async () => {
  funding = await Funding.open();
  const rule = { points: '0.10', categories: ['games'], new_app_days: 5 };
  await funding.createFund('fund_1', '10', { rule, end: '2018-09-04' });
  await funding.earnAndSettle('2018-09-02', { app_a1: '80', app_b1: '40' });
  await funding.earnAndSettle('2018-09-03', { app_a1: '50' });
  await funding.decide('fund_top_up', { fund: 'fund_1', currency: 'CNY', amount: '20' });
  await funding.system.grantPending();
  const slice = { from: '2018-09-03', to: '2018-09-03' };
  await funding.system.invalidate({ id: 'fraud', appId: 'app_a1', slice, reason: 'fraud' });
  await funding.settleNight('2018-09-03');
  funding.at('2018-09-06', 5);
  await funding.system.grantPending();
  owner = await funding.system.owner();
});
afterAll(async () => await funding.system.drop());

const INSTANT = 'when it happened; no amount hangs on it';

/** For each column of one row, a change that `verify` must tell of; a text says why it need not. */
const DAMAGES: readonly {
  readonly table: string;
  readonly row: string;
  readonly changes: Readonly<Record<string, string>>;
  readonly untold?: Readonly<Record<string, string>>;
}[] = [
  { table: 'funds', row: `fund_id = 'fund_1'`, changes: { fund_id: `'fund_2'`, reference_version: '1' } },
  {
    table: 'fund_terms',
    row: `fund_id = 'fund_1'`,
    changes: {
      ...{
        fund_id: `'fund_2'`,
        reference_version: '1',
        currency: `'USD'`,
        start_day: 'start_day - 1',
        end_day: 'end_day + 1',
      },
      rule: `rule || '{"points": "0.11"}'`,
    },
  },
  {
    table: 'fund_changes',
    row: `change = 'top_up'`,
    changes: {
      ...{ decision_id: `'x'`, fund_id: `'fund_2'`, reference_version: '1', change: `'close', amount_nanos = 0` },
      amount_nanos: 'amount_nanos + 1',
    },
  },
  {
    table: 'fund_grants',
    row: 'grant_no = 1',
    changes: {
      ...{ fund_id: `'fund_2'`, grant_no: '9', grant_id: 'gen_random_uuid()', cause: `'expiry', run_id = null` },
      ...{ run_id: 'gen_random_uuid()', reference_version: '1', awarded_nanos: 'awarded_nanos + 1' },
      ...{ returned_nanos: '1', left_nanos: 'left_nanos + 1' },
    },
    untold: { granted_at: INSTANT },
  },
  {
    table: 'fund_days',
    row: `grant_no = 1`,
    changes: {
      ...{ fund_id: `'fund_2'`, business_date: 'business_date + 1', grant_no: '9' },
      ...{ claim_change_nanos: 'claim_change_nanos + 1', award_change_nanos: 'award_change_nanos - 1' },
    },
  },
  {
    table: 'fund_claims',
    row: `grant_no = 1 and app_id = 'app_a1'`,
    changes: {
      ...{ bucket: '(bucket + 1) % 4', fund_id: `'fund_2'`, business_date: 'business_date + 1', app_id: `'app_c1'` },
      ...{ grant_no: '2', gross_nanos: 'gross_nanos + 1000', claim_nanos: 'claim_nanos + 1' },
      developer_id: `'dev_b'`,
    },
  },
  {
    table: 'fund_first_days',
    row: `app_id = 'app_a1'`,
    changes: {
      ...{ bucket: '(bucket + 1) % 4', fund_id: `'fund_2'`, app_id: `'app_c1'` },
      ...{ first_day: 'first_day - 10', grant_no: '9' },
    },
  },
  {
    table: 'transfers',
    row: `reason = 'award' and app_id = 'app_b1' and version = 1`,
    changes: {
      ...{
        amount_nanos: 'amount_nanos + 1',
        fund_id: `'fund_2'`,
        app_id: `'app_c1'`,
        version: '9',
        link_id: 'transfer_id',
      },
      ...{ run_id: 'gen_random_uuid()', debit: `'incentive', credit = 'fund_available'`, currency: `'USD'` },
      ...{
        reason: `'incentive'`,
        developer_id: `'dev_b'`,
        period: `'2018-09-H2'`,
        business_date: 'business_date + 1, ledger_date = ledger_date + 1',
      },
    },
  },
  {
    table: 'transfers',
    row: `reason = 'incentive' and app_id = 'app_b1' and version = 1`,
    changes: {
      ...{
        amount_nanos: 'amount_nanos + 1',
        fund_id: `'fund_2'`,
        app_id: `'app_c1'`,
        version: '9',
        link_id: 'gen_random_uuid()',
      },
      ...{
        run_id: 'gen_random_uuid()',
        debit: `'payable', credit = 'incentive'`,
        reason: `'award'`,
        developer_id: `'dev_a'`,
      },
    },
  },
  // Both halves alike, so that they still agree with each other.
  {
    table: 'transfers',
    row: `app_id = 'app_b1' and version = 1 and fund_id is not null`,
    changes: { amount_nanos: 'amount_nanos + 1' },
  },
];

const CASES = DAMAGES.flatMap(({ table, row, changes }) =>
  Object.entries(changes).map(([column, value]) => ({ table, row, column, value })),
);

/** What `verify` says on the owner's own connection, so that the damage before it can be taken back. */
async function damaged(statement: string): Promise<Verification> {
  await owner.query('begin');
  try {
    await owner.query('set local session_replication_role = replica');
    await owner.query('drop trigger transfers_keep_rows on transfers');
    const { rowCount } = await owner.query(statement);
    expect(rowCount).toBeGreaterThan(0);
    const { bucketCount, calendar } = funding.system;
    return await verify({ snapshot: async work => await work(owner as pg.PoolClient) }, { bucketCount, calendar });
  } finally {
    await owner.query('rollback');
  }
}

test('nothing differs before', async () => {
  expect((await funding.system.verify()).differences).toEqual([]);
  const { rows } = await owner.query<{ cause: string }>('select cause from fund_grants order by grant_no');
  expect(rows.map(row => row.cause)).toEqual(['run', 'run', 'rest', 'run', 'expiry']);
});

test('every column of the tables of funds is damaged', async () => {
  const { rows } = await owner.query<{ name: string }>(
    `select relname || '.' || attname as name
     from pg_class
     join pg_attribute on attrelid = pg_class.oid and attnum > 0 and not attisdropped
     where relnamespace = 'apportion'::regnamespace and relkind = 'r' and relname like 'fund%'
     order by 1`,
  );
  const told = DAMAGES.filter(({ table }) => table !== 'transfers').flatMap(({ table, changes, untold = {} }) =>
    [...Object.keys(changes), ...Object.keys(untold)].map(column => `${table}.${column}`),
  );
  expect(rows.map(row => row.name)).toEqual(told.sort());
});

test.each(CASES)('verify tells of $table: $column = $value where $row', async ({ table, row, column, value }) => {
  const { differences } = await damaged(`update ${table} set ${column} = ${value} where ${row}`);
  expect(differences).not.toEqual([]);
});

test.each(DAMAGES)('verify misses a row of $table where $row', async ({ table, row }) => {
  const { differences } = await damaged(`delete from ${table} where ${row}`);
  expect(differences).not.toEqual([]);
});
