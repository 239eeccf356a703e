import { APPLICATION_ROLE, SCHEMA } from '../../src/db/database.ts';

/** The months that the attacked ledger holds. */
export const PARTITIONS = ['transfers_2018_03', 'transfers_2018_04'] as const;
export const TABLES = ['transfers', ...PARTITIONS] as const;

/** A name and the statement. */
export type Act = readonly [string, string];
type ActOnTable = readonly [string, (table: string) => string];

/** What changes, removes or replaces rows through a table, the parent or a partition. */
export const CHANGES: readonly ActOnTable[] = [
  ['update', table => `update ${table} set amount_nanos = amount_nanos + 1`],
  [
    'update of one row',
    table =>
      `update ${table} set booked_at = now() where transfer_id = (select max(transfer_id::text)::uuid from ${table})`,
  ],
  [
    'update that moves rows to another month',
    table => `update ${table} set ledger_date = '2018-04-02', business_date = '2018-04-02'`,
  ],
  ['delete', table => `delete from ${table}`],
  ['truncate', table => `truncate ${table}`],
  ['truncate cascade', table => `truncate ${table} cascade`],
  [
    'insert on conflict do update',
    table =>
      `insert into ${table} select * from ${table} on conflict (bucket, ledger_date, transfer_id) do update set amount_nanos = 1`,
  ],
  [
    'merge that updates',
    table =>
      `merge into ${table} as t using ${table} as s on t.transfer_id = s.transfer_id when matched then update set amount_nanos = 1`,
  ],
  [
    'merge that deletes',
    table => `merge into ${table} as t using ${table} as s on t.transfer_id = s.transfer_id when matched then delete`,
  ],
];

/** What only an owner may do to a table, or only somebody with more than insert and select. */
export const OWNERS_ACTS: readonly ActOnTable[] = [
  ['drop', table => `drop table ${table}`],
  ['drop cascade', table => `drop table ${table} cascade`],
  ['disable a trigger', table => `alter table ${table} disable trigger transfers_keep_table`],
  ['disable all triggers', table => `alter table ${table} disable trigger all`],
  ['weaken a trigger', table => `alter table ${table} enable trigger transfers_keep_rows`],
  ['drop a trigger', table => `drop trigger transfers_keep_table on ${table}`],
  [
    'create a trigger',
    table =>
      `create trigger spoil before insert on ${table} for each row execute function suppress_redundant_updates_trigger()`,
  ],
  ['create a rule', table => `create rule spoil as on insert to ${table} do instead nothing`],
  ['drop a constraint', table => `alter table ${table} drop constraint transfers_amount`],
  ['alter a column', table => `alter table ${table} alter column amount_nanos type numeric(38, 0) using 1`],
  ['rename', table => `alter table ${table} rename to set_aside`],
  ['move to another schema', table => `alter table ${table} set schema public`],
  ['take over', table => `alter table ${table} owner to current_user`],
  ['lock rows', table => `select transfer_id from ${table} for update`],
  ['lock everybody out', table => `do $$ begin lock table ${table} in access exclusive mode; end $$`],
  ['hide rows', table => `alter table ${table} enable row level security`],
];

export const OTHER_ACTS: readonly Act[] = [
  ...PARTITIONS.flatMap(partition => [
    ['detach', `alter table transfers detach partition ${partition}`] as const,
    ['detach concurrently', `alter table transfers detach partition ${partition} concurrently`] as const,
    ['insert past the parent', `insert into ${partition} select * from transfers limit 0`] as const,
    ['copy past the parent', `copy ${partition} from stdin`] as const,
  ]),
  ['attach', 'alter table transfers attach partition settlement_runs default'],
  ['replica mode', 'set session_replication_role = replica'],
  ['replica mode by set_config', `select set_config('session_replication_role', 'replica', false)`],
  [
    'replace the guard',
    'create or replace function refuse_ledger_change() returns trigger language plpgsql as $$ begin return null; end $$',
  ],
  ['drop the guard', 'drop function refuse_ledger_change cascade'],
  [
    'replace the maker of partitions',
    `create or replace function ensure_ledger_month(day date) returns void language sql as ''`,
  ],
  ['create in the schema', 'create table set_aside (n integer)'],
  ['create in the schema of the queue', 'create table queue.set_aside (n integer)'],
  ['create in the public schema', 'create table public.set_aside (n integer)'],
  ['drop the schema', `drop schema ${SCHEMA} cascade`],
  ['change the record of migrations', 'delete from migrations'],
  ['change a total', 'update posting_totals set debit_nanos = 0'],
  ['change a run', 'update settlement_runs set business_date = business_date + 1'],
  ['make a role', 'create role set_aside superuser'],
  ['gain more by membership', `grant pg_write_all_data to ${APPLICATION_ROLE}`],
];

/** What would give a session rights back that its login has; then what only those rights allow. */
export function becoming(owner: string): readonly Act[] {
  const ways = [
    'set role none',
    'reset role',
    'reset session authorization',
    'reset all',
    `set role ${owner}`,
    `set session authorization ${owner}`,
  ];
  return ways.map(way => [way, `${way}; alter table ${SCHEMA}.transfers disable trigger all`]);
}

/** On the ledger and on each of its partitions. */
export function* onEachTable(acts: readonly ActOnTable[]): Generator<Act> {
  for (const [name, statementOn] of acts) {
    for (const table of TABLES) yield [`${name} on ${table}`, statementOn(table)];
  }
}
