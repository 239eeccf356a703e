import { hash } from 'node:crypto';
import { createIsbotFromList, list as patternsOfLibrary } from 'isbot';
import type { Queryable } from '../db/database.ts';
import { AddressRanges, type Network } from './address-ranges.ts';
import { parseNetwork } from './network-file.ts';

/** Lists that checks of one event alone go by; each is recorded as a whole, so that a verdict can be repeated for ever. */
export type ListName = 'known_bots' | 'data_centres';

export interface RecordedList {
  readonly name: ListName;
  /** SHA-256 over the entries, as hex. */
  readonly digest: string;
  readonly entries: number;
  readonly referenceVersion: number;
}

/** Patterns of user agents, as regular expressions without regard to case, that this program would record now. */
export function currentBotPatterns(): readonly string[] {
  return patternsOfLibrary;
}

/** Entries as they are stored, one a line: no pattern and no network holds a line's end. */
export function listText(entries: readonly string[]): string {
  return entries.join('\n');
}

export function listDigest(text: string): string {
  return hash('sha256', text, 'hex');
}

/** Of each list its last version up to `referenceVersion`. */
export async function recordedLists(q: Queryable, referenceVersion: number): Promise<RecordedList[]> {
  const { rows } = await q.query<RecordedList>(
    `select distinct on (list_name) list_name as name, digest, entry_count as entries, reference_version as "referenceVersion"
     from traffic_lists
     where reference_version <= $1
     order by list_name, reference_version desc`,
    [referenceVersion],
  );
  return rows;
}

export async function listEntries(q: Queryable, { name, referenceVersion }: RecordedList): Promise<string[]> {
  const { rows } = await q.query<{ entries: string }>(
    'select entries from traffic_lists where list_name = $1 and reference_version = $2',
    [name, referenceVersion],
  );
  const [row] = rows;
  if (row === undefined) throw new Error(`the list ${name} of version ${referenceVersion} is missing`);
  return row.entries === '' ? [] : row.entries.split('\n');
}

export type IsOnList = (text: string) => boolean;

/** By digest: lists are large and seldom change, and the same digest is the same list in every database. */
const compiled = new Map<string, IsOnList>();
const COMPILED_LISTS = 8;

/** Whether a text is on the list: a user agent matches one of its patterns, an address lies in one of its networks. */
export async function compileList(q: Queryable, list: RecordedList): Promise<IsOnList> {
  const key = `${list.name} ${list.digest}`;
  const known = compiled.get(key);
  if (known !== undefined) return known;
  const entries = await listEntries(q, list);
  const isOnList = list.name === 'known_bots' ? botMatcher(entries) : networkMatcher(entries);
  for (const oldest of compiled.keys()) {
    if (compiled.size < COMPILED_LISTS) break;
    compiled.delete(oldest);
  }
  compiled.set(key, isOnList);
  return isOnList;
}

/** User agents whose verdicts are remembered: a browser's comes again and again, and matching costs a microsecond. */
const REMEMBERED_AGENTS = 65_536;

/** Empty user agents match nothing. */
export function botMatcher(patterns: readonly string[]): IsOnList {
  if (patterns.length === 0) return () => false;
  const matches = createIsbotFromList([...patterns]);
  const known = new Map<string, boolean>();
  return userAgent => {
    let verdict = known.get(userAgent);
    if (verdict === undefined) {
      verdict = matches(userAgent);
      if (known.size >= REMEMBERED_AGENTS) known.clear();
      known.set(userAgent, verdict);
    }
    return verdict;
  };
}

function networkMatcher(entries: readonly string[]): IsOnList {
  const ranges = new AddressRanges(entries.map(parsed));
  return address => ranges.has(address);
}

function parsed(entry: string): Network {
  const network = parseNetwork(entry);
  if (network === null) throw new Error(`the recorded list of data centres holds ${entry}`);
  return network;
}
