import { z } from 'zod';
import { Refusal } from '../domain/errors.ts';
import { shown } from '../domain/shown.ts';
import type { FileProblems } from './file-problems.ts';
import { repeatedField } from './repeated-fields.ts';

/** One entry of a list in a file, with its place for messages. */
export interface Entry<Value> {
  readonly place: string;
  readonly value: Value;
}

/**
 * The lists of a JSON file as `{"developers": [ … ]}`: any of `lists`, nothing else.
 * @throws Refusal with `code` when it is not JSON, not such an object or has none of the lists
 */
export function parseLists<List extends string>(
  text: string,
  { source, code, lists }: { readonly source: string; readonly code: string; readonly lists: readonly List[] },
): Partial<Record<List, unknown[]>> {
  const refuse = (message: string, remedy: string) =>
    new Refusal({ code, message: `${source}: ${message}`, details: { source }, remedy });
  const form = `write {${lists.map(list => `"${list}": [ … ]`).join(', ')}}`;
  const file = parseObject(text, { source, code, form });
  const found: Partial<Record<List, unknown[]>> = {};
  for (const [name, value] of Object.entries(file)) {
    const list = lists.find(known => known === name);
    if (list === undefined) throw refuse(`${shown(name)} is no list of this file`, form);
    if (!Array.isArray(value)) throw refuse(`${name} is ${shown(value)}`, form);
    found[list] = value;
  }
  if (Object.keys(found).length === 0) throw refuse('the file has no list', form);
  return found;
}

/**
 * The one object of a JSON file; `form` is the remedy where there is none.
 * @throws Refusal with `code` when it is not JSON, not an object or has a field twice in one object
 */
export function parseObject(
  text: string,
  { source, code, form }: { readonly source: string; readonly code: string; readonly form: string },
): object {
  const refuse = (message: string, remedy: string) =>
    new Refusal({ code, message: `${source}: ${message}`, details: { source }, remedy });
  if (text.trim() === '') throw refuse('the file is empty', form);
  const file = parseJson(text, fault => refuse(`not JSON, ${fault}`, 'correct or write the file again'));
  if (typeof file !== 'object' || file === null || Array.isArray(file)) throw refuse(`holds ${shown(file)}`, form);
  const repeated = repeatedField(text);
  if (repeated !== null) throw refuse(`${shown(repeated)} stands twice in one object`, 'keep one of them');
  return file;
}

/**
 * The entries that pass `schema`; of the others each problem is told. The messages of the schema are remedies. Entries are taken
 * out of `entries` as they are read: a catalog of millions would otherwise be held twice.
 */
export function* parseEntries<Value>(
  entries: unknown[],
  {
    list,
    schema,
    problems,
  }: { readonly list: string; readonly schema: z.ZodType<Value>; readonly problems: FileProblems },
): Generator<Entry<Value>> {
  for (let index = 0; index < entries.length; index += 1) {
    const place = `${list}[${index}]`;
    const entry = entries[index];
    entries[index] = null;
    const parsed = parseEntry(entry, { place, schema, problems });
    if (parsed !== null) yield parsed;
  }
}

/** What `schema` makes of one entry; null where it has problems, each of which is told. */
export function parseEntry<Value>(
  entry: unknown,
  {
    place,
    schema,
    problems,
  }: { readonly place: string; readonly schema: z.ZodType<Value>; readonly problems: FileProblems },
): Entry<Value> | null {
  const parsed = schema.safeParse(entry);
  if (parsed.success) return { place, value: parsed.data };
  for (const issue of parsed.error.issues) tell(problems, { place, entry, issue });
  return null;
}

/** Passes entries on, but tells of ids that an earlier entry of the list has. */
export function* eachIdOnce<Value extends { readonly id: string }>(
  problems: FileProblems,
  entries: Iterable<Entry<Value>>,
): Generator<Entry<Value>> {
  const seen = new Set<string>();
  for (const entry of entries) {
    const { id } = entry.value;
    if (seen.has(id)) {
      const fault = 'the id of an earlier entry too';
      problems.add({ place: `${entry.place}.id`, value: id, fault, remedy: 'keep one of them' });
      continue;
    }
    seen.add(id);
    yield entry;
  }
}

/** An object with these fields and no others. */
export function strictEntry<Shape extends z.core.$ZodLooseShape>(shape: Shape) {
  const fields = `its fields are ${Object.keys(shape).join(', ')}`;
  return z.strictObject(shape, {
    error: issue => (issue.code === 'unrecognized_keys' ? `remove it, ${fields}` : `write an object, ${fields}`),
  });
}

function parseJson(text: string, refuse: (fault: string) => Refusal): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw refuse(jsonFault(text, error instanceof Error ? error.message : ''));
  }
}

/** Where Node tells no line, it quotes what stands around the fault: ten characters before it, unless the text begins there. */
function jsonFault(text: string, message: string): string {
  if (message.startsWith('Unexpected end')) return 'it ends too early';
  const place = /\((line \d+ column \d+)\)$/.exec(message)?.[1];
  if (place !== undefined) return `at ${place}`;
  const [, before, excerpt = ''] = /, (\.\.\.)?"(.*)"(?:\.\.\.)? is not valid JSON$/s.exec(message) ?? [];
  const at = text.indexOf(excerpt);
  if (excerpt === '' || at < 0 || text.indexOf(excerpt, at + 1) >= 0) return 'it has an unexpected character';
  const line = text.slice(0, at + (before === undefined ? 0 : 10)).split('\n').length;
  return `line ${line} at ${shown(excerpt.trim())}`;
}

function tell(
  problems: FileProblems,
  { place, entry, issue }: { readonly place: string; readonly entry: unknown; readonly issue: z.core.$ZodIssue },
): void {
  const faulty = placeOf(place, issue.path);
  if (issue.code !== 'unrecognized_keys') {
    problems.add({ place: faulty, value: valueAt(entry, issue.path), remedy: issue.message });
    return;
  }
  for (const key of issue.keys) {
    const value = valueAt(entry, [...issue.path, key]) ?? null;
    problems.add({
      place: placeOf(faulty, [key.slice(0, 80)]),
      value,
      fault: 'an unknown field',
      remedy: issue.message,
    });
  }
}

function placeOf(entry: string, path: readonly PropertyKey[]): string {
  return path.reduce<string>((place, step) => {
    if (typeof step === 'number') return `${place}[${step}]`;
    return place === '' ? String(step) : `${place}.${String(step)}`;
  }, entry);
}

function valueAt(entry: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, step) => (typeof value === 'object' && value !== null ? Reflect.get(value, step) : undefined),
    entry,
  );
}
