import type pg from 'pg';
import { currentReferenceVersion, lockReference, recordReferenceVersion } from '../catalog/reference-version.ts';
import type { BusinessDay } from '../domain/business-day.ts';
import { needsOtherEvents, type TrafficChecks } from './checks.ts';
import { loadPolicies, PolicyBook, storedChecks, type TrafficPolicy } from './policy.ts';
import type { PolicyFile } from './policy-file.ts';
import { currentBotPatterns, type ListName, listDigest, listText, recordedLists } from './traffic-lists.ts';

export interface PoliciesImport {
  /** The version that this import recorded, or the one that holds if it changed nothing. */
  readonly referenceVersion: number;
  readonly added: number;
  readonly changed: number;
  readonly unchanged: number;
  /** Lists that are recorded anew. */
  readonly lists: readonly { readonly name: ListName; readonly entries: number }[];
  /** Days on which checks that need other events may find something else now; null while there is no last one. */
  readonly affected: readonly { readonly fromDay: BusinessDay; readonly toDay: BusinessDay | null }[];
}

/**
 * Records policies that are new or say something else as a new version, with the patterns of bots that this program knows and, if
 * they are handed in, the networks of data centres. A second import of the same changes nothing; a policy or list that is left out
 * stays as it is. Events that were processed before are never judged again by the checks of one event alone.
 */
export async function importPolicies(
  tx: pg.ClientBase,
  file: PolicyFile,
  { networks, recordedAt }: { readonly networks: readonly string[] | null; readonly recordedAt: Date },
): Promise<PoliciesImport> {
  await lockReference(tx, 'exclusive');
  const current = await currentReferenceVersion(tx);
  const before = await loadPolicies(tx, current);
  const known = new Map(before.policies.map(policy => [policy.effectiveFrom, policy]));
  const fresh = file.policies.filter(policy => {
    const same = known.get(policy.effectiveFrom);
    return same === undefined || textOf(same.checks) !== textOf(policy.checks);
  });
  const added = fresh.filter(policy => !known.has(policy.effectiveFrom)).length;
  const counts = { added, changed: fresh.length - added, unchanged: file.policies.length - fresh.length };
  const lists = await newLists(tx, current, { known_bots: currentBotPatterns(), data_centres: networks });
  const { referenceVersion } = await record(tx, { fresh, lists, recordedAt });
  const replaced = new Map([...known, ...fresh.map(policy => [policy.effectiveFrom, policy] as const)]);
  return {
    referenceVersion,
    ...counts,
    lists: lists.map(({ name, entries }) => ({ name, entries: entries.length })),
    affected: affectedDays(before, new PolicyBook(replaced.values())),
  };
}

interface NewList {
  readonly name: ListName;
  readonly entries: readonly string[];
  readonly text: string;
  readonly digest: string;
}

async function newLists(
  tx: pg.ClientBase,
  referenceVersion: number,
  handedIn: Readonly<Record<ListName, readonly string[] | null>>,
): Promise<NewList[]> {
  const recorded = new Map((await recordedLists(tx, referenceVersion)).map(list => [list.name, list.digest]));
  return (['known_bots', 'data_centres'] as const).flatMap(name => {
    const entries = handedIn[name];
    if (entries === null) return [];
    const text = listText(entries);
    const digest = listDigest(text);
    return recorded.get(name) === digest ? [] : [{ name, entries, text, digest }];
  });
}

async function record(
  tx: pg.ClientBase,
  {
    fresh,
    lists,
    recordedAt,
  }: { readonly fresh: readonly TrafficPolicy[]; readonly lists: readonly NewList[]; readonly recordedAt: Date },
): Promise<{ referenceVersion: number }> {
  await tx.query(
    `create temporary table changed_policies on commit drop as
     select effective_from::date, checks::jsonb, lookback_days::smallint
     from unnest($1::text[], $2::text[], $3::int[]) as policy (effective_from, checks, lookback_days)`,
    [
      fresh.map(policy => policy.effectiveFrom),
      fresh.map(policy => JSON.stringify(storedChecks(policy.checks))),
      fresh.map(policy => policy.checks.lookbackDays),
    ],
  );
  await tx.query(
    `create temporary table changed_lists on commit drop as
     select *
     from unnest($1::text[], $2::text[], $3::int[], $4::text[]) as list (list_name, digest, entry_count, entries)`,
    [
      lists.map(list => list.name),
      lists.map(list => list.digest),
      lists.map(list => list.entries.length),
      lists.map(list => list.text),
    ],
  );
  const news = [
    { table: 'traffic_policy_versions', from: 'changed_policies' },
    { table: 'traffic_lists', from: 'changed_lists' },
  ] as const;
  const recorded = await recordReferenceVersion(tx, { kind: 'traffic', recordedAt, news });
  await tx.query('drop table changed_policies, changed_lists');
  return recorded;
}

/**
 * Days on which checks that need other events differ between two books, with the day after each stretch: a chain of clicks reaches
 * over midnight.
 */
export function affectedDays(
  before: PolicyBook,
  after: PolicyBook,
): { fromDay: BusinessDay; toDay: BusinessDay | null }[] {
  const starts = [...new Set([...before.policies, ...after.policies].map(policy => policy.effectiveFrom))].sort();
  return starts.flatMap((fromDay, index) => {
    if (derivedText(before.on(fromDay)) === derivedText(after.on(fromDay))) return [];
    return [{ fromDay, toDay: starts[index + 1] ?? null }];
  });
}

function textOf(checks: TrafficChecks): string {
  return JSON.stringify([storedChecks(checks), checks.lookbackDays]);
}

function derivedText(checks: TrafficChecks | null): string {
  if (checks === null || !needsOtherEvents(checks)) return '';
  return textOf({ ...checks, knownBot: false, dataCentre: false });
}
