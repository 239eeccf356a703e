import { randomUUIDv7 } from 'node:crypto';
import type { Database } from '../db/database.ts';
import { addDays, type BusinessCalendar, type BusinessDay } from '../domain/business-day.ts';
import { Refusal } from '../domain/errors.ts';
import { dueDates } from '../earnings/due-days.ts';
import { insertRun, type SettlementRun, unfinishedBuckets, unfinishedRun } from './runs.ts';
import type { BucketOfRun } from './settle-bucket.ts';

export interface RunDeps {
  readonly db: Database;
  readonly enqueue: (jobs: BucketOfRun[]) => Promise<void>;
  readonly calendar: BusinessCalendar;
  readonly now: () => Date;
}

/**
 * Starts a run over each of the given days in which something is due; the queue spreads the buckets over the workers.
 * @throws Refusal `day_not_over` for a day that has not ended in the business time zone
 */
export async function settleDays(deps: RunDeps, days: readonly BusinessDay[]): Promise<SettlementRun[]> {
  const today = deps.calendar.dayOf(deps.now().getTime());
  const early = days.find(day => day >= today);
  if (early !== undefined) {
    throw new Refusal({
      code: 'day_not_over',
      message: `${early} is not over yet: today is ${today}`,
      remedy: 'settle it after midnight of the business time zone',
      details: { day: early, today },
    });
  }
  const runs: SettlementRun[] = [];
  for (const businessDay of days) {
    const run = await insertRun(deps.db, { runId: randomUUIDv7(), businessDay, requestedAt: deps.now() });
    runs.push(run);
    await deps.enqueue(run.buckets.map(bucket => ({ runId: run.runId, businessDay, bucket })));
  }
  return runs;
}

/** Starts a run over every day that is due and over, oldest first: what the nightly job does, missed nights included. */
export async function settleDueDays(
  deps: RunDeps,
  { except = new Set() }: { readonly except?: ReadonlySet<BusinessDay> } = {},
): Promise<SettlementRun[]> {
  const yesterday = addDays(deps.calendar.dayOf(deps.now().getTime()), -1);
  const due = await dueDates(deps.db, { upTo: yesterday });
  return await settleDays(
    deps,
    due.filter(day => !except.has(day)),
  );
}

/**
 * Puts the buckets that any run still lacks back into the queue, however old it is. What it left due is settled by later runs, but only
 * a finished run is granted for by funds.
 */
export async function reviveRuns({ db, enqueue }: Pick<RunDeps, 'db' | 'enqueue'>): Promise<void> {
  await enqueue(await unfinishedBuckets(db, new Date(0)));
}

/**
 * Puts the buckets that an interrupted run still lacks back into the queue; of a finished run there are none.
 * @throws Refusal `unknown_run`
 */
export async function resumeRun(deps: RunDeps, runId: string): Promise<SettlementRun> {
  const { lacking, ...run } = await unfinishedRun(deps.db, runId);
  await deps.enqueue(lacking.map(bucket => ({ runId: run.runId, businessDay: run.businessDay, bucket })));
  return run;
}
