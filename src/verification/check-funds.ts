import type pg from 'pg';
import { categoriesOn } from '../catalog/categories.ts';
import { developersOfApps } from '../catalog/known-ids.ts';
import { bucketOf } from '../domain/bucket.ts';
import type { BusinessDay } from '../domain/business-day.ts';
import { type AwardChange, grantAll, type Need, takeBack } from '../domain/grant.ts';
import { claimOf } from '../domain/incentive.ts';
import { formatDecimal } from '../domain/nanos.ts';
import { type Fund, ruleOf } from '../funds/fund.ts';
import { type ClaimChange, claimsOfStep, firstDaysAt } from '../funds/stored-claims.ts';
import { allFunds, budgetAt } from '../funds/stored-funds.ts';
import { type DayChange, dayChangesOf, type Grant, grantsOf } from '../funds/stored-grants.ts';
import { awardsOfStep } from '../ledger/awards.ts';
import { balanceOf } from '../ledger/decision-transfers.ts';
import { finishedRun } from '../settlement/finished-runs.ts';
import { checkClaims, type FundsCheck } from './check-claims.ts';
import { NOTHING } from './difference.ts';

/**
 * Takes every step of every fund again, from the claims that it found, and compares what it comes to with what was awarded and
 * recorded; then the claims with what is settled now, and the fund's balance with its last step.
 */
export async function checkFunds(client: pg.ClientBase, check: FundsCheck): Promise<void> {
  for (const fund of await allFunds(client)) {
    await checkSteps(client, fund, check);
    await checkClaims(client, fund, check);
  }
}

async function checkSteps(client: pg.ClientBase, fund: Fund, { bucketCount, report }: FundsCheck): Promise<void> {
  const { fundId, currency } = fund;
  const recordedDays = await dayChangesOf(client, fundId);
  const lacking = new Lacking();
  let [taken, hasEnded, leftNanos] = [0n, false, fund.budgetNanos];
  for (const [place, grant] of (await grantsOf(client, fundId)).entries()) {
    const { grantNo } = grant;
    const where = `fund ${fundId} step ${grantNo}`;
    const differs = (table: string, at: string, expected: string, found: string) => {
      if (expected !== found) report({ table, where: `${where}${at}`, expected, found });
    };
    differs('fund_grants', '', `step ${place + 1}`, `step ${grantNo}`);
    if (grant.runId !== null && (await finishedRun(client, grant.runId)) === null) {
      differs('fund_grants', '', 'a run that has finished', `run ${grant.runId}`);
    }
    const claims = await claimsOfStep(client, { fundId, grantNo, buckets: allBuckets(bucketCount) });
    await checkFound(client, { fund, grant, claims, bucketCount, differs });

    hasEnded ||= grant.cause === 'expiry' || grant.cause === 'close';
    const before = (await budgetAt(client, { fundId, referenceVersion: grant.referenceVersion })) - taken;
    const { changes, leftNanos: left } = lacking.step(before, claims, { hasEnded });
    const awardedNanos = changes.reduce((sum, change) => sum + change.changeNanos, 0n);
    const returnedNanos = hasEnded ? left : 0n;
    taken += awardedNanos + returnedNanos;
    leftNanos = left - returnedNanos;
    differs('fund_grants', ' awarded', formatDecimal(awardedNanos), formatDecimal(grant.awardedNanos));
    differs('fund_grants', ' returned', formatDecimal(returnedNanos), formatDecimal(grant.returnedNanos));
    differs('fund_grants', ' left', formatDecimal(leftNanos), formatDecimal(grant.leftNanos));
    const ofDays = recordedDays.get(grantNo) ?? [];
    compareDays(sumsByDay(claims, changes), ofDays, (day, expected, found) =>
      differs('fund_days', ` ${day}`, expected, found),
    );
    const days = [...new Set([...ofDays, ...changes.map(change => change.need)].map(each => each.businessDay))];
    const awarded = await awardsOfStep(client, {
      bucket: bucketOf(fundId, bucketCount),
      fundId,
      grantId: grant.grantId,
      days,
    });
    compareAwards(changes, awarded, (at, expected, found) => differs('transfers', ` ${at}`, expected, found));
  }
  // What was put into it since its last step is there too.
  const put = fund.budgetNanos - taken;
  const balance = await balanceOf(client, {
    bucket: bucketOf(fundId, bucketCount),
    ownerId: fundId,
    currency,
    account: 'fund_available',
  });
  const where = `fund ${fundId} fund_available`;
  if (balance !== put)
    report({ table: 'transfers', where, expected: formatDecimal(put), found: formatDecimal(balance) });
}

interface FoundClaims {
  readonly fund: Fund;
  readonly grant: Grant;
  readonly claims: readonly ClaimChange[];
  readonly bucketCount: number;
  readonly differs: (table: string, at: string, expected: string, found: string) => void;
}

/** Each claim is what the rule makes of the gross that it notes. */
async function checkFound(
  client: pg.ClientBase,
  { fund, grant, claims, bucketCount, differs }: FoundClaims,
): Promise<void> {
  const rule = ruleOf(fund.rule);
  const { fundId } = fund;
  const { grantNo, referenceVersion } = grant;
  const developers = await developersOfApps(client, [...new Set(claims.map(claim => claim.appId))]);
  const places = Map.groupBy(claims, ({ businessDay, bucket }) => `${businessDay} ${bucket}`);
  for (const ofDay of places.values()) {
    const { businessDay: day, bucket } = ofDay[0] as ClaimChange;
    const appIds = ofDay.map(claim => claim.appId);
    const categories =
      rule.categories === null ? new Map() : await categoriesOn(client, { appIds, day, referenceVersion });
    const firstDays =
      rule.newAppDays === null ? new Map() : await firstDaysAt(client, { fundId, grantNo, bucket, appIds });
    for (const { appId, developerId, grossNanos, claimNanos } of ofDay) {
      const app = { category: categories.get(appId) ?? null, firstDay: firstDays.get(appId) ?? null };
      const expected = claimOf(rule, { businessDay: day, grossNanos, ...app });
      const at = ` ${day} app ${appId}`;
      differs('fund_claims', at, formatDecimal(expected), formatDecimal(claimNanos));
      const owner = developers.get(appId) ?? NOTHING;
      differs(
        'fund_claims',
        at,
        `${owner} in bucket ${bucketOf(owner, bucketCount)}`,
        `${developerId} in bucket ${bucket}`,
      );
    }
  }
}

/** The (app, days) that had not been awarded all of their claims, as steps go on; all others had. */
class Lacking {
  readonly #needs = new Map<string, Need>();

  step(
    leftNanos: bigint,
    claims: readonly ClaimChange[],
    { hasEnded }: { readonly hasEnded: boolean },
  ): { readonly changes: readonly AwardChange[]; readonly leftNanos: bigint } {
    for (const { appId, businessDay, claimNanos, beforeNanos } of claims) {
      const key = keyOf({ appId, businessDay });
      const awardedNanos = this.#needs.get(key)?.awardedNanos ?? beforeNanos;
      this.#needs.set(key, { appId, businessDay, claimNanos, awardedNanos });
    }
    const needs = [...this.#needs.values()];
    const granted = hasEnded ? takeBack(leftNanos, needs) : grantAll(leftNanos, needs);
    for (const { need, changeNanos } of granted.changes) {
      this.#needs.set(keyOf(need), { ...need, awardedNanos: need.awardedNanos + changeNanos });
    }
    for (const [key, { claimNanos, awardedNanos }] of this.#needs) {
      if (claimNanos === awardedNanos) this.#needs.delete(key);
    }
    return granted;
  }
}

function compareAwards(
  changes: readonly AwardChange[],
  awarded: readonly { readonly appId: string; readonly businessDay: BusinessDay; readonly changeNanos: bigint }[],
  differs: (at: string, expected: string, found: string) => void,
): void {
  const expected = new Map(changes.map(({ need, changeNanos }) => [keyOf(need), changeNanos as bigint]));
  const found = new Map(awarded.map(each => [keyOf(each), each.changeNanos]));
  for (const key of new Set([...expected.keys(), ...found.keys()]))
    differs(key, tell(expected.get(key)), tell(found.get(key)));
}

function compareDays(
  expected: readonly DayChange[],
  found: readonly DayChange[],
  differs: (day: BusinessDay, expected: string, found: string) => void,
): void {
  const told = (change: DayChange | undefined) =>
    change === undefined
      ? NOTHING
      : `claims ${formatDecimal(change.claimChangeNanos)}, awards ${formatDecimal(change.awardChangeNanos)}`;
  for (const businessDay of new Set([...expected, ...found].map(each => each.businessDay))) {
    const of = (list: readonly DayChange[]) => told(list.find(each => each.businessDay === businessDay));
    differs(businessDay, of(expected), of(found));
  }
}

function sumsByDay(claims: readonly ClaimChange[], changes: readonly AwardChange[]): DayChange[] {
  const sums = new Map<BusinessDay, { businessDay: BusinessDay; claimChangeNanos: bigint; awardChangeNanos: bigint }>();
  const sumOf = (businessDay: BusinessDay) => {
    const sum = sums.get(businessDay) ?? { businessDay, claimChangeNanos: 0n, awardChangeNanos: 0n };
    sums.set(businessDay, sum);
    return sum;
  };
  for (const claim of claims) sumOf(claim.businessDay).claimChangeNanos += claim.claimNanos - claim.beforeNanos;
  for (const { need, changeNanos } of changes) sumOf(need.businessDay).awardChangeNanos += changeNanos;
  return [...sums.values()];
}

function keyOf({ appId, businessDay }: { readonly appId: string; readonly businessDay: BusinessDay }): string {
  return `${businessDay} app ${appId}`;
}

function tell(amount: bigint | undefined): string {
  return amount === undefined ? NOTHING : formatDecimal(amount);
}

function allBuckets(bucketCount: number): number[] {
  return Array.from({ length: bucketCount }, (_, bucket) => bucket);
}
