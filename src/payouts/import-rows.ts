import type pg from 'pg';
import { type CopyValue, copyRows } from '../db/copy.ts';
import type { Queryable } from '../db/database.ts';

/** What each table holds, besides the number of the import; rows of one key follow each other. */
const TABLES = {
  payout_terms: {
    key: ['currency', 'effective_from'],
    values: ['effective_to', 'threshold_nanos', 'net_days'],
  },
  withholding_tables: {
    key: ['withholding_id'],
    values: ['country', 'payee', 'currency', 'effective_from', 'effective_to', 'tiers'],
  },
  invoice_rules: { key: ['country', 'effective_from'], values: ['effective_to', 'required'] },
  payees: { key: ['owner_id'], values: ['destination', 'currency', 'minimum_nanos', 'on_hold'] },
  exchange_rates: { key: ['source_currency', 'target_currency', 'day'], values: ['rate', 'source'] },
} as const;

export type PayoutTable = keyof typeof TABLES;

/** Rows of one table, in the order of its columns: the key, then the rest. */
export interface PayoutRows {
  readonly table: PayoutTable;
  readonly rows: Iterable<readonly CopyValue[]>;
}

export interface RowCounts {
  readonly added: number;
  readonly changed: number;
  readonly unchanged: number;
}

const PAYOUT_TABLES = Object.keys(TABLES) as PayoutTable[];

/** Puts the rows that say something else than what holds into `new_<table>`, until the transaction ends. */
export async function stageNews(tx: pg.ClientBase, { table, rows }: PayoutRows): Promise<RowCounts> {
  const staged = stagedTable(table);
  await tx.query(`create temporary table ${staged} on commit drop as select * from ${table} with no data`);
  const handedIn = await copyRows(tx, { table: staged, columns: columnsOf(table) }, rows);
  await tx.query(`analyze ${staged}`);
  const { rows: known } = await tx.query<{ changed: number; unchanged: number }>(
    `with known as materialized (
       select ${qualified('staged', TABLES[table].key)}, ${sameValues(table)} as same
       from ${staged} as staged
       join ${lastRecorded(table)} using (${TABLES[table].key.join(', ')})
     ),
     gone as (
       delete from ${staged} as staged
       using known
       where known.same and (${qualified('staged', TABLES[table].key)}) = (${qualified('known', TABLES[table].key)})
     )
     select count(*) filter (where not same) as changed, count(*) filter (where same) as unchanged
     from known`,
  );
  const { changed = 0, unchanged = 0 } = known[0] ?? {};
  return { added: handedIn - changed - unchanged, changed, unchanged };
}

/** Writes what `stageNews` found under the number of an import that is recorded already. */
export async function insertNews(tx: pg.ClientBase, tables: readonly PayoutTable[], importNo: number): Promise<void> {
  for (const table of tables) {
    const columns = columnsOf(table).join(', ');
    await tx.query(
      `insert into ${table} (${columns}, import_no)
       select ${columns}, $1::integer from ${stagedTable(table)} order by ${TABLES[table].key.join(', ')}`,
      [importNo],
    );
    await tx.query(`drop table ${stagedTable(table)}`);
  }
}

/** SHA-256 over the SHA-256 of each staged row as a JSON array, in key order, by table; tables without rows are left out. */
export async function digestNews(tx: pg.ClientBase, tables: readonly PayoutTable[]): Promise<string[]> {
  const digests: string[] = [];
  for (const table of tables) {
    const { rows } = await tx.query<{ digest: string | null }>(
      `select ${digestOf(table)} as digest from ${stagedTable(table)}`,
    );
    const digest = rows[0]?.digest ?? null;
    if (digest !== null) digests.push(`${table} ${digest}`);
  }
  return digests.sort();
}

/** The same over the recorded rows, by the number of their import. */
export async function digestRecorded(q: Queryable): Promise<Map<number, string[]>> {
  const byImport = new Map<number, string[]>();
  for (const table of PAYOUT_TABLES) {
    const { rows } = await q.query<{ importNo: number; digest: string }>(
      `select import_no as "importNo", ${digestOf(table)} as digest from ${table} group by import_no`,
    );
    for (const { importNo, digest } of rows) {
      byImport.set(importNo, [...(byImport.get(importNo) ?? []), `${table} ${digest}`].sort());
    }
  }
  return byImport;
}

/** The rows of a table that hold: of each key the one that was recorded last. For `from`. */
function lastRecorded(table: PayoutTable): string {
  const key = TABLES[table].key.join(', ');
  return `(select distinct on (${key}) * from ${table} order by ${key}, import_no desc) as last_recorded`;
}

function columnsOf(table: PayoutTable): readonly string[] {
  return [...TABLES[table].key, ...TABLES[table].values];
}

function stagedTable(table: PayoutTable): string {
  return `new_${table}`;
}

function qualified(alias: string, columns: readonly string[]): string {
  return columns.map(column => `${alias}.${column}`).join(', ');
}

function sameValues(table: PayoutTable): string {
  const { values } = TABLES[table];
  return `(${qualified('staged', values)}) is not distinct from (${qualified('last_recorded', values)})`;
}

/** Keys as JSON compare alike whatever the collation of the database and the session's DateStyle. */
function digestOf(table: PayoutTable): string {
  const row = `sha256(convert_to(json_build_array(${columnsOf(table).join(', ')})::text, 'UTF8'))`;
  const key = `json_build_array(${TABLES[table].key.join(', ')})::text collate "C"`;
  return `encode(sha256(string_agg(${row}, ''::bytea order by ${key})), 'hex')`;
}
