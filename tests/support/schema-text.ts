import type pg from 'pg';

/** Each query yields one text per object, in the order in which the objects are written down. */
const SECTIONS = {
  types: `
    select format(E'create type %s as %s;', oid::regtype, case typtype
      when 'e' then (
        select format(E'enum (\\n  %s\\n)', string_agg(quote_literal(enumlabel), E',\\n  ' order by enumsortorder))
        from pg_enum
        where enumtypid = pg_type.oid
      )
      else 'unknown kind ' || typtype::text
    end) as text
    from pg_type
    where typnamespace = $1::regnamespace and typelem = 0 and (typtype <> 'c' or typrelid in (
      select oid from pg_class where relkind = 'c'
    ))
    order by typname collate "C"`,

  sequences: `
    select format('create sequence %s as %s;', oid::regclass, format_type(seqtypid, null)) as text
    from pg_class
    join pg_sequence on seqrelid = pg_class.oid
    where relnamespace = $1::regnamespace
    order by relname collate "C"`,

  tables: `
    select concat_ws(E'\\n', head, body, tail, indexes, triggers) as text
    from pg_class as c
    cross join lateral (
      select
        case when relispartition
          then format('create table %s partition of %s', c.oid::regclass, (select inhparent::regclass from pg_inherits where inhrelid = c.oid))
          else format('create %stable %s', case relpersistence when 'p' then '' else relpersistence::text || ' ' end, c.oid::regclass)
        end || ' (' as head,
        concat(
          ') ' || pg_get_expr(relpartbound, c.oid),
          case when not relispartition then ')' end,
          ' partition by ' || pg_get_partkeydef(c.oid),
          ' with (' || array_to_string(reloptions, ', ') || ')',
          case when relrowsecurity then ' with row security' end,
          ';'
        ) as tail
    ) as around
    cross join lateral (
      select string_agg('  ' || line, E',\\n' order by kind, place, line collate "C") as body
      from (
        select 1 as kind, attnum::integer as place, concat_ws(' ', attname, format_type(atttypid, atttypmod),
          case when attstorage <> typstorage then case attstorage
            when 'p' then 'storage plain' when 'e' then 'storage external' when 'm' then 'storage main' else 'storage extended'
          end end,
          'collate ' || case when attcollation <> typcollation then attcollation::regcollation::text end,
          case when attnotnull then 'not null' end,
          'default ' || pg_get_expr(adbin, adrelid),
          'identity ' || nullif(attidentity::text, ''),
          'generated ' || nullif(attgenerated::text, '')
        ) as line
        from pg_attribute
        join pg_type on pg_type.oid = atttypid
        left join pg_attrdef on adrelid = attrelid and adnum = attnum
        where attrelid = c.oid and attnum > 0 and not attisdropped
        union all
        -- Columns tell of their not null themselves.
        select 2, 0, format('constraint %s %s', conname, pg_get_constraintdef(oid, true))
        from pg_constraint
        where conrelid = c.oid and contype in ('p', 'u', 'c', 'f', 'x')
      ) as lines
    ) as inside
    cross join lateral (
      select string_agg(pg_get_indexdef(indexrelid, 0, true) || ';', E'\\n' order by indexrelid::regclass::text collate "C") as indexes
      from pg_index
      where indrelid = c.oid and not exists (select from pg_constraint where conindid = indexrelid and conrelid = c.oid)
    ) as beside
    cross join lateral (
      select string_agg(
        format(E'%s;\\nalter table %s %s trigger %s;', pg_get_triggerdef(oid, true), c.oid::regclass, case tgenabled
          when 'A' then 'enable always' when 'R' then 'enable replica' when 'O' then 'enable' else 'disable'
        end, tgname),
        E'\\n' order by tgname collate "C"
      ) as triggers
      from pg_trigger
      where tgrelid = c.oid and not tgisinternal
    ) as guards
    where relnamespace = $1::regnamespace and relkind in ('r', 'p', 'f')
    order by relname collate "C"`,

  views: `
    select format(E'create view %s as\\n%s', oid::regclass, pg_get_viewdef(oid, true)) as text
    from pg_class
    where relnamespace = $1::regnamespace and relkind in ('v', 'm')
    order by relname collate "C"`,

  functions: `
    select pg_get_functiondef(oid) || ';' as text
    from pg_proc
    where pronamespace = $1::regnamespace
    order by proname collate "C", pg_get_function_identity_arguments(oid) collate "C"`,

  privileges: `
    with granted as (
      select 'schema ' || nspname as on_what, '' as columns, nspacl as acl
      from pg_namespace
      where oid = $1::regnamespace
      union all
      select case relkind when 'S' then 'sequence ' else 'table ' end || oid::regclass, '', relacl
      from pg_class
      where relnamespace = $1::regnamespace
      union all
      select 'table ' || attrelid::regclass, format(' (%s)', attname), attacl
      from pg_attribute
      join pg_class on pg_class.oid = attrelid
      where relnamespace = $1::regnamespace
      union all
      select 'function ' || oid::regprocedure, '', coalesce(proacl, acldefault('f', proowner))
      from pg_proc
      where pronamespace = $1::regnamespace
      union all
      select 'objects made later', '', defaclacl
      from pg_default_acl
      where defaclnamespace in (0, $1::regnamespace)
    )
    select format('grant %s on %s to %s;',
      string_agg(lower(privilege_type) || columns, ', ' order by lower(privilege_type) || columns collate "C"),
      on_what, role) as text
    from granted
    cross join aclexplode(acl)
    cross join lateral (select case grantee when 0 then 'public' else grantee::regrole::text end as role) as named
    where role in ('public', $2)
    group by on_what, role
    order by on_what collate "C", role collate "C"`,
} as const;

/**
 * Everything about a schema that the server's catalog tells, in its own words, to be read as SQL and to be compared; `$2` is the
 * role whose privileges are of interest.
 */
export async function schemaText(
  owner: pg.ClientBase,
  { schema, role }: { readonly schema: string; readonly role: string },
): Promise<string> {
  const sections: string[] = [];
  for (const [name, query] of Object.entries(SECTIONS)) {
    const values = name === 'privileges' ? [schema, role] : [schema];
    const { rows } = await owner.query<{ text: string }>(query, values);
    if (rows.length === 0) continue;
    const separator = name === 'privileges' ? '\n' : '\n\n';
    sections.push(`-- ${name}\n\n${rows.map(row => row.text.trimEnd()).join(separator)}\n`);
  }
  return sections.join('\n');
}
