import { randomUUIDv7 } from 'node:crypto';
import type pg from 'pg';
import { currentReferenceVersion } from '../catalog/reference-version.ts';
import { takeLock } from '../db/lock.ts';
import { takeTurn } from '../db/turn.ts';
import { bucketOf } from '../domain/bucket.ts';
import type { BusinessCalendar, BusinessDay } from '../domain/business-day.ts';
import { type AwardChange, meetDay, type Need, takeBack } from '../domain/grant.ts';
import type { UnpostedTransfer } from '../domain/transfer.ts';
import { uuidSequence } from '../domain/uuid-sequence.ts';
import { type Award, awardsOn } from '../ledger/awards.ts';
import { postTransfers } from '../ledger/posting.ts';
import { heldBack } from '../settlement/hold-back.ts';
import { knowsHolds } from '../settlement/holds.ts';
import type { SettlementRun } from '../settlement/runs.ts';
import { awardTransfers, type ChangedAward, returnTransfer, type Step } from './award-transfers.ts';
import { changedClaims, NOTHING_CHANGED } from './claims.ts';
import type { Fund } from './fund.ts';
import { type Claim, claimsOfDay, insertClaims, insertFirstDays } from './stored-claims.ts';
import {
  type DayChange,
  daysOf,
  type Grant,
  type GrantCause,
  insertDayChanges,
  insertGrant,
  standingOf,
} from './stored-grants.ts';

export interface StepContext {
  readonly bucketCount: number;
  readonly calendar: BusinessCalendar;
  readonly at: Date;
}

/** What makes a fund take a step: a run that has finished, or money, time or a decision. */
export type StepCause =
  | { readonly cause: 'run'; readonly run: SettlementRun }
  | { readonly cause: Exclude<GrantCause, 'run'> };

const FUND_WAIT_MS = 60_000;

/**
 * Until the transaction ends nobody else takes a step of the fund. The reference lock is held, at least shared, so that nobody puts
 * money into it or closes it either. Take it before the first statement whose snapshot matters.
 * @throws Refusal `database_busy` after a minute
 */
export async function lockFund(tx: pg.ClientBase, fundId: string): Promise<void> {
  await takeLock(tx, {
    name: `the lock of fund ${fundId}`,
    holders: 'whoever takes a step of that fund',
    waitMs: FUND_WAIT_MS,
    key: { text: `apportion.fund.${fundId}`, number: 0 },
  });
}

/** An (app, day) with its claim and what it was awarded, as the step begins. */
interface ClaimAndAward extends Need {
  readonly claim: Claim;
  readonly last: Award | null;
}

/**
 * One step of a fund, under its lock: takes what a run has changed into its claims, takes back what was awarded beyond them, and
 * meets what is lacking by day, oldest first, while there is money. A fund that has ended takes back, and gives what it has back.
 * Returns the step that it recorded; null where there was nothing to do and no run to tell of.
 */
export async function takeStep(
  tx: pg.ClientBase,
  fund: Fund,
  { bucketCount, calendar, at, ...why }: StepContext & StepCause,
): Promise<Grant | null> {
  const { fundId, currency } = fund;
  const referenceVersion = await currentReferenceVersion(tx);
  const standing = await standingOf(tx, fundId);
  const grantNo = standing.lastGrantNo + 1;
  const changed =
    why.cause === 'run'
      ? await changedClaims(tx, fund, { day: why.run.businessDay, buckets: why.run.buckets, referenceVersion })
      : NOTHING_CHANGED;
  const ends = why.cause === 'expiry' || why.cause === 'close' || standing.hasEnded;
  const before = fund.budgetNanos - standing.awardedNanos - standing.returnedNanos;
  const { changes, leftNanos } = await awardChanges(tx, fund, { bucketCount, claims: changed.claims, before, ends });

  const step: Step = {
    fundId,
    currency,
    grantId: randomUUIDv7(),
    bucketCount,
    bookedAt: at,
    nextId: uuidSequence(randomUUIDv7),
  };
  const transfers = await withHeldBack(tx, awardTransfers(step, changes), referenceVersion);
  const returnedNanos = ends ? leftNanos : 0n;
  if (returnedNanos > 0n) transfers.push(returnTransfer(step, returnedNanos, calendar.dayOf(at.getTime())));
  const grant: Grant = {
    ...{ grantNo, grantId: step.grantId, cause: why.cause, runId: why.cause === 'run' ? why.run.runId : null },
    ...{ referenceVersion, awardedNanos: sumOf(changes), returnedNanos, leftNanos: leftNanos - returnedNanos },
    grantedAt: at,
  };
  if (why.cause === 'rest' && changes.length === 0) return null;
  await insertGrant(tx, fundId, grant);
  await insertClaims(tx, { fundId, grantNo }, changed.claims);
  await insertFirstDays(tx, { fundId, grantNo }, changed.firstDays);
  await insertDayChanges(tx, { fundId, grantNo }, dayChanges(changed.claims, changes));
  await postTransfers(tx, { bucket: bucketOf(fundId, bucketCount), runId: step.grantId }, transfers);
  return grant;
}

/** By how much awards change, with what the fund has left then. */
async function awardChanges(
  tx: pg.ClientBase,
  fund: Fund,
  {
    bucketCount,
    claims,
    before,
    ends,
  }: {
    readonly bucketCount: number;
    readonly claims: readonly Claim[];
    readonly before: bigint;
    readonly ends: boolean;
  },
): Promise<{ changes: ChangedAward[]; leftNanos: bigint }> {
  const changes: ChangedAward[] = [];
  const keep = ({ need: { claim, last }, changeNanos }: AwardChange<ClaimAndAward>) => {
    changes.push({ ...claim, changeNanos, last });
  };
  const claimsByDay = Map.groupBy(claims, claim => claim.businessDay);
  let left = before;
  for (const [day, ofDay] of claimsByDay) {
    const back = takeBack(left, await needsOf(tx, fund, { bucketCount, day, claims: ofDay }));
    left = back.leftNanos;
    back.changes.forEach(keep);
  }
  if (ends || left === 0n) return { changes, leftNanos: left };
  const lacking = (await daysOf(tx, { fundId: fund.fundId, lackingOnly: true })).map(day => day.businessDay);
  for (const day of [...new Set([...lacking, ...claimsByDay.keys()])].sort()) {
    if (left === 0n) break;
    const ofDay = await wholeDay(tx, fund, { bucketCount, day, changed: claimsByDay.get(day) ?? [] });
    // What has just been taken back lacks nothing.
    const met = meetDay(left, await needsOf(tx, fund, { bucketCount, day, claims: ofDay }));
    left = met.leftNanos;
    met.changes.forEach(keep);
  }
  return { changes, leftNanos: left };
}

/** All claims of a day, those that have just changed as they are now. */
async function wholeDay(
  tx: pg.ClientBase,
  { fundId }: Fund,
  {
    bucketCount,
    day,
    changed,
  }: { readonly bucketCount: number; readonly day: BusinessDay; readonly changed: readonly Claim[] },
): Promise<Claim[]> {
  const buckets = Array.from({ length: bucketCount }, (_, bucket) => bucket);
  const claims = new Map((await claimsOfDay(tx, { fundId, buckets, day })).map(claim => [claim.appId, claim]));
  for (const claim of changed) claims.set(claim.appId, claim);
  return [...claims.values()];
}

async function needsOf(
  tx: pg.ClientBase,
  { fundId }: Fund,
  {
    bucketCount,
    day,
    claims,
  }: { readonly bucketCount: number; readonly day: BusinessDay; readonly claims: readonly Claim[] },
): Promise<ClaimAndAward[]> {
  const bucket = bucketOf(fundId, bucketCount);
  const awards = await awardsOn(tx, { bucket, fundId, day, appIds: claims.map(claim => claim.appId) });
  return claims.map(claim => {
    const last = awards.get(claim.appId) ?? null;
    const { appId, claimNanos } = claim;
    return { appId, businessDay: day, claimNanos, awardedNanos: last?.awardedNanos ?? 0n, claim, last };
  });
}

/**
 * With what holds keep back of them. Runs move held money of these (app, days) too, each under its bucket's turn, so these turns are
 * taken here, in order, before what is held is read.
 */
async function withHeldBack(
  tx: pg.ClientBase,
  transfers: UnpostedTransfer[],
  referenceVersion: number,
): Promise<UnpostedTransfer[]> {
  const incentives = transfers.filter(each => each.reason === 'incentive');
  if (incentives.length === 0 || !(await knowsHolds(tx))) return transfers;
  for (const bucket of [...new Set(incentives.map(each => each.bucket))].sort((a, b) => a - b))
    await takeTurn(tx, bucket);
  const all = [...transfers];
  for (const [day, ofDay] of Map.groupBy(incentives, each => each.ledgerDay)) {
    for (const each of await heldBack(tx, ofDay, { day, referenceVersion })) all.push(each);
  }
  return all;
}

function dayChanges(
  claims: readonly (Claim & { readonly beforeNanos: bigint })[],
  awards: readonly ChangedAward[],
): DayChange[] {
  const claimsByDay = Map.groupBy(claims, each => each.businessDay);
  const awardsByDay = Map.groupBy(awards, each => each.businessDay);
  return [...new Set([...claimsByDay.keys(), ...awardsByDay.keys()])].sort().map(businessDay => ({
    businessDay,
    claimChangeNanos: (claimsByDay.get(businessDay) ?? []).reduce(
      (sum, each) => sum + each.claimNanos - each.beforeNanos,
      0n,
    ),
    awardChangeNanos: sumOf(awardsByDay.get(businessDay) ?? []),
  }));
}

function sumOf(awards: readonly ChangedAward[]): bigint {
  return awards.reduce((sum, each) => sum + each.changeNanos, 0n);
}
