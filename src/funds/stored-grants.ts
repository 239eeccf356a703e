import type pg from 'pg';
import { copyRows } from '../db/copy.ts';
import type { Queryable } from '../db/database.ts';
import type { BusinessDay } from '../domain/business-day.ts';
import { type Nanos, nanos } from '../domain/nanos.ts';

/** Why a fund took a step. */
export type GrantCause = 'run' | 'rest' | 'expiry' | 'close';

/** A step of a fund, as it is recorded with its transfers. */
export interface Grant {
  readonly grantNo: number;
  readonly grantId: string;
  readonly cause: GrantCause;
  readonly runId: string | null;
  readonly referenceVersion: number;
  /** Net; negative where more went back than was awarded. */
  readonly awardedNanos: bigint;
  /** Back to where the fund's money came from. */
  readonly returnedNanos: bigint;
  readonly leftNanos: bigint;
  readonly grantedAt: Date;
}

/** Where a fund stands after its last step. */
export interface Standing {
  readonly lastGrantNo: number;
  readonly awardedNanos: bigint;
  readonly returnedNanos: bigint;
  /** It has expired or was closed, and what was left has gone back: nothing is awarded any more. */
  readonly hasEnded: boolean;
  readonly lastGrantedAt: Date | null;
}

export async function standingOf(q: Queryable, fundId: string): Promise<Standing> {
  const { rows } = await q.query<
    Omit<Standing, 'awardedNanos' | 'returnedNanos'> & Record<'awarded' | 'returned', string>
  >(
    `select coalesce(max(grant_no), 0) as "lastGrantNo", coalesce(sum(awarded_nanos), 0) as awarded,
       coalesce(sum(returned_nanos), 0) as returned, coalesce(bool_or(cause in ('expiry', 'close')), false) as "hasEnded",
       max(granted_at) as "lastGrantedAt"
     from fund_grants
     where fund_id = $1`,
    [fundId],
  );
  const [row] = rows;
  if (row === undefined) throw new Error('a sum has no row');
  const { awarded, returned, ...rest } = row;
  return { ...rest, awardedNanos: BigInt(awarded), returnedNanos: BigInt(returned) };
}

/** Those of the runs for which the fund has granted already. */
export async function grantedRuns(
  q: Queryable,
  { fundId, runIds }: { readonly fundId: string; readonly runIds: readonly string[] },
): Promise<Set<string>> {
  const { rows } = await q.query<{ runId: string }>(
    `select run_id as "runId" from fund_grants where fund_id = $1 and run_id = any ($2::uuid[])`,
    [fundId, runIds],
  );
  return new Set(rows.map(row => row.runId));
}

/** All steps of a fund, in their order. */
export async function grantsOf(q: Queryable, fundId: string): Promise<Grant[]> {
  const { rows } = await q.query<
    Omit<Grant, 'awardedNanos' | 'returnedNanos' | 'leftNanos'> & Record<'awarded' | 'returned' | 'left', string>
  >(
    `select grant_no as "grantNo", grant_id as "grantId", cause, run_id as "runId", reference_version as "referenceVersion",
       awarded_nanos as awarded, returned_nanos as returned, left_nanos as left, granted_at as "grantedAt"
     from fund_grants
     where fund_id = $1
     order by grant_no`,
    [fundId],
  );
  return rows.map(({ awarded, returned, left, ...row }) => ({
    ...row,
    awardedNanos: BigInt(awarded),
    returnedNanos: BigInt(returned),
    leftNanos: BigInt(left),
  }));
}

/** Those of the ids that are of steps of funds, as their transfers bear them, with the reference version that each knew. */
export async function stepsAmong(q: Queryable, ids: readonly string[]): Promise<Map<string, number>> {
  const { rows } = await q.query<{ grantId: string; version: number }>(
    `select grant_id as "grantId", reference_version as version from fund_grants where grant_id = any ($1::uuid[])`,
    [ids],
  );
  return new Map(rows.map(row => [row.grantId, row.version]));
}

/** A step by itself. */
export interface FoundStep extends Pick<Grant, 'grantNo' | 'cause' | 'runId' | 'referenceVersion' | 'grantedAt'> {
  readonly fundId: string;
}

/** The step whose transfers bear this id as that of their run; null: it is no step's. */
export async function findStep(q: Queryable, grantId: string): Promise<FoundStep | null> {
  const { rows } = await q.query<FoundStep>(
    `select fund_id as "fundId", grant_no as "grantNo", cause, run_id as "runId", reference_version as "referenceVersion",
       granted_at as "grantedAt"
     from fund_grants
     where grant_id = $1`,
    [grantId],
  );
  return rows[0] ?? null;
}

export async function insertGrant(tx: pg.ClientBase, fundId: string, grant: Grant): Promise<void> {
  await tx.query(
    `insert into fund_grants (fund_id, grant_no, grant_id, cause, run_id, reference_version, awarded_nanos, returned_nanos,
       left_nanos, granted_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
    [
      ...[fundId, grant.grantNo, grant.grantId, grant.cause, grant.runId, grant.referenceVersion],
      ...[String(grant.awardedNanos), String(grant.returnedNanos), String(grant.leftNanos), grant.grantedAt],
    ],
  );
}

/** By how much a step changed what all apps together claim and were awarded for a day. */
export interface DayChange {
  readonly businessDay: BusinessDay;
  readonly claimChangeNanos: bigint;
  readonly awardChangeNanos: bigint;
}

export async function insertDayChanges(
  tx: pg.ClientBase,
  { fundId, grantNo }: { readonly fundId: string; readonly grantNo: number },
  days: readonly DayChange[],
): Promise<void> {
  await copyRows(
    tx,
    {
      table: 'fund_days',
      columns: ['fund_id', 'business_date', 'grant_no', 'claim_change_nanos', 'award_change_nanos'],
    },
    days.map(day => [fundId, day.businessDay, grantNo, day.claimChangeNanos, day.awardChangeNanos]),
  );
}

/** What a day claims and has been awarded, over all apps. */
export interface DayOfFund {
  readonly businessDay: BusinessDay;
  readonly claimedNanos: Nanos;
  readonly awardedNanos: Nanos;
}

/** The days of a fund on which anything was ever claimed, in order; at will only those that lack something. */
export async function daysOf(
  q: Queryable,
  { fundId, lackingOnly = false }: { readonly fundId: string; readonly lackingOnly?: boolean },
): Promise<DayOfFund[]> {
  const { rows } = await q.query<{ businessDay: BusinessDay; claimed: string; awarded: string }>(
    `select business_date as "businessDay", sum(claim_change_nanos) as claimed, sum(award_change_nanos) as awarded
     from fund_days
     where fund_id = $1
     group by business_date
     having not $2 or sum(claim_change_nanos) > sum(award_change_nanos)
     order by business_date`,
    [fundId, lackingOnly],
  );
  return rows.map(({ businessDay, claimed, awarded }) => ({
    businessDay,
    claimedNanos: nanos(BigInt(claimed)),
    awardedNanos: nanos(BigInt(awarded)),
  }));
}

/** By how much each step changed each day, as it was recorded. */
export async function dayChangesOf(q: Queryable, fundId: string): Promise<Map<number, DayChange[]>> {
  const { rows } = await q.query<{ grantNo: number; businessDay: BusinessDay; claim: string; award: string }>(
    `select grant_no as "grantNo", business_date as "businessDay", claim_change_nanos as claim, award_change_nanos as award
     from fund_days
     where fund_id = $1
     order by grant_no, business_date`,
    [fundId],
  );
  const changes = rows.map(({ grantNo, businessDay, claim, award }) => ({
    grantNo,
    change: { businessDay, claimChangeNanos: BigInt(claim), awardChangeNanos: BigInt(award) },
  }));
  return new Map(
    [...Map.groupBy(changes, each => each.grantNo)].map(([grantNo, ofStep]) => [
      grantNo,
      ofStep.map(each => each.change),
    ]),
  );
}
