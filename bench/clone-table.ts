import type pg from 'pg';

export interface TableName {
  readonly schema: string;
  readonly table: string;
}

/**
 * Makes an empty table like another one: columns, checks, keys and indexes, foreign keys, triggers with their firing mode, and partitioning
 * with the same partitions, whatever the schema has become by then. Autovacuum is off, so that it does not fall into another's run.
 */
export async function cloneTable(owner: pg.Client, source: TableName, clone: TableName): Promise<void> {
  const { rows } = await owner.query<{ partition_key: string | null }>(
    'select pg_get_partkeydef($1::regclass) as partition_key',
    [nameOf(source)],
  );
  const key = rows[0]?.partition_key ?? null;
  const like = `create table ${nameOf(clone)} (like ${nameOf(source)} including all)`;
  await owner.query(key === null ? `${like} with (autovacuum_enabled = false)` : `${like} partition by ${key}`);
  await cloneForeignKeys(owner, source, clone);
  if (key !== null) {
    for (const partition of await partitionsOf(owner, source)) {
      await owner.query(
        `create table ${clone.schema}.${partition.table} partition of ${nameOf(clone)} ${partition.bound}
         with (autovacuum_enabled = false)`,
      );
    }
  }
  // Row triggers of the parent are cloned to its partitions by Postgres, so they come last and only from where they were made.
  await cloneTriggers(owner, source, clone);
  if (key === null) return;
  for (const { table } of await partitionsOf(owner, source)) {
    await cloneTriggers(owner, { schema: source.schema, table }, { schema: clone.schema, table });
  }
}

async function partitionsOf(
  owner: pg.Client,
  { schema, table }: TableName,
): Promise<{ table: string; bound: string }[]> {
  const { rows } = await owner.query<{ table: string; bound: string }>(
    `select quote_ident(relname) as table, pg_get_expr(relpartbound, pg_class.oid) as bound
     from pg_inherits
     join pg_class on pg_class.oid = inhrelid
     where inhparent = $1::regclass
     order by relname`,
    [`${schema}.${table}`],
  );
  return rows;
}

async function cloneForeignKeys(owner: pg.Client, source: TableName, clone: TableName): Promise<void> {
  const { rows } = await owner.query<{ name: string; definition: string }>(
    `select quote_ident(conname) as name, pg_get_constraintdef(oid) as definition
     from pg_constraint
     where conrelid = $1::regclass and contype = 'f' and conparentid = 0`,
    [nameOf(source)],
  );
  for (const { name, definition } of rows) {
    await owner.query(`alter table ${nameOf(clone)} add constraint ${name} ${definition}`);
  }
}

async function cloneTriggers(owner: pg.Client, source: TableName, clone: TableName): Promise<void> {
  const { rows } = await owner.query<{ name: string; definition: string; enabled: string; is_inherited: boolean }>(
    `select quote_ident(tgname) as name, pg_get_triggerdef(oid) as definition, tgenabled as enabled, tgparentid <> 0 as is_inherited
     from pg_trigger
     where tgrelid = $1::regclass and not tgisinternal`,
    [nameOf(source)],
  );
  for (const { name, definition, enabled, is_inherited } of rows) {
    if (!is_inherited) await owner.query(definition.replace(` ON ${nameOf(source)} `, ` ON ${nameOf(clone)} `));
    if (enabled === 'A') await owner.query(`alter table ${nameOf(clone)} enable always trigger ${name}`);
  }
}

function nameOf({ schema, table }: TableName): string {
  return `${schema}.${table}`;
}
