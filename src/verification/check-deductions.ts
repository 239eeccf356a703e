import type pg from 'pg';
import { type BusinessDay, firstOfMonth } from '../domain/business-day.ts';
import { nanos } from '../domain/nanos.ts';
import { type Deduction, deductionChanges, deductionKey, deductionsByRun } from '../earnings/deductions.ts';
import type { RecordedResult } from '../settlement/runs.ts';
import type { DerivedDeductions } from './derived-deductions.ts';
import { type Difference, NOTHING } from './difference.ts';

export interface DeductionsCheck {
  readonly bucket: number;
  /** `day developer` of what is due: pending, not differing. */
  readonly due: ReadonlySet<string>;
  readonly runs: readonly RecordedResult[];
  readonly derived: DerivedDeductions;
  readonly cutoffSeq: number;
  readonly referenceVersion: number;
  readonly report: (difference: Difference) => void;
}

interface KnownToRun {
  readonly cutoffSeq: number;
  readonly referenceVersion: number;
}

/**
 * Compares recorded deductions with what the stored events, policies and decisions come to: of each day after every run of it, by
 * what the run knew, and now. A run may have changed other days too, for plans that go by the month.
 */
export async function checkDeductions(client: pg.ClientBase, check: DeductionsCheck): Promise<void> {
  const { bucket, runs, derived, report } = check;
  const runsById = new Map(runs.map(run => [run.runId, run]));
  const recorded = await deductionsByRun(client, bucket);
  for (const { runId, businessDay } of recorded) {
    const dayOfRun = runsById.get(runId)?.businessDay ?? null;
    if (dayOfRun !== null && dayOfRun >= businessDay && firstOfMonth(dayOfRun) === firstOfMonth(businessDay)) continue;
    const expected = `a run of ${businessDay}, or of a later day of its month`;
    report({ table: 'deductions', where: `bucket ${bucket} run ${runId}`, expected, found: dayOfRun ?? NOTHING });
  }
  const recordedByDay = Map.groupBy(recorded, row => row.businessDay);
  const runsByDay = Map.groupBy(runs, run => run.businessDay);
  const days = new Set([...recordedByDay.keys(), ...runsByDay.keys()].filter(day => day !== null));
  for (const day of [...days].sort()) {
    const changes = (recordedByDay.get(day) ?? []).map(change => ({ change, run: runsById.get(change.runId) ?? null }));
    const told = new Set<string>();
    for (const run of (runsByDay.get(day) ?? []).toSorted(inOrder)) {
      const found = sumOf(
        changes.flatMap(({ change, run: by }) => (by !== null && inOrder(by, run) <= 0 ? change : [])),
      );
      const expected = await derived.at({ day, ...knownTo(run) });
      compare(check, { day, expected, found, told, when: ` after run ${run.runId}` });
    }
    const isSettled = ({ developerId }: Deduction) => !check.due.has(`${day} ${developerId}`);
    const expected = (await derived.at({ day, ...knownTo(check) })).filter(isSettled);
    const found = sumOf(changes.map(({ change }) => change)).filter(isSettled);
    compare(check, { day, expected, found, told, when: '' });
  }
}

/** `told`: keys of what was reported of the day; it grows. */
function compare(
  { bucket, report }: DeductionsCheck,
  {
    day,
    expected,
    found,
    told,
    when,
  }: {
    readonly day: BusinessDay;
    readonly expected: readonly Deduction[];
    readonly found: readonly Deduction[];
    readonly told: Set<string>;
    readonly when: string;
  },
): void {
  for (const difference of deductionChanges({ before: expected, after: found })) {
    const key = deductionKey(difference);
    if (told.has(key)) continue;
    told.add(key);
    const row = (rows: readonly Deduction[]) => rows.find(each => deductionKey(each) === key);
    const where = `bucket ${bucket} ${day} ${key.replaceAll('\0', ' ').trim()}${when}`;
    report({ table: 'deductions', where, expected: tell(row(expected)), found: tell(row(found)) });
  }
}

function tell(deduction: Deduction | undefined): string {
  if (deduction === undefined) return NOTHING;
  return `${deduction.impressions} impressions, ${deduction.clicks} clicks, ${deduction.grossNanos} nanos`;
}

/** Of what each key comes to. */
function sumOf(changes: readonly Deduction[]): Deduction[] {
  const sums = new Map<string, Deduction>();
  for (const change of changes) {
    const key = deductionKey(change);
    const before = sums.get(key) ?? { impressions: 0, clicks: 0, grossNanos: 0n };
    sums.set(key, {
      ...change,
      impressions: before.impressions + change.impressions,
      clicks: before.clicks + change.clicks,
      grossNanos: nanos(before.grossNanos + change.grossNanos),
    });
  }
  return [...sums.values()];
}

/** The order in which runs took the bucket's turn: what they knew only ever grew. */
function inOrder(a: KnownToRun, b: KnownToRun): number {
  return a.cutoffSeq - b.cutoffSeq || a.referenceVersion - b.referenceVersion;
}

function knownTo({ cutoffSeq, referenceVersion }: KnownToRun): KnownToRun {
  return { cutoffSeq, referenceVersion };
}
