import type pg from 'pg';
import type { ProviderBook } from '../catalog/provider-book.ts';
import type { BusinessDay } from '../domain/business-day.ts';
import { formatDecimal, nanos } from '../domain/nanos.ts';
import { type PostedByRun, postedByRun } from '../ledger/posted-by-run.ts';
import type { PlanBook } from '../plans/plan-book.ts';
import { loadPlans } from '../plans/stored-plans.ts';
import type { RecordedResult } from '../settlement/runs.ts';
import { type DerivedDeductions, lessDeductions } from './derived-deductions.ts';
import type { Difference } from './difference.ts';
import type { KnownAtCutoffs } from './known-at-cutoffs.ts';
import { appKey, type DayWorth, differingParts, type PostedPart, partKey, worthByPart } from './worth-by-part.ts';

export interface SettlementCheck {
  readonly bucket: number;
  readonly runs: readonly RecordedResult[];
  readonly knownAtCutoffs: KnownAtCutoffs;
  readonly derived: DerivedDeductions;
  readonly providers: ProviderBook;
  /** What is known now: the bucket's last batch that was processed, and the last reference version. */
  readonly cutoffSeq: number;
  readonly referenceVersion: number;
  readonly report: (difference: Difference) => void;
}

export interface CheckedSettlements {
  /** `day part` of what differs, told of the first run after which it does. */
  readonly told: ReadonlySet<string>;
  /** Days whose last run knew what is known now, with the apps that no plan covers: there is nothing else to compare them with. */
  readonly upToDate: ReadonlyMap<BusinessDay, DayWorth['unplanned']>;
}

interface RunOfDay extends RecordedResult {
  readonly businessDay: BusinessDay;
}

/**
 * After a run, the ledger says of its day what that was worth by the batches up to the run's cutoff and the plans that it knew.
 * This holds for every run there ever was, on days that have become due again too.
 */
export async function checkSettlements(client: pg.ClientBase, check: SettlementCheck): Promise<CheckedSettlements> {
  const plansByVersion = new Map<number, PlanBook>();
  const apps = [...new Map([...check.knownAtCutoffs.apps()].map(app => [app.appId, app])).values()];
  for (const { referenceVersion } of check.runs) {
    if (plansByVersion.has(referenceVersion)) continue;
    plansByVersion.set(referenceVersion, await loadPlans(client, referenceVersion, apps));
  }
  const told = new Set<string>();
  const upToDate = new Map<BusinessDay, DayWorth['unplanned']>();
  const runs = check.runs.filter((run): run is RunOfDay => run.businessDay !== null);
  for (const [day, ofDay] of Map.groupBy(runs, run => run.businessDay)) {
    const posted = Map.groupBy(await postedByRun(client, { bucket: check.bucket, day }), each => each.runId);
    const sums = new Map<string, PostedPart>();
    for (const [place, together] of inOrder(ofDay).entries()) {
      const { cutoffSeq, referenceVersion } = together[0];
      const known = { day, cutoffSeq, referenceVersion };
      const plans = plansByVersion.get(referenceVersion) as PlanBook;
      const earnedBefore = check.knownAtCutoffs.monthBeforeAt(known);
      const worth = await worthByPart(client, {
        day,
        referenceVersion,
        plans,
        providers: check.providers,
        grosses: lessDeductions(check.knownAtCutoffs.grossAt(known), await check.derived.at(known)),
        monthBefore: plans.knowsMonths ? await check.derived.monthBefore(earnedBefore, known) : earnedBefore,
      });
      for (const run of together) {
        const ofRun = posted.get(run.runId) ?? [];
        for (const each of ofRun) addUp(sums, each);
        checkRecord(check, run, { worth, posted: ofRun, settledAll: place === 0 && together.length === 1 });
      }
      for (const { part, worthNanos, postedNanos } of differingParts(worth, sums.values())) {
        const where = `${day} ${part}`;
        if (told.has(where)) continue;
        told.add(where);
        check.report({
          table: 'transfers',
          where: `${where} after run ${together[0].runId}`,
          expected: formatDecimal(worthNanos, 2),
          found: formatDecimal(postedNanos, 2),
        });
      }
      if (cutoffSeq === check.cutoffSeq && referenceVersion === check.referenceVersion) {
        upToDate.set(day, worth.unplanned);
      }
    }
  }
  return { told, upToDate };
}

/** Runs of a day in the order in which they took the bucket's turn; those that knew the same stand together. */
function inOrder(runs: readonly RunOfDay[]): [RunOfDay, ...RunOfDay[]][] {
  const sorted = runs.toSorted((a, b) => a.cutoffSeq - b.cutoffSeq || a.referenceVersion - b.referenceVersion);
  const groups = Map.groupBy(sorted, run => `${run.cutoffSeq} ${run.referenceVersion}`);
  return [...groups.values()] as [RunOfDay, ...RunOfDay[]][];
}

function addUp(sums: Map<string, PostedPart>, posted: PostedPart): void {
  const key = partKey(posted);
  sums.set(key, { ...posted, amountNanos: nanos((sums.get(key)?.amountNanos ?? 0n) + posted.amountNanos) });
}

/** `settledAll`: the day's first run, before which everything was due. */
function checkRecord(
  { bucket, report }: SettlementCheck,
  run: RunOfDay,
  {
    worth,
    posted,
    settledAll,
  }: { readonly worth: DayWorth; readonly posted: readonly PostedByRun[]; readonly settledAll: boolean },
): void {
  const where = `bucket ${bucket} run ${run.runId}`;
  const fewest = settledAll ? worth.planned : new Set(posted.map(appKey)).size;
  if (run.apps < fewest || run.apps > worth.planned) {
    const expected = `${fewest === worth.planned ? '' : `${fewest} to `}${worth.planned} apps settled`;
    report({ table: 'settlement_run_buckets', where, expected, found: `${run.apps} apps` });
  }
  // An app without a plan keeps its day due, so each run counts it.
  if (run.appsWithoutPlan !== worth.unplanned.size) {
    const expected = `${worth.unplanned.size} apps without a plan`;
    report({ table: 'settlement_run_buckets', where, expected, found: `${run.appsWithoutPlan} apps` });
  }
}
