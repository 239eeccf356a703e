import type { Queryable } from '../db/database.ts';
import type { Person } from './person.ts';

const COLUMNS = `person_id as "personId", version, name, roles, book, disabled, valid_from as "validFrom"`;

/** Whether anybody at all is on record. */
export async function anyPersons(q: Queryable): Promise<boolean> {
  const { rows } = await q.query<{ any: boolean }>('select exists (select from persons) as any');
  return rows[0]?.any ?? false;
}

/** Whether there are two persons at the instant of whom one may propose most kinds of decisions and the other approve them. */
export async function canDecideByTwo(q: Queryable, at: Date): Promise<boolean> {
  const { rows } = await q.query<{ can: boolean }>(
    `with able as (
       select persons.person_id, roles
       from persons
       cross join lateral (
         select roles, disabled
         from person_versions
         where person_id = persons.person_id and valid_from <= $1
         order by version desc
         limit 1
       ) as current
       where not disabled
     )
     select exists (
       select
       from able as proposer
       join able as approver on approver.person_id <> proposer.person_id
       where proposer.roles && array['finance', 'operator'] and approver.roles && array['approver']
     ) as can`,
    [at],
  );
  return rows[0]?.can ?? false;
}

/** The version of a person that holds at an instant; null for nobody, and before a person's first version. */
export async function personAt(
  q: Queryable,
  { personId, at }: { readonly personId: string; readonly at: Date },
): Promise<Person | null> {
  const { rows } = await q.query<Person>(
    `select ${COLUMNS}
     from person_versions
     join persons using (person_id)
     where lower(person_id collate "C") = lower($1 collate "C") and valid_from <= $2
     order by version desc
     limit 1`,
    [personId, at],
  );
  return rows[0] ?? null;
}

/** The last recorded version of each of these persons, whether or not it holds already, by id in lower case. */
export async function lastVersions(q: Queryable, personIds: readonly string[]): Promise<Map<string, Person>> {
  const { rows } = await q.query<Person>(
    `select distinct on (person_id) ${COLUMNS}
     from person_versions
     join persons using (person_id)
     where lower(person_id collate "C") = any ($1)
     order by person_id, version desc`,
    [personIds.map(id => id.toLowerCase())],
  );
  return new Map(rows.map(person => [person.personId.toLowerCase(), person]));
}

/** Each person's version that holds at the instant, or the last one recorded where none holds yet; by id after `after`. */
export async function personsInOrder(
  q: Queryable,
  { at, after, limit }: { readonly at: Date; readonly after: string; readonly limit: number },
): Promise<Person[]> {
  const { rows } = await q.query<Person>(
    `select ${COLUMNS}
     from persons
     cross join lateral (
       select version, name, roles, book, disabled, valid_from
       from person_versions
       where person_id = persons.person_id
       order by valid_from <= $1 desc, version desc
       limit 1
     ) as current
     where lower(person_id collate "C") > $2
     order by lower(person_id collate "C")
     limit $3`,
    [at, after.toLowerCase(), limit],
  );
  return rows;
}

/** Adds persons that are new, and a version of each. */
export async function insertPersonVersions(q: Queryable, persons: readonly Person[], recordedAt: Date): Promise<void> {
  const fresh = persons.filter(person => person.version === 1);
  await q.query('insert into persons (person_id, recorded_at) select unnest($1::text[]), $2', [
    fresh.map(person => person.personId),
    recordedAt,
  ]);
  await q.query(
    `insert into person_versions (person_id, version, name, roles, book, disabled, valid_from, recorded_at)
     select "personId", version, name, roles, book, disabled, "validFrom", $2
     from jsonb_to_recordset($1) as person ("personId" text, version integer, name text, roles text[], book text,
       disabled boolean, "validFrom" timestamptz)`,
    [JSON.stringify(persons), recordedAt],
  );
}

/** Every version of every person, with when it was recorded, the last first. */
export async function allPersonVersions(q: Queryable): Promise<(Person & { readonly recordedAt: Date })[]> {
  const { rows } = await q.query<Person & { recordedAt: Date }>(
    `select ${COLUMNS}, person_versions.recorded_at as "recordedAt"
     from person_versions
     join persons using (person_id)
     order by lower(person_id collate "C"), version desc`,
  );
  return rows;
}
