import { hash } from 'node:crypto';
import type pg from 'pg';

const names = new Map<string, string>();

/**
 * The same connection, on which each statement is parsed and planned once and then run again by name. For what is asked over and
 * over with few different texts: planning over a ledger's partitions takes longer than reading one book.
 */
export function prepared(client: pg.ClientBase): pg.ClientBase {
  const query = (text: unknown, values?: unknown[]) =>
    typeof text === 'string'
      ? client.query({ name: nameOf(text), text, values: values ?? [] })
      : client.query(text as pg.Submittable);
  return Object.assign(Object.create(client), { query });
}

/**
 * Inside a transaction, so that what `work` asks is really planned once a connection, for any values: left to itself, Postgres takes a
 * list of one id for a reason to plan anew each time, which takes longer than to read one book. Rows that lie on many pages are fetched
 * side by side instead of one after the other. Nothing that `work` asks may need its values to be planned well, as
 * `$1 is null or …` does.
 */
export async function plannedOnce<Result>(client: pg.ClientBase, work: () => Promise<Result>): Promise<Result> {
  await client.query({ text: 'set local plan_cache_mode = force_generic_plan; set local enable_indexscan = off' });
  const result = await work();
  await client.query({ text: 'set local plan_cache_mode to default; set local enable_indexscan to default' });
  return result;
}

const AS_TEXT: pg.CustomTypesConfig = { getTypeParser: () => (text: unknown) => text };

/**
 * The rows of a query, planned once a connection, as arrays of Postgres' own texts: for what is read by the hundred thousand, where
 * parsing every column costs more than reading it.
 */
export async function textRows(
  client: pg.ClientBase,
  text: string,
  values: unknown[],
): Promise<readonly (readonly (string | null)[])[]> {
  const { rows } = await client.query<(string | null)[]>({
    name: nameOf(text),
    text,
    values,
    rowMode: 'array',
    types: AS_TEXT,
  });
  return rows;
}

function nameOf(text: string): string {
  let name = names.get(text);
  if (name === undefined) {
    name = hash('sha256', text, 'hex').slice(0, 32);
    names.set(text, name);
  }
  return name;
}
