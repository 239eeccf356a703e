import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readInstallation } from '../../src/catalog/installation.ts';
import { BusinessCalendar } from '../../src/domain/business-day.ts';
import { isRefusal } from '../../src/domain/errors.ts';
import { type Verification, verify } from '../../src/verification/verify.ts';
import type { SettlementSystem } from '../support/settlement-system.ts';
import { openSmallInstallation } from '../support/small-installation.ts';

interface Damages {
  readonly table: string;
  /** Tells two rows of a table apart in the name of the test. */
  readonly what?: string;
  /** The one row that is damaged. */
  readonly row: string;
  /** How a column is changed where adding one, a character or an hour won't do. */
  readonly changes?: Readonly<Record<string, string>>;
  /** Columns that nothing else tells of, and why that can be borne. */
  readonly untold?: Readonly<Record<string, string>>;
  /** Columns that the schema lets hold nothing else. */
  readonly fixed?: readonly string[];
  /** Why the row may go unmissed; found unless given. */
  readonly unmissed?: string;
  /** Why a copy that should not be there may stay untold; found unless given. */
  readonly harmless?: string;
  /** What makes a copy of the row one that should not be there; a string tells why there can't be such a row. */
  readonly bogus: Readonly<Record<string, unknown>> | string;
}

const SINCE = 'which batch made it due: at most a closing waits for a run, or does not';
const INSTANT = 'when it happened; no amount hangs on it';
const OTHER_ID = '01890000-0000-7000-8000-000000000000';
const FIRST_RUN = `(select min(run_id::text)::uuid from settlement_runs)`;
const SECOND_RUN = `(select run_id from settlement_runs where business_date = '2018-04-13' and requested_at = '2018-04-16T09:00:00+08:00')`;

const DAMAGES: readonly Damages[] = [
  {
    table: 'installation',
    row: 'singleton',
    changes: {
      bucket_count: 'bucket_count = 2',
      time_zone: `time_zone = 'UTC'`,
      accepted_plans_version: 'accepted_plans_version = 9',
    },
    untold: { created_at: INSTANT, last_clock: INSTANT },
    fixed: ['singleton'],
    bogus: 'there can be only one',
  },
  {
    table: 'reference_versions',
    row: 'reference_version = 2',
    changes: { reference_version: 'reference_version = 99', kind: `kind = 'catalog'` },
    bogus: { reference_version: 99 },
  },
  { table: 'developers', row: `developer_id = 'dev_2'`, bogus: { developer_id: 'dev_3' } },
  {
    table: 'developer_versions',
    row: `developer_id = 'dev_2'`,
    changes: { type: `type = 'individual'` },
    bogus: { reference_version: 3 },
  },
  {
    table: 'apps',
    row: `app_id = 'app_7_2'`,
    changes: { developer_id: `developer_id = 'dev_1'` },
    bogus: { app_id: 'app_3' },
  },
  {
    table: 'app_versions',
    row: `app_id = 'app_7_2' and reference_version = 1`,
    changes: { category: `category = 'tools'` },
    bogus: { reference_version: 2 },
  },
  { table: 'ad_units', row: `ad_unit_id = 'unit_1'`, bogus: { ad_unit_id: 'unit_3' } },
  {
    table: 'ad_unit_versions',
    row: `ad_unit_id = 'unit_1' and reference_version = 1`,
    bogus: { reference_version: 2 },
  },
  {
    table: 'campaign_versions',
    row: `campaign_id = 'c_42' and reference_version = 1`,
    changes: { rate_cards: `rate_cards = jsonb_set(rate_cards, '{0,cpm}', '"2.51"')` },
    bogus: { reference_version: 2 },
  },
  {
    table: 'plan_versions',
    row: `plan_id = 'two' and reference_version = 2`,
    changes: {
      scope: `scope = 'app'`,
      mode: `mode = 'whole'`,
      tiers: `tiers = jsonb_set(tiers, '{0,share}', '"0.46"')`,
    },
    fixed: ['basis'],
    bogus: { reference_version: 3 },
  },
  {
    table: 'plan_acceptances',
    row: `plan_id = 'lucky'`,
    changes: { plan_version: 'plan_version = plan_version - 1' },
    bogus: { plan_id: 'one' },
  },
  { table: 'providers', row: `provider_id = 'agency'`, bogus: { provider_id: 'agency_2' } },
  {
    table: 'provider_versions',
    row: `provider_id = 'agency'`,
    changes: { type: `type = 'individual'` },
    bogus: { reference_version: 2 },
  },
  {
    table: 'provider_terms',
    row: `app_id = 'app_7_2'`,
    changes: { terms: `terms = jsonb_set(terms, '{0,ratio}', '"0.123457"')` },
    bogus: { app_id: 'app_1' },
  },
  {
    table: 'provider_confirmations',
    row: `app_id = 'app_2'`,
    changes: { confirmed_on: 'confirmed_on = confirmed_on - 1', terms_version: 'terms_version = 0' },
    bogus: { app_id: 'app_7_1' },
  },
  {
    table: 'traffic_policy_versions',
    row: `effective_from = '2018-05-01'`,
    changes: { checks: `checks = jsonb_set(checks, '{known_bot}', 'false')` },
    bogus: { reference_version: 1 },
  },
  {
    table: 'traffic_lists',
    row: `list_name = 'data_centres'`,
    changes: { list_name: `list_name = 'known_bots'` },
    bogus: { reference_version: 1 },
  },
  {
    table: 'invalidations',
    row: `invalidation_id = 'ticket-1'`,
    changes: {
      ad_unit_id: `ad_unit_id = 'unit_7_1', events = null, event_count = null`,
      event_type: `event_type = 'click', events = null, event_count = null`,
      events: `events = events || '2'`,
      from_day: 'from_day = from_day - 1',
    },
    bogus: { invalidation_id: 'ticket-3' },
  },
  {
    table: 'invalidations',
    what: ' of a slice',
    row: `invalidation_id = 'ticket-2'`,
    changes: {
      event_type: `event_type = 'click'`,
      from_day: 'from_day = from_day - 1',
      events: `events = 'click e1', event_count = 1, ad_unit_id = null, event_type = null`,
      event_count: `events = 'click e1', event_count = 1, ad_unit_id = null, event_type = null`,
    },
    bogus: { invalidation_id: 'ticket-3' },
  },
  { table: 'reinstatements', row: `invalidation_id = 'ticket-1'`, bogus: { invalidation_id: 'ticket-2' } },
  {
    table: 'inbox_batches',
    row: 'bucket = 1 and seq = 2',
    changes: {
      invalid: `invalid = '{"known_bot": 1}'`,
      repeated: `repeated = '\\x01'`,
      format: `format = 'ipinyou'`,
      bucket: 'bucket = 0',
      clock: `clock = clock - interval '30 days'`,
      line_count: 'line_count = line_count + 1, accepted = accepted + 1',
      seq: 'seq = 9',
      reference_version: 'reference_version = reference_version - 1',
      accepted: 'accepted = accepted - 1, rejected = rejected + 1',
      duplicates: 'duplicates = duplicates + 1, accepted = accepted - 1',
      conflicts: 'conflicts = conflicts + 1, accepted = accepted - 1',
      rejected: 'rejected = rejected + 1, accepted = accepted - 1',
    },
    untold: {
      batch_id: 'its place in the order is seq',
      ingest_id: 'which reading of which file it was',
      source: 'the name of the file',
      format: 'how a refused line is read when it is tried again',
      accepted_at: INSTANT,
      processed_at: INSTANT,
    },
    bogus: { batch_id: OTHER_ID, seq: 9 },
  },
  {
    table: 'inbox_batches',
    what: ' that waits',
    row: 'seq is null',
    changes: {
      bucket: 'bucket = 0',
      clock: `clock = clock - interval '30 days'`,
      seq: 'seq = 9',
      invalid: `invalid = '{"known_bot": 1}'`,
      repeated: `repeated = '\\x01'`,
      format: `format = 'ipinyou'`,
    },
    untold: {
      batch_id: 'its place among those that wait, where any other is as good',
      ingest_id: 'which reading of which file it was',
      source: 'the name of the file',
      format: 'how a refused line is read when it is tried again',
      accepted_at: INSTANT,
    },
    unmissed: 'nothing was made of it yet',
    bogus: { batch_id: OTHER_ID, payload: '\\x00' },
  },
  {
    table: 'identity_segments',
    row: 'segment_id = (select min(segment_id::text)::uuid from identity_segments)',
    untold: { segment_id: 'chosen at random, and nothing names it' },
    fixed: ['identities'],
    bogus: { segment_id: OTHER_ID },
  },
  { table: 'rejected_lines', row: `reason = 'unknown_app'`, bogus: { line_no: 99 } },
  {
    table: 'rejected_lines',
    what: ' judged at processing',
    row: `reason = 'currency_mismatch'`,
    changes: { reason: `reason = 'internal_error'` },
    untold: { detail: 'in the words of the program of that day' },
    bogus: { line_no: 1, reason: 'internal_error' },
  },
  { table: 'conflicting_lines', row: 'seq = 1', bogus: { content: 1 } },
  { table: 'earnings', row: `app_id = 'app_7_2' and business_date = '2018-04-14'`, bogus: { ad_unit_id: 'unit_3' } },
  {
    table: 'invalid_earnings',
    row: `reason = 'known_bot'`,
    changes: { reason: `reason = 'data_centre'` },
    bogus: { ad_unit_id: 'unit_3' },
  },
  {
    table: 'deductions',
    row: `reason = 'repeated_click'`,
    bogus: { ad_unit_id: 'unit_3' },
  },
  {
    table: 'deductions',
    what: ' by another run',
    row: `reason = 'repeated_click'`,
    changes: Object.fromEntries(
      [
        'bucket',
        'business_date',
        'developer_id',
        'app_id',
        'ad_unit_id',
        'currency',
        'reason',
        'invalidation_id',
        'run_id',
        'impressions',
        'clicks',
        'gross_nanos',
      ].map(column => [column, `run_id = ${FIRST_RUN}`]),
    ),
    bogus: { reason: 'refund' },
  },
  {
    table: 'due_days',
    row: `developer_id = 'dev_2'`,
    untold: { since_seq: SINCE },
    bogus: { business_date: '2018-04-20' },
  },
  {
    ...{ table: 'due_days', what: ' for want of a plan', row: `developer_id = 'dev_1'` },
    untold: { since_seq: SINCE },
    bogus: { developer_id: 'dev_3' },
  },
  {
    table: 'transfers',
    row: `app_id = 'app_1' and ledger_date = '2018-04-13' and reason = 'developer_share' and version = 1`,
    changes: {
      ledger_date: 'ledger_date = ledger_date + 2, business_date = business_date + 2',
      business_date: 'business_date = null, version = null',
      provider_id: `provider_id = 'agency', link_id = transfer_id`,
      version: 'version = 9',
      decision_id: `decision_id = 'x', run_id = null, version = null`,
    },
    fixed: ['fund_id', 'payout_id'],
    bogus: { transfer_id: OTHER_ID, version: 9 },
  },
  {
    table: 'transfers',
    what: ' of a decision',
    row: `decision_id = 'adjust-1' and app_id = 'app_1'`,
    changes: {
      ledger_date: 'ledger_date = ledger_date + 1, business_date = business_date + 1',
      business_date: 'business_date = null',
      run_id: `run_id = '${OTHER_ID}', decision_id = null`,
      version: 'version = 1, decision_id = null',
      provider_id: `provider_id = 'agency', link_id = transfer_id, version = 1, decision_id = null`,
      credit: `credit = 'held'`,
    },
    untold: {
      transfer_id: 'chosen at random; among a book of one decision its order counts',
      corrects_id: 'a decision corrects nothing',
    },
    fixed: ['fund_id', 'payout_id'],
    bogus: { transfer_id: OTHER_ID },
  },
  {
    table: 'decisions',
    row: `decision_id = 'adjust-1'`,
    changes: { expires_at: `expires_at = '2018-05-01'` },
    bogus: { decision_id: 'adjust-3' },
  },
  {
    table: 'decision_outcomes',
    row: `decision_id = 'adjust-1'`,
    changes: { outcome: `outcome = 'rejected'`, expires_at: `expires_at = '2018-05-01'` },
    untold: { note: 'words' },
    bogus: { decision_id: 'adjust-3' },
  },
  {
    table: 'decision_outcomes',
    what: ' of a proposal that was rejected',
    row: `decision_id = 'adjust-2'`,
    changes: { outcome: `outcome = 'applied'`, expires_at: `expires_at = '2018-05-01'` },
    untold: { note: 'words', decided_at: INSTANT },
    unmissed: 'then it is a proposal still',
    bogus: { decision_id: 'adjust-3' },
  },
  {
    table: 'holds',
    row: `hold_id = 'hold-1'`,
    changes: { owed: `owed = '{"CNY": "1"}'` },
    bogus: { hold_id: 'adjust-2' },
  },
  {
    table: 'hold_acts',
    row: `decision_id = 'forfeit-1'`,
    changes: { act: `act = 'release'`, hold_id: `hold_id = 'adjust-2'` },
    bogus: { decision_id: 'adjust-2' },
  },
  {
    table: 'decision_totals',
    row: `decision_id = 'adjust-1' and account = 'payable' and debit_nanos = 0`,
    changes: { first_day: 'first_day = first_day - 1' },
    bogus: { account: 'held' },
  },
  {
    table: 'persons',
    row: `person_id = 'wang.fang'`,
    untold: { recorded_at: INSTANT },
    bogus: { person_id: 'somebody' },
    harmless: 'who has decided nothing',
  },
  {
    table: 'person_versions',
    row: `person_id = 'li.wei'`,
    changes: {
      roles: `roles = array['approver']`,
      valid_from: `valid_from = valid_from + interval '1 year'`,
      recorded_at: `recorded_at = recorded_at + interval '1 year'`,
    },
    untold: { version: 'its place among others', name: 'words' },
    fixed: ['book'],
    bogus: { version: 2, disabled: true },
  },
  {
    table: 'sole_acts',
    row: `act = 'invalidate'`,
    changes: {
      act: `act = 'x'`,
      limit_nanos: 'limit_nanos = gross_nanos - 1',
    },
    bogus: { currency: 'USD' },
  },
  {
    table: 'sole_acts',
    what: ' after another of that day',
    row: `act = 'reinstate'`,
    changes: { act: `act = 'x'`, limit_nanos: 'limit_nanos = before_nanos' },
    bogus: { invalidation_id: 'ticket-2' },
  },
  {
    table: 'transfers',
    what: ' of a day that is due again',
    row: `app_id = 'app_1' and ledger_date = '2018-04-14' and reason = 'platform_share'`,
    changes: {
      ledger_date: 'ledger_date = ledger_date + 1, business_date = business_date + 1',
      business_date: 'business_date = null, version = null',
      provider_id: `provider_id = 'agency', link_id = transfer_id`,
      decision_id: `decision_id = 'x', run_id = null, version = null`,
    },
    untold: { transfer_id: 'chosen at random, and nothing corrects it yet' },
    fixed: ['fund_id', 'payout_id'],
    bogus: { transfer_id: OTHER_ID, version: 9 },
  },
  {
    table: 'transfers',
    what: ' that leave for a provider',
    row: `app_id = 'app_2' and ledger_date = '2018-04-13' and reason = 'provider_share' and version = 1`,
    changes: {
      ledger_date: 'ledger_date = ledger_date + 2, business_date = business_date + 2',
      business_date: 'business_date = null, version = null, provider_id = null',
      version: 'version = 9',
      decision_id: `decision_id = 'x', run_id = null, version = null, provider_id = null`,
    },
    fixed: ['fund_id', 'payout_id'],
    bogus: { transfer_id: OTHER_ID, version: 9 },
  },
  {
    table: 'transfers',
    what: ' that arrive at a provider',
    row: `app_id = 'app_2' and ledger_date = '2018-04-13' and reason = 'provider_income' and version = 1`,
    changes: {
      ledger_date: 'ledger_date = ledger_date + 2, business_date = business_date + 2',
      business_date: 'business_date = null, version = null, provider_id = null',
      version: 'version = 9',
      decision_id: `decision_id = 'x', run_id = null, version = null, provider_id = null`,
    },
    fixed: ['fund_id', 'payout_id'],
    bogus: { transfer_id: OTHER_ID, version: 9 },
  },
  {
    table: 'posting_totals',
    what: ' of a provider in another bucket',
    row: `source_bucket <> bucket and account = 'payable' and run_id = ${FIRST_RUN}`,
    changes: { source_bucket: 'source_bucket = 9', first_day: 'first_day = first_day - 1' },
    untold: { source_bucket: 'whose turn the run held; the sums of the bucket tell of every amount' },
    bogus: { account: 'held' },
  },
  {
    table: 'posting_totals',
    row: `run_id = ${SECOND_RUN} and bucket = 1 and account = 'payable'`,
    changes: { first_day: 'first_day = first_day - 1' },
    untold: { source_bucket: 'whose turn the run held; the sums of the bucket tell of every amount' },
    bogus: { account: 'held' },
  },
  {
    table: 'settlement_runs',
    row: `run_id = ${SECOND_RUN}`,
    untold: { requested_at: INSTANT },
    bogus: { run_id: OTHER_ID, buckets: [9] },
  },
  {
    table: 'settlement_run_buckets',
    row: `run_id = ${SECOND_RUN} and bucket = 1`,
    changes: {
      bucket: 'bucket = 0',
      cutoff_seq: 'cutoff_seq = cutoff_seq - 1',
      reference_version: 'reference_version = 1',
    },
    untold: { started_at: INSTANT, finished_at: INSTANT },
    bogus: { bucket: 0 },
  },
];

/** Damaged in a test of their own, beside a fund that has something to lose. */
const OF_FUNDS = ['fund_changes', 'fund_claims', 'fund_days', 'fund_first_days', 'fund_grants', 'fund_terms', 'funds'];
/** The table of the migration runner, and those that no amount hangs on: who ran which command. */
const EXEMPT = [
  // Damaged in payouts/damaged-payouts.test.ts.
  ...[
    'answer_files',
    'payment_files',
    'payout_answers',
    'payout_batches',
    'payout_invoices',
    'payout_steps',
    'payouts',
  ],
  ...['tax_remittances', 'unmatched_answers'],
  // Damaged in payouts/terms-import.test.ts.
  ...['exchange_rates', 'invoice_rules', 'payees', 'payout_imports', 'payout_terms', 'withholding_tables'],
  ...['audit_entries', 'audit_results', 'migrations', ...OF_FUNDS],
  // Damaged in closing/damaged-seals.test.ts.
  ...['book_seals', 'bucket_seals', 'closing_orders', 'period_seals'],
  // Damaged in statements/verify-issued.test.ts.
  ...['issued_statements', 'statement_issues'],
  // Damaged in redrive.test.ts.
  'redriven_lines',
];

const CHANGE_OF_TYPE: Readonly<Record<string, (column: string) => string>> = {
  smallint: column => `${column} = (${column} + 1) % 4`,
  integer: column => `${column} = coalesce(${column}, 0) + 1`,
  bigint: column => `${column} = coalesce(${column}, 0) + 1`,
  jsonb: column => `${column} = jsonb_build_array(${column})`,
  'numeric(38,0)': column => `${column} = ${column} + 1`,
  text: column => `${column} = coalesce(${column}, '') || 'x'`,
  uuid: column => `${column} = '${OTHER_ID}'`,
  date: column => `${column} = coalesce(${column}, '2018-04-20') + 1`,
  'timestamp with time zone': column => `${column} = coalesce(${column}, now()) + interval '1 hour'`,
  bytea: column => `${column} = set_byte(${column}, 0, get_byte(${column}, 0) # 1)`,
  account_kind: column => `${column} = 'held'`,
  boolean: column => `${column} = not ${column}`,
  'text[]': column => `${column} = ${column} || 'x'`,
  'smallint[]': column => `${column} = ${column} || 9::smallint`,
};

let system: SettlementSystem;
let owner: pg.Client;

beforeAll(async () => {
  system = await openSmallInstallation();
  owner = await system.owner();
});
afterAll(async () => await system.drop());

test('an undamaged database differs in nothing; what is to be done yet is pending', async () => {
  const { rows } = await owner.query(
    `select app_id, max(version) as version from transfers group by app_id order by app_id`,
  );
  expect(rows).toEqual([
    { app_id: 'app_1', version: 2 },
    { app_id: 'app_2', version: 2 },
    { app_id: 'app_7_1', version: 2 },
    { app_id: 'app_7_2', version: 3 },
  ]);
  expect(await system.verify()).toEqual({
    differences: [],
    differenceCount: 0,
    checked: { batches: 10, lines: 32, identities: 20, earnings: 10, transfers: 48 },
    pending: { batches: 1, dueDays: 2 },
  });
});

test('no table is left out', async () => {
  const { rows } = await owner.query<{ name: string }>(
    `select relname as name
     from pg_class
     where relnamespace = 'apportion'::regnamespace and relkind in ('r', 'p') and not relispartition
     order by relname collate "C"`,
  );
  expect(rows.map(row => row.name)).toEqual([...new Set([...DAMAGES.map(each => each.table), ...EXEMPT])].sort());
});

const KEPT = ['decisions', 'decision_outcomes', 'persons', 'person_versions', 'sole_acts'];

/** What `verify` says on the owner's own connection, so that the damage before it can be taken back. */
async function verifyHere(): Promise<Verification> {
  const { bucketCount, timeZone } = await readInstallation(owner, { bucketCount: null, timeZone: null });
  const calendar = new BusinessCalendar(timeZone);
  return await verify({ snapshot: async work => await work(owner as pg.PoolClient) }, { bucketCount, calendar });
}

/** Does the damage, a row a statement, as somebody would who may do everything, asks `verify`, and takes it back. */
async function damaged(statements: readonly string[]): Promise<Verification> {
  await owner.query('begin');
  try {
    await owner.query('set local session_replication_role = replica');
    await owner.query('drop trigger transfers_keep_rows on transfers');
    await owner.query('drop trigger deductions_keep_rows on deductions');
    for (const table of KEPT) await owner.query(`drop trigger ${table}_keep on ${table}`);
    await owner.query('alter table sole_acts drop constraint sole_acts_limit, drop constraint sole_acts_act');
    for (const statement of statements) expect((await owner.query(statement)).rowCount, statement).toBe(1);
    await owner.query('set local role apportion_app');
    return await verifyHere();
  } finally {
    await owner.query('rollback');
  }
}

async function isFound(damage: string): Promise<boolean> {
  try {
    return (await damaged([damage])).differenceCount > 0;
  } catch (error) {
    // Without its installation, no command does anything.
    if (isRefusal(error) && error.code === 'older_schema') return true;
    throw error;
  }
}

async function columnsOf(table: string): Promise<{ column: string; type: string }[]> {
  const { rows } = await owner.query<{ column: string; type: string }>(
    `select attname as column, format_type(atttypid, atttypmod) as type
     from pg_attribute
     where attrelid = $1::regclass and attnum > 0 and not attisdropped
     order by attnum`,
    [table],
  );
  return rows;
}

describe.each(DAMAGES.map(each => [`${each.table}${each.what ?? ''}`, each] as const))(
  'verify and a row of %s',
  (_name, damages) => {
    const { table, row } = damages;

    test('finds every value that is changed', async () => {
      const unfound: string[] = [];
      for (const { column, type } of await columnsOf(table)) {
        if (damages.fixed?.includes(column) === true) continue;
        const change =
          damages.changes?.[column] ?? CHANGE_OF_TYPE[type]?.(column) ?? expect.fail(`no change for ${type}`);
        if (!(await isFound(`update ${table} set ${change} where ${row}`))) unfound.push(column);
      }
      expect(unfound.sort()).toEqual(Object.keys(damages.untold ?? {}).sort());
    });

    test.skipIf(damages.unmissed !== undefined)('sees that it is gone', async () => {
      expect(await isFound(`delete from ${table} where ${row}`)).toBe(true);
    });

    test.skipIf(typeof damages.bogus === 'string' || damages.harmless !== undefined)(
      'finds one that should not be there',
      async () => {
        const other = `jsonb_populate_record(${table}, '${JSON.stringify(damages.bogus)}')`;
        expect(await isFound(`insert into ${table} select (${other}).* from ${table} where ${row}`)).toBe(true);
      },
    );
  },
);

test('an amount forged together with its totals is found, on a day that is due again too', async () => {
  const amount = `app_id = 'app_1' and ledger_date = '2018-04-14' and reason = 'platform_share'`;
  const run = `(select run_id from transfers where ${amount})`;
  await expect(
    damaged([
      `update posting_totals set debit_nanos = debit_nanos + 7 where bucket = 3 and run_id = ${run} and account = 'ad_revenue'`,
      `update posting_totals set credit_nanos = credit_nanos + 7 where bucket = 3 and run_id = ${run} and account = 'platform_share'`,
      `update transfers set amount_nanos = amount_nanos + 7 where ${amount}`,
    ]),
  ).resolves.toMatchObject({
    differenceCount: 1,
    differences: [
      {
        table: 'transfers',
        where: expect.stringContaining('2018-04-14 developer dev_1 app app_1 CNY platform_share after run '),
        expected: '0.0012',
        found: '0.001200007',
      },
    ],
  });
});
