import { lockReference, recordedInstants } from '../catalog/reference-version.ts';
import type { Database, Queryable } from '../db/database.ts';
import { addDays, type BusinessCalendar, type BusinessDay } from '../domain/business-day.ts';
import { isAnyDue } from '../earnings/due-in-range.ts';
import { prepareLedger } from '../ledger/posting.ts';
import { finishedRun, finishedRuns } from '../settlement/finished-runs.ts';
import { type SettlementRun, unfinishedBuckets } from '../settlement/runs.ts';
import { type Fund, isDayOf } from './fund.ts';
import { lockFund, type StepCause, takeStep } from './grant-step.ts';
import { allFunds, findFund, knowsFunds } from './stored-funds.ts';
import { daysOf, grantedRuns, standingOf } from './stored-grants.ts';

export interface FundDeps {
  readonly db: Database;
  readonly bucketCount: number;
  readonly calendar: BusinessCalendar;
  readonly now: () => Date;
}

/** Runs that may have been left ungranted reach back so far before the last step; older ones are looked for when a fund is over. */
const LOOK_BACK_MS = 7 * 86_400_000;
/** The night after the last day has settled it by then. */
const SETTLED_AFTER_DAYS = 1;

/**
 * Grants for a run that has finished its buckets; before that, and where there are no funds, it does nothing. Doing it again, or
 * twice at once, grants nothing more.
 */
export async function grantAfterRun(deps: FundDeps, runId: string): Promise<void> {
  if (!(await knowsFunds(deps.db))) return;
  const run = await finishedRun(deps.db, runId);
  if (run === null) return;
  for (const fund of await allFunds(deps.db)) {
    if (concerns(fund, run.businessDay)) await stepOnce(deps, fund.fundId, { cause: 'run', run });
  }
}

/**
 * Takes every step of the funds that is still to be taken: for runs that were interrupted before it, with money that has come since,
 * and after a fund's end. A sweep and the nightly job do it; to do it too often changes nothing.
 */
export async function grantPending(deps: FundDeps): Promise<void> {
  if (!(await knowsFunds(deps.db))) return;
  for (const fund of await allFunds(deps.db)) {
    const { fundId } = fund;
    await grantRuns(deps, fund, await ungrantedRuns(deps.db, fund));
    const standing = await standingOf(deps.db, fundId);
    if (standing.hasEnded) continue;
    const leftNanos = fund.budgetNanos - standing.awardedNanos - standing.returnedNanos;
    const lacks = leftNanos > 0n && (await daysOf(deps.db, { fundId, lackingOnly: true })).length > 0;
    if (lacks) await stepOnce(deps, fundId, { cause: 'rest' });
    if (!(await isSettled(deps.db, fund, deps))) continue;
    await grantRuns(deps, fund, await allUngranted(deps.db, fund));
    await stepOnce(deps, fundId, { cause: 'expiry' });
  }
}

async function grantRuns(deps: FundDeps, { fundId }: Fund, runs: readonly SettlementRun[]): Promise<void> {
  for (const run of runs) await stepOnce(deps, fundId, { cause: 'run', run });
}

/** Finished runs of which a fund has not been told yet, in the order in which they finished. */
export async function ungrantedRuns(q: Queryable, fund: Fund): Promise<SettlementRun[]> {
  const { lastGrantedAt } = await standingOf(q, fund.fundId);
  const recordedAt = (await recordedInstants(q, [fund.referenceVersion])).get(fund.referenceVersion);
  const since = lastGrantedAt ?? recordedAt ?? new Date(0);
  return await ungrantedSince(q, fund, new Date(since.getTime() - LOOK_BACK_MS));
}

/** However long ago they were requested. */
async function allUngranted(q: Queryable, fund: Fund): Promise<SettlementRun[]> {
  return await ungrantedSince(q, fund, new Date(0));
}

async function ungrantedSince(q: Queryable, fund: Fund, requestedSince: Date): Promise<SettlementRun[]> {
  const { fundId, referenceVersion } = fund;
  const runs = await finishedRuns(q, {
    from: fund.rule.new_app_days === null ? fund.startDay : null,
    to: fund.endDay,
    requestedSince,
    referenceVersion,
  });
  const granted = await grantedRuns(q, { fundId, runIds: runs.map(run => run.runId) });
  return runs.filter(run => !granted.has(run.runId));
}

/** One step in a transaction of its own, unless somebody else has taken it. */
async function stepOnce(deps: FundDeps, fundId: string, why: StepCause): Promise<void> {
  const { db, bucketCount, calendar, now } = deps;
  // What goes back is booked today; awards lie in months that runs have made room for.
  await prepareLedger(db, calendar.dayOf(now().getTime()));
  await db.transaction(async tx => {
    await lockReference(tx, 'shared');
    await lockFund(tx, fundId);
    const fund = await findFund(tx, fundId);
    if (fund === null) throw new Error(`fund ${fundId} is gone`);
    if (await isTaken(tx, fund, why)) return;
    if (why.cause === 'expiry' && !(await hasExpired(tx, fund, deps))) return;
    await takeStep(tx, fund, { bucketCount, calendar, at: now(), ...why });
  });
}

async function isTaken(tx: Queryable, { fundId }: Fund, why: StepCause): Promise<boolean> {
  if (why.cause !== 'run') return (await standingOf(tx, fundId)).hasEnded;
  return (await grantedRuns(tx, { fundId, runIds: [why.run.runId] })).size > 0;
}

/** Whether a day that was settled can change what the fund owes: a new app may turn out to have begun before the fund's days. */
function concerns(fund: Fund, day: BusinessDay): boolean {
  return isDayOf(fund, day) || (fund.rule.new_app_days !== null && day < fund.startDay);
}

/**
 * A fund expires once its last day is settled and granted, however long that takes: what is left goes back only when nothing more can be
 * asked for it.
 */
async function hasExpired(q: Queryable, fund: Fund, deps: Pick<FundDeps, 'calendar' | 'now'>): Promise<boolean> {
  return (await isSettled(q, fund, deps)) && (await allUngranted(q, fund)).length === 0;
}

/**
 * From the second day after a fund's last one, whether none of its days is due or waits for a run to finish. Asked in the order in which
 * work moves on, so that none slips through.
 */
async function isSettled(
  q: Queryable,
  fund: Fund,
  { calendar, now }: Pick<FundDeps, 'calendar' | 'now'>,
): Promise<boolean> {
  const { startDay, endDay } = fund;
  if (calendar.dayOf(now().getTime()) <= addDays(endDay, SETTLED_AFTER_DAYS)) return false;
  if (await isAnyDue(q, { from: startDay, to: endDay })) return false;
  const unfinished = await unfinishedBuckets(q, new Date(0));
  return !unfinished.some(bucket => isDayOf(fund, bucket.businessDay));
}
