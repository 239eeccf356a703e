import { currentReferenceVersion } from '../catalog/reference-version.ts';
import type { Queryable } from '../db/database.ts';
import { loadPolicies, type StoredChecks, storedChecks } from './policy.ts';
import { type ListName, listEntries, recordedLists } from './traffic-lists.ts';

/** What is asked of traffic now, in the words of the file. */
export interface TrafficShown {
  readonly version: number;
  readonly traffic_policies: readonly {
    readonly effective_from: string;
    readonly checks: StoredChecks;
    readonly lookback_days: number;
  }[];
  readonly lists: readonly ShownList[];
}

export interface ShownList {
  readonly name: ListName;
  /** The version that recorded it. */
  readonly version: number;
  readonly count: number;
  readonly digest: string;
  /** Only if they are asked for. */
  readonly entries?: readonly string[];
}

/** The policies and lists that hold now. */
export async function showTraffic(
  q: Queryable,
  { withEntries }: { readonly withEntries: boolean },
): Promise<TrafficShown> {
  const version = await currentReferenceVersion(q);
  const { policies } = await loadPolicies(q, version);
  const lists: ShownList[] = [];
  for (const list of await recordedLists(q, version)) {
    const { name, digest, entries: count, referenceVersion } = list;
    const entries = withEntries ? { entries: await listEntries(q, list) } : {};
    lists.push({ name, version: referenceVersion, count, digest, ...entries });
  }
  return {
    version,
    traffic_policies: policies.map(({ effectiveFrom, checks }) => ({
      effective_from: effectiveFrom,
      checks: storedChecks(checks),
      lookback_days: checks.lookbackDays,
    })),
    lists,
  };
}
