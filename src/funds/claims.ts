import { categoriesOn } from '../catalog/categories.ts';
import type { Queryable } from '../db/database.ts';
import { addDays, type BusinessDay } from '../domain/business-day.ts';
import { claimOf, type IncentiveRule, lastNewDay } from '../domain/incentive.ts';
import { firstSettledDays, type SettledGross, settledGross } from '../ledger/awards.ts';
import { type Fund, isDayOf, ruleOf } from './fund.ts';
import { type Claim, claimsBetween, claimsOfDay, type FirstDay, knownFirstDays } from './stored-claims.ts';

/** What a step finds to have become another claim, and of apps' first days. */
export interface ChangedClaims {
  /** With what was claimed before. */
  readonly claims: readonly (Claim & { readonly beforeNanos: bigint })[];
  readonly firstDays: readonly FirstDay[];
}

export const NOTHING_CHANGED: ChangedClaims = { claims: [], firstDays: [] };

/** What the day that a run has settled in these buckets claims of the fund now, where that differs from what it claimed before. */
export async function changedClaims(
  q: Queryable,
  fund: Fund,
  {
    day,
    buckets,
    referenceVersion,
  }: { readonly day: BusinessDay; readonly buckets: readonly number[]; readonly referenceVersion: number },
): Promise<ChangedClaims> {
  const rule = ruleOf(fund.rule);
  const claims: (Claim & { beforeNanos: bigint })[] = [];
  const firstDays: FirstDay[] = [];
  for (const bucket of buckets) {
    const settled = await settledGross(q, { bucket, day });
    const apps = await firstDaysOf(q, fund, { rule, bucket, day, settled });
    for (const found of apps.found) firstDays.push(found);
    for (const claim of apps.lost) claims.push(claim);
    if (!isDayOf(fund, day)) continue;
    const ofCurrency = settled.filter(app => app.currency === fund.currency);
    const appIds = rule.categories === null ? [] : ofCurrency.map(app => app.appId);
    const categories = await categoriesOn(q, { appIds, day, referenceVersion });
    const known = await claimsOfDay(q, { fundId: fund.fundId, buckets: [bucket], day });
    const before = new Map(known.map(claim => [claim.appId, claim.claimNanos]));
    for (const { developerId, appId, grossNanos } of ofCurrency) {
      const category = categories.get(appId) ?? null;
      const firstDay = apps.firstDays.get(appId) ?? null;
      const claimNanos = claimOf(rule, { businessDay: day, grossNanos, category, firstDay });
      const beforeNanos = before.get(appId) ?? 0n;
      if (claimNanos === beforeNanos) continue;
      claims.push({ bucket, developerId, appId, businessDay: day, grossNanos, claimNanos, beforeNanos });
    }
  }
  return { claims, firstDays };
}

interface FirstDaysOfBucket {
  readonly firstDays: ReadonlyMap<string, BusinessDay>;
  /** What was not known before. */
  readonly found: readonly FirstDay[];
  /** Claims of days that are an app's first ones no more, since it began earlier than was known. */
  readonly lost: readonly (Claim & { readonly beforeNanos: bigint })[];
}

/** The first earning days of the apps that were settled on a day, where the rule asks for them. */
async function firstDaysOf(
  q: Queryable,
  { fundId, ...fund }: Fund,
  {
    rule: { newAppDays },
    bucket,
    day,
    settled,
  }: {
    readonly rule: IncentiveRule;
    readonly bucket: number;
    readonly day: BusinessDay;
    readonly settled: readonly SettledGross[];
  },
): Promise<FirstDaysOfBucket> {
  if (newAppDays === null || settled.length === 0) return { firstDays: new Map(), found: [], lost: [] };
  const known = await knownFirstDays(q, { fundId, bucket, appIds: settled.map(app => app.appId) });
  // Before the fund's days an app need not be known: once it is, the ledger tells how early it began.
  const isUnknown = ({ appId }: SettledGross) => isDayOf(fund, day) && !known.has(appId);
  const inLedger = await firstSettledDays(q, { bucket, apps: settled.filter(isUnknown) });
  const found: FirstDay[] = [...inLedger].map(([appId, firstDay]) => ({ bucket, appId, firstDay }));
  const lost: (Claim & { beforeNanos: bigint })[] = [];
  for (const [appId, firstDay] of known) {
    if (firstDay <= day) continue;
    found.push({ bucket, appId, firstDay: day });
    const [last, lastBefore] = [lastNewDay(day, newAppDays), lastNewDay(firstDay, newAppDays)];
    for (const claim of await claimsBetween(q, { fundId, bucket, appId, from: addDays(last, 1), to: lastBefore })) {
      lost.push({ ...claim, claimNanos: 0n, beforeNanos: claim.claimNanos });
    }
  }
  const firstDays = new Map(known);
  for (const { appId, firstDay } of found) firstDays.set(appId, firstDay);
  return { firstDays, found, lost };
}
