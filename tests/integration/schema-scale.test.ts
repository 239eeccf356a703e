import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

/** Small or slow-growing, read by every bucket: a cluster keeps a copy of each on every machine. */
const REFERENCE_TABLES = [
  'ad_unit_versions',
  'ad_units',
  'answer_files',
  'app_versions',
  'apps',
  'audit_entries',
  'audit_results',
  'campaign_versions',
  'closing_orders',
  'decision_outcomes',
  'decisions',
  'developer_versions',
  'developers',
  'exchange_rates',
  'fund_changes',
  'fund_days',
  'fund_grants',
  'fund_terms',
  'funds',
  'installation',
  'invalidations',
  'invoice_rules',
  'migrations',
  'payees',
  'payment_files',
  'payout_batches',
  'payout_imports',
  'payout_terms',
  'person_versions',
  'period_seals',
  'persons',
  'hold_acts',
  'holds',
  'plan_acceptances',
  'plan_versions',
  'provider_confirmations',
  'provider_terms',
  'provider_versions',
  'providers',
  'reference_versions',
  'reinstatements',
  'settlement_runs',
  'sole_acts',
  'traffic_lists',
  'traffic_policy_versions',
  'unmatched_answers',
  'withholding_tables',
];

/** Made by the migration runner in its own way: one row a migration, numbered by a sequence. */
const RUNNER_TABLE = 'migrations';

interface Breach {
  readonly name: string;
  readonly breach: string;
}

/** One query a rule; `$1` are the reference tables, `$2` is the runner's. Each yields what breaks it. */
const RULES = [
  `select name, 'is listed as a reference table, but is no table' as breach
   from unnest($1::text[]) as name
   where not exists (select from ours where ours.name = name.name)`,

  `select name, 'has no column bucket smallint not null' as breach
   from ours
   where name <> all ($1)
     and not exists (
       select
       from pg_attribute
       where attrelid = ours.oid and attname = 'bucket' and atttypid = 'smallint'::regtype and attnotnull
     )`,

  `select name, 'has no primary key' as breach
   from ours
   where not exists (select from pg_index where indrelid = ours.oid and indisprimary)`,

  `select index.relname as name, 'is unique without bucket' as breach
   from ours
   join pg_index on indrelid = ours.oid
   join pg_class as index on index.oid = indexrelid
   where ours.name <> all ($1) and (indisunique or indisexclusion)
     and not exists (
       select
       from pg_attribute
       where attrelid = ours.oid and attname = 'bucket' and attnum = any ((indkey::int2[])[0:indnkeyatts - 1])
     )`,

  `select conname as name, 'points at a table of many buckets without its bucket' as breach
   from pg_constraint
   join ours on ours.oid = conrelid
   join pg_class as target on target.oid = confrelid
   where contype = 'f' and target.relname <> all ($1)
     and not exists (
       select
       from unnest(conkey, confkey) as key (here, there)
       join pg_attribute as a on a.attrelid = conrelid and a.attnum = key.here
       join pg_attribute as b on b.attrelid = confrelid and b.attnum = key.there
       where a.attname = 'bucket' and b.attname = 'bucket'
     )`,

  `select relname as name, 'is a sequence; ids come from the application' as breach
   from pg_class
   where relnamespace = 'apportion'::regnamespace and relkind = 'S'
     and oid is distinct from pg_get_serial_sequence('apportion.' || $2, 'id')::regclass`,

  `select ours.name || '.' || attname as name, 'is an identity column; ids come from the application' as breach
   from ours
   join pg_attribute on attrelid = ours.oid
   where attidentity <> '' and ours.name <> $2`,

  `select ours.name || '.' || attname as name, 'holds nanos as ' || format_type(atttypid, atttypmod) as breach
   from ours
   join pg_attribute on attrelid = ours.oid
   where attname like '%nanos' and attnum > 0 and not attisdropped
     and format_type(atttypid, atttypmod) <> 'numeric(38,0)'`,

  `select ours.name || '.' || attname as name, 'is of the inexact type ' || format_type(atttypid, atttypmod) as breach
   from ours
   join pg_attribute on attrelid = ours.oid
   where attnum > 0 and not attisdropped
     and atttypid in ('real'::regtype, 'double precision'::regtype, 'money'::regtype)`,

  `select ours.name || '.' || attname as name, 'holds an instant as ' || format_type(atttypid, atttypmod) as breach
   from ours
   join pg_attribute on attrelid = ours.oid
   where attnum > 0 and not attisdropped and ours.name <> $2
     and (atttypid = 'timestamp'::regtype or attname like '%\\_at' and atttypid <> 'timestamptz'::regtype)`,

  // A primary key's generated name is also the one that we would give it; a partition's constraints are named after its parent's.
  `select conname as name, 'has a generated name' as breach
   from pg_constraint
   join ours on ours.oid = conrelid and not ours.is_partition
   cross join lateral (
     select string_agg(attname, '_' order by place) as columns
     from unnest(conkey) with ordinality as key (attnum, place)
     join pg_attribute on attrelid = conrelid and pg_attribute.attnum = key.attnum
   ) as key
   where contype in ('c', 'f', 'u', 'x')
     and conname ~ ('^' || left(name || '_' || case contype when 'c' then '(.*_)?check' when 'f' then columns || '_fkey'
       when 'u' then columns || '_key' else columns || '_excl' end, 63) || '\\d*$')`,
];

/** What the tables of the schema do that would keep them from being spread over machines, or money from being exact. */
async function breachesOfScale(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query<Breach>(
    `with ours as materialized (
       select oid, relname::text as name, relispartition as is_partition
       from pg_class
       where relnamespace = 'apportion'::regnamespace and relkind in ('r', 'p', 'f')
     )
     select name, breach
     from (${RULES.join('\nunion all\n')}) as found
     order by name collate "C", breach collate "C"`,
    [REFERENCE_TABLES, RUNNER_TABLE],
  );
  return rows.map(({ name, breach }) => `${name} ${breach}`);
}

let database: TestDatabase;
let owner: pg.Client;

beforeAll(async () => {
  database = await createTestDatabase();
  owner = await database.owner();
  await owner.query(`select ensure_ledger_month('2018-03-28'), ensure_ledger_month('2018-04-15')`);
});
afterAll(async () => await database.drop());

test('every table keeps the rules of scale, partitions too', async () => {
  expect(await breachesOfScale(owner)).toEqual([]);
});

describe('a migration that breaks them is found', () => {
  test.each([
    [
      'a table without bucket',
      'create table payments (payment_id uuid not null, constraint payments_pkey primary key (payment_id))',
      ['payments has no column bucket smallint not null', 'payments_pkey is unique without bucket'],
    ],
    [
      'a bucket that may be missing',
      'create table payments (bucket smallint, payment_id uuid not null, constraint payments_pkey primary key (payment_id))',
      ['payments has no column bucket smallint not null', 'payments_pkey is unique without bucket'],
    ],
    ['a table without a key', 'create table payments (bucket smallint not null)', ['payments has no primary key']],
    [
      'an index that is unique across buckets',
      'create unique index earnings_unit_idx on earnings (ad_unit_id, business_date) include (bucket)',
      ['earnings_unit_idx is unique without bucket'],
    ],
    [
      'a foreign key into another bucket',
      `alter table inbox_batches add constraint inbox_batches_first_key unique (bucket, batch_id, seq);
       alter table rejected_lines add column batch_id uuid, add column batch_bucket smallint,
         add constraint rejected_lines_batch_fkey foreign key (batch_bucket, batch_id) references inbox_batches`,
      ['rejected_lines_batch_fkey points at a table of many buckets without its bucket'],
    ],
    [
      'a reference table that points at a large one',
      `alter table developers add column bucket smallint, add column seq bigint,
         add constraint developers_first_fkey foreign key (seq, bucket) references inbox_batches (bucket, seq)`,
      ['developers_first_fkey points at a table of many buckets without its bucket'],
    ],
    [
      'a serial',
      'alter table settlement_runs add column run_no serial',
      ['settlement_runs_run_no_seq is a sequence; ids come from the application'],
    ],
    [
      'an identity column',
      'alter table settlement_runs add column run_no integer generated always as identity',
      [
        'settlement_runs.run_no is an identity column; ids come from the application',
        'settlement_runs_run_no_seq is a sequence; ids come from the application',
      ],
    ],
    [
      'money that is not numeric(38,0)',
      'alter table earnings alter column gross_nanos type numeric(38, 2), add column rate real',
      ['earnings.gross_nanos holds nanos as numeric(38,2)', 'earnings.rate is of the inexact type real'],
    ],
    [
      'an instant without its zone',
      'alter table due_days add column marked_at timestamp, add column seen_at date',
      [
        'due_days.marked_at holds an instant as timestamp without time zone',
        'due_days.seen_at holds an instant as date',
      ],
    ],
    [
      'constraints without a name',
      `alter table earnings add check (clicks >= 0), add check (clicks >= impressions), add unique (bucket, currency);
       alter table app_versions add foreign key (reference_version) references reference_versions`,
      [
        'app_versions_reference_version_fkey has a generated name',
        'earnings_bucket_currency_key has a generated name',
        'earnings_check has a generated name',
        'earnings_clicks_check has a generated name',
      ],
    ],
    [
      'a table of the list that is gone',
      'alter table settlement_runs rename to runs',
      [
        'runs has no column bucket smallint not null',
        'settlement_runs is listed as a reference table, but is no table',
        'settlement_runs_pkey is unique without bucket',
      ],
    ],
  ])('%s', async (_what, ddl, breaches) => {
    await owner.query('begin');
    try {
      await owner.query(ddl);
      expect(await breachesOfScale(owner)).toEqual(breaches);
    } finally {
      await owner.query('rollback');
    }
  });
});
