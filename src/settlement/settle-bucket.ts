import type pg from 'pg';
import { categoriesOn } from '../catalog/categories.ts';
import { loadProviders } from '../catalog/provider-book.ts';
import { currentReferenceVersion, lockReference } from '../catalog/reference-version.ts';
import type { Database } from '../db/database.ts';
import { takeTurn } from '../db/turn.ts';
import { type BusinessCalendar, type BusinessDay, firstOfMonth } from '../domain/business-day.ts';
import { clearDue, dueBefore, dueDevelopers } from '../earnings/due-developers.ts';
import { grossOfDueApps } from '../earnings/gross-of-apps.ts';
import { readMonthBefore } from '../earnings/month-gross.ts';
import { lastSeq } from '../events/inbox.ts';
import { linksOf, postedOn } from '../ledger/posted.ts';
import { postTransfers, prepareLedger } from '../ledger/posting.ts';
import { knowsMonthlyPlans, loadPlans } from '../plans/stored-plans.ts';
import { deductTraffic, type TrafficOfDay } from './deduct-traffic.ts';
import { differences } from './differences.ts';
import { heldBack } from './hold-back.ts';
import { insertBucketResult, isBucketDone } from './runs.ts';
import { type AppGross, type AppWorth, worthOfApp } from './worth-of-apps.ts';

export interface SettleDeps {
  readonly db: Database;
  /** Of the installation: a provider's book may lie in any of them. */
  readonly bucketCount: number;
  readonly calendar: BusinessCalendar;
  readonly now: () => Date;
}

export interface BucketOfRun {
  readonly runId: string;
  readonly businessDay: BusinessDay;
  readonly bucket: number;
}

/**
 * Posts worth − posted for every developer of the bucket whose day is due, and records it, in one transaction. Doing it again,
 * or twice at once, posts nothing more.
 * @throws Refusal `database_unavailable`: nothing was posted; try again
 */
export async function settleBucket(deps: SettleDeps, job: BucketOfRun): Promise<void> {
  const { db } = deps;
  await prepareLedger(db, job.businessDay);
  await db.transaction(async tx => {
    // Nobody records plans or categories, processes events or settles in this bucket until the transfers are committed, so all
    // reads below tell of one state.
    await lockReference(tx, 'shared');
    await takeTurn(tx, job.bucket);
    if (!(await isBucketDone(tx, job))) await settleDue(tx, job, deps);
  });
}

async function settleDue(tx: pg.ClientBase, job: BucketOfRun, deps: SettleDeps): Promise<void> {
  const { now, bucketCount, calendar } = deps;
  const { bucket, businessDay: day, runId } = job;
  const startedAt = now();
  const referenceVersion = await currentReferenceVersion(tx);
  const cutoffSeq = await lastSeq(tx, bucket);
  const developerIds = await dueDevelopers(tx, { bucket, day });
  await deductDueTraffic(tx, { bucket, day, developerIds, runId, cutoffSeq, referenceVersion, calendar });
  const worth = await worthOfDueApps(tx, { bucket, day, referenceVersion });
  const posted = await postedOn(tx, { bucket, day, developerIds });
  const ofProviders = posted.filter(each => each.providerId !== null).map(each => each.transferId);
  const links = await linksOf(tx, { bucket, day, transferIds: ofProviders });
  const transfers = differences(worth, posted, { ...job, bucketCount, links, bookedAt: now() });
  const kept = await heldBack(tx, transfers, { day, referenceVersion });
  await postTransfers(tx, { bucket, runId }, [...transfers, ...kept]);

  const withoutPlan = worth.filter(app => app.plan === null);
  await clearDue(tx, { bucket, day, except: withoutPlan.map(app => app.developerId) });
  await insertBucketResult(tx, {
    bucket,
    runId,
    cutoffSeq,
    referenceVersion,
    apps: worth.length - withoutPlan.length,
    // Without what is kept back in providers' books, which this bucket has nothing to be compared with.
    transfers: transfers.length + kept.filter(each => each.providerId === null).length,
    appsWithoutPlan: withoutPlan.length,
    startedAt,
    finishedAt: now(),
  });
}

/**
 * Brings the deductions of the day up to what is known; where a plan goes by the month, also those of the month's earlier days that
 * are due for these developers, for the day's worth rests on what these days earned, settled or not.
 */
async function deductDueTraffic(tx: pg.ClientBase, known: TrafficOfDay & { readonly runId: string }): Promise<void> {
  const { bucket, day, developerIds } = known;
  if (await knowsMonthlyPlans(tx)) {
    const earlier = await dueBefore(tx, { bucket, developerIds, from: firstOfMonth(day), before: day });
    for (const [earlierDay, developers] of earlier) {
      await deductTraffic(tx, { ...known, day: earlierDay, developerIds: developers });
    }
  }
  await deductTraffic(tx, known);
}

/** What the day is worth for each app of the developers for whom it is due, under the plans of that version. */
export async function worthOfDueApps(
  tx: pg.ClientBase,
  {
    bucket,
    day,
    referenceVersion,
  }: { readonly bucket: number; readonly day: BusinessDay; readonly referenceVersion: number },
): Promise<AppWorth[]> {
  const gross = await grossOfDueApps(tx, { bucket, day });
  const plans = await loadPlans(tx, referenceVersion, gross);
  const appIds = plans.knowsCategories ? gross.map(app => app.appId) : [];
  const categories = await categoriesOn(tx, { appIds, day, referenceVersion });
  const categoryOf = ({ appId }: { readonly appId: string }) => categories.get(appId) ?? null;
  const goesByMonth = (app: AppGross) =>
    plans.planFor({ ...app, category: categoryOf(app), day })?.basis === 'app_month';
  const monthly = plans.knowsMonths ? gross.filter(goesByMonth) : [];
  const monthBefore = await readMonthBefore(tx, { bucket, day, apps: monthly });
  const providers = await loadProviders(tx, { referenceVersion, appIds: gross.map(app => app.appId) });
  return gross.map(app => {
    const provider = providers.providerOn({ appId: app.appId, day, referenceVersion });
    return worthOfApp(app, { day, category: categoryOf(app), plans, monthBefore, provider });
  });
}
