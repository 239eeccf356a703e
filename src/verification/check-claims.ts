import type pg from 'pg';
import { categoriesOn } from '../catalog/categories.ts';
import { currentReferenceVersion } from '../catalog/reference-version.ts';
import type { BusinessDay } from '../domain/business-day.ts';
import { claimOf } from '../domain/incentive.ts';
import { formatDecimal } from '../domain/nanos.ts';
import { dueInBucket } from '../earnings/due-developers.ts';
import { type Fund, isDayOf, ruleOf } from '../funds/fund.ts';
import { ungrantedRuns } from '../funds/grant-funds.ts';
import { claimsOfDay } from '../funds/stored-claims.ts';
import { firstSettledDays, settledGross } from '../ledger/awards.ts';
import { ledgerDays } from '../ledger/stored-transfers.ts';
import { unfinishedBuckets } from '../settlement/runs.ts';
import type { Difference } from './difference.ts';

export interface FundsCheck {
  readonly bucketCount: number;
  readonly report: (difference: Difference) => void;
}

/**
 * What is settled claims what the fund has on record as its last claims, apart from days that wait: for a run to come, to finish or
 * to be granted.
 */
export async function checkClaims(client: pg.ClientBase, fund: Fund, check: FundsCheck): Promise<void> {
  const unfinished = await unfinishedBuckets(client, new Date(0));
  const waiting = new Set([...unfinished, ...(await ungrantedRuns(client, fund))].map(run => run.businessDay));
  const referenceVersion = await currentReferenceVersion(client);
  for (let bucket = 0; bucket < check.bucketCount; bucket += 1) {
    const due = new Set((await dueInBucket(client, bucket)).map(each => `${each.businessDay} ${each.developerId}`));
    const days = (await ledgerDays(client, bucket)).filter(day => isDayOf(fund, day) && !waiting.has(day));
    for (const day of days) await checkDay(client, fund, { ...check, bucket, day, due, waiting, referenceVersion });
  }
}

async function checkDay(
  client: pg.ClientBase,
  { fundId, currency, rule: stored }: Fund,
  {
    bucket,
    day,
    due,
    waiting,
    referenceVersion,
    report,
  }: FundsCheck & {
    readonly bucket: number;
    readonly day: BusinessDay;
    /** `day developer` */
    readonly due: ReadonlySet<string>;
    readonly waiting: ReadonlySet<BusinessDay>;
    readonly referenceVersion: number;
  },
): Promise<void> {
  const rule = ruleOf(stored);
  const isSettled = (app: { readonly currency: string; readonly developerId: string }) =>
    app.currency === currency && !due.has(`${day} ${app.developerId}`);
  const apps = (await settledGross(client, { bucket, day })).filter(isSettled);
  const appIds = apps.map(app => app.appId);
  const categories =
    rule.categories === null ? new Map() : await categoriesOn(client, { appIds, day, referenceVersion });
  const firstDays = rule.newAppDays === null ? new Map() : await firstSettledDays(client, { bucket, apps });
  const known = await claimsOfDay(client, { fundId, buckets: [bucket], day });
  const claims = new Map(known.map(claim => [claim.appId, claim.claimNanos]));
  for (const { appId, grossNanos } of apps) {
    const firstDay = firstDays.get(appId) ?? null;
    // That it began so early, the fund is still to be told.
    if (firstDay !== null && waiting.has(firstDay)) continue;
    const expected = claimOf(rule, { businessDay: day, grossNanos, category: categories.get(appId) ?? null, firstDay });
    const found = claims.get(appId) ?? 0n;
    if (found === expected) continue;
    const where = `bucket ${bucket} fund ${fundId} ${day} app ${appId}`;
    report({ table: 'fund_claims', where, expected: formatDecimal(expected), found: formatDecimal(found) });
  }
}
