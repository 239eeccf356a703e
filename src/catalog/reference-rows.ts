import type pg from 'pg';
import type { Queryable } from '../db/database.ts';

/** What each table of reference data holds, its key first, besides the version. */
const COLUMNS = {
  developers: ['developer_id'],
  developer_versions: ['developer_id', 'name', 'type', 'country'],
  apps: ['app_id', 'developer_id'],
  app_versions: ['app_id', 'name', 'category', 'category_from'],
  ad_units: ['ad_unit_id', 'app_id'],
  ad_unit_versions: ['ad_unit_id', 'format'],
  campaign_versions: ['campaign_id', 'currency', 'rate_cards'],
  plan_versions: [
    'plan_id',
    'scope',
    'scope_id',
    'currency',
    'effective_from',
    'effective_to',
    'basis',
    'mode',
    'tiers',
    'outside_band',
  ],
  plan_acceptances: ['plan_id', 'plan_version', 'developer_id', 'actor', 'accepted_on'],
  providers: ['provider_id'],
  provider_versions: ['provider_id', 'name', 'type', 'country'],
  provider_terms: ['provider_id', 'app_id', 'terms'],
  provider_confirmations: ['provider_id', 'app_id', 'terms_version', 'confirmed_on', 'actor'],
  traffic_policy_versions: ['effective_from', 'checks', 'lookback_days'],
  traffic_lists: ['list_name', 'digest', 'entry_count', 'entries'],
  invalidations: [
    'invalidation_id',
    'developer_id',
    'app_id',
    'ad_unit_id',
    'event_type',
    'from_day',
    'to_day',
    'events',
    'event_count',
    'reason',
    'actor',
    'note',
  ],
  reinstatements: ['invalidation_id', 'reason', 'actor'],
  holds: ['hold_id', 'owner_id', 'app_id', 'from_day', 'owed'],
  funds: ['fund_id'],
  fund_terms: ['fund_id', 'currency', 'start_day', 'end_day', 'rule'],
  fund_changes: ['decision_id', 'fund_id', 'change', 'amount_nanos'],
  hold_acts: ['decision_id', 'act', 'hold_id', 'owner_id', 'app_id', 'from_day', 'to_day', 'ends_hold'],
} as const;

export type ReferenceTable = keyof typeof COLUMNS;

/** The whole key, besides the version, where it is not just the first column. */
const LONGER_KEYS: Partial<Record<ReferenceTable, readonly string[]>> = {
  // A date has no collation.
  traffic_policy_versions: ["to_char(effective_from, 'YYYY-MM-DD')"],
  provider_terms: ['provider_id', 'app_id'],
  provider_confirmations: ['provider_id', 'app_id'],
};

const TABLES = Object.keys(COLUMNS) as ReferenceTable[];

/** SHA-256 over the SHA-256 of each row of one version as a JSON array of its columns, in key order; as hex. */
export interface RowsDigest {
  readonly table: ReferenceTable;
  readonly rows: number;
  readonly digest: string;
}

/** Rows about to be recorded: `from` is a table, with a condition if need be, whose columns are named as in `table`. */
export interface NewRows {
  readonly table: ReferenceTable;
  readonly from: string;
}

export function referenceColumns(table: ReferenceTable): readonly string[] {
  return COLUMNS[table];
}

/** The digests of the tables that get any rows. */
export async function digestNewRows(tx: pg.ClientBase, news: readonly NewRows[]): Promise<RowsDigest[]> {
  const digests: RowsDigest[] = [];
  for (const { table, from } of news) {
    const { rows } = await tx.query<{ rows: number; digest: string | null }>(
      `select count(*) as rows, ${digestOf(table)} as digest from ${from}`,
    );
    const [found] = rows;
    if (found !== undefined && found.digest !== null) digests.push({ table, rows: found.rows, digest: found.digest });
  }
  return digests;
}

/** Writes the tables in the order given, which foreign keys ask to be that of what they point at first. */
export async function insertNewRows(
  tx: pg.ClientBase,
  news: readonly NewRows[],
  referenceVersion: number,
): Promise<void> {
  for (const { table, from } of news) {
    const columns = COLUMNS[table].join(', ');
    await tx.query(
      `insert into ${table} (${columns}, reference_version)
       select ${columns}, $1::integer from ${from} order by ${keyOf(table).join(', ')}`,
      [referenceVersion],
    );
  }
}

/** The digests of all rows by version; the server keeps 32 bytes a row of one version at a time. */
export async function digestAllRows(q: Queryable): Promise<Map<number, RowsDigest[]>> {
  const byVersion = new Map<number, RowsDigest[]>();
  for (const table of TABLES) {
    const { rows } = await q.query<{ version: number; rows: number; digest: string }>(
      `select reference_version as version, count(*) as rows, ${digestOf(table)} as digest from ${table} group by reference_version`,
    );
    for (const { version, rows: count, digest } of rows) {
      const digests = byVersion.get(version) ?? [];
      digests.push({ table, rows: count, digest });
      byVersion.set(version, digests);
    }
  }
  return byVersion;
}

function keyOf(table: ReferenceTable): readonly string[] {
  return LONGER_KEYS[table] ?? [COLUMNS[table][0]];
}

/** Dates in JSON do not depend on the session's DateStyle, nor the order of the keys on the database's collation. */
function digestOf(table: ReferenceTable): string {
  const row = `sha256(convert_to(json_build_array(${COLUMNS[table].join(', ')})::text, 'UTF8'))`;
  const order = keyOf(table).map(column => `${column} collate "C"`);
  return `encode(sha256(string_agg(${row}, ''::bytea order by ${order.join(', ')})), 'hex')`;
}
