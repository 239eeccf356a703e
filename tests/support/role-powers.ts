import { APPLICATION_ROLE, type Queryable } from '../../src/db/database.ts';

/** Everything that belongs to the role, here and on the whole server; tables for one session apart. */
const OWNED = `
  select 'relation ' || oid::regclass as owned from pg_class where relowner = $1::regrole and relpersistence <> 't'
  union all
  select 'function ' || oid::regprocedure from pg_proc where proowner = $1::regrole
  union all
  select 'schema ' || nspname from pg_namespace where nspowner = $1::regrole
  union all
  select 'type ' || oid::regtype
  from pg_type
  where typowner = $1::regrole
    and not exists (select from pg_class where pg_class.oid = typrelid and relpersistence = 't')
    and not exists (
      select
      from pg_type as element
      join pg_class on pg_class.oid = element.typrelid
      where element.typarray = pg_type.oid and relpersistence = 't'
    )
  union all
  select 'database ' || datname from pg_database where datdba = $1::regrole`;

/** What the role may do beyond reading and adding to the ledger, and where it could make things. */
const POWERS = `
  select privilege || ' on ' || relname as power
  from pg_class
  cross join unnest('{update,delete,truncate,references,trigger,maintain}'::text[]) as privilege
  where (relname = 'transfers' or relispartition) and relnamespace = 'apportion'::regnamespace and relkind in ('r', 'p')
    and has_table_privilege($1, pg_class.oid, privilege)
  union all
  select 'column ' || privilege || ' on ' || relname
  from pg_class
  cross join unnest('{update,references}'::text[]) as privilege
  where (relname = 'transfers' or relispartition) and relnamespace = 'apportion'::regnamespace and relkind in ('r', 'p')
    and has_any_column_privilege($1, pg_class.oid, privilege)
  union all
  select 'create in ' || nspname
  from pg_namespace
  where nspname !~ '^pg_(toast_)?temp_' and has_schema_privilege($1, oid, 'create')
  union all
  select 'create in ' || datname from pg_database where datname = current_database() and has_database_privilege($1, oid, 'create')
  union all
  select 'is a member of ' || roleid::regrole from pg_auth_members where member = $1::regrole
  union all
  select 'attributes of a role' from pg_roles
  where rolname = $1 and (rolsuper or rolcreaterole or rolcreatedb or rolreplication or rolbypassrls)`;

/** What the application's role owns, could change of the ledger, or could make; nothing, if all is well. */
export async function powersOfApplication(q: Queryable): Promise<string[]> {
  const owned = await q.query<{ owned: string }>(OWNED, [APPLICATION_ROLE]);
  const powers = await q.query<{ power: string }>(POWERS, [APPLICATION_ROLE]);
  return [...owned.rows.map(row => row.owned), ...powers.rows.map(row => row.power)];
}
