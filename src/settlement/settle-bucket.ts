import { randomUUIDv7 } from 'node:crypto';
import type pg from 'pg';
import { categoriesOn } from '../catalog/categories.ts';
import { currentReferenceVersion, lockReference } from '../catalog/reference-version.ts';
import type { Database } from '../db/database.ts';
import { takeTurn } from '../db/turn.ts';
import type { BusinessDay } from '../domain/business-day.ts';
import type { AppId, OwnerId } from '../domain/ids.ts';
import { type Nanos, nanos } from '../domain/nanos.ts';
import { periodOf } from '../domain/period.ts';
import { settlementFlow, type Transfer } from '../domain/transfer.ts';
import { uuidSequence } from '../domain/uuid-sequence.ts';
import { clearDue, dueDevelopers } from '../earnings/due-developers.ts';
import { grossOfDueApps } from '../earnings/gross-of-apps.ts';
import { lastSeq } from '../events/inbox.ts';
import { type Posted, postedOn } from '../ledger/posted.ts';
import { postTransfers, prepareLedger } from '../ledger/posting.ts';
import { loadPlans } from '../plans/plan.ts';
import { insertBucketResult, isBucketDone } from './runs.ts';
import { type AppWorth, worthOfApp } from './worth-of-apps.ts';

export interface SettleDeps {
  readonly db: Database;
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
export async function settleBucket({ db, now }: SettleDeps, job: BucketOfRun): Promise<void> {
  await prepareLedger(db, job.businessDay);
  await db.transaction(async tx => {
    // Nobody records plans or categories, processes events or settles in this bucket until the transfers are committed, so all
    // reads below tell of one state.
    await lockReference(tx, 'shared');
    await takeTurn(tx, job.bucket);
    if (!(await isBucketDone(tx, job))) await settleDue(tx, job, now);
  });
}

async function settleDue(tx: pg.ClientBase, job: BucketOfRun, now: () => Date): Promise<void> {
  const { bucket, businessDay: day, runId } = job;
  const startedAt = now();
  const referenceVersion = await currentReferenceVersion(tx);
  const cutoffSeq = await lastSeq(tx, bucket);
  const worth = await worthOfDueApps(tx, { bucket, day, referenceVersion });
  const posted = await postedOn(tx, { bucket, day, developerIds: await dueDevelopers(tx, { bucket, day }) });
  const transfers = differences(worth, posted, { ...job, bookedAt: now() });
  await postTransfers(tx, { bucket, runId }, transfers);

  const withoutPlan = worth.filter(app => app.plan === null);
  await clearDue(tx, { bucket, day, except: withoutPlan.map(app => app.developerId) });
  await insertBucketResult(tx, {
    bucket,
    runId,
    cutoffSeq,
    referenceVersion,
    apps: worth.length - withoutPlan.length,
    transfers: transfers.length,
    appsWithoutPlan: withoutPlan.length,
    startedAt,
    finishedAt: now(),
  });
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
  const plans = await loadPlans(tx, referenceVersion);
  const appIds = plans.knowsCategories ? gross.map(app => app.appId) : [];
  const categories = await categoriesOn(tx, { appIds, day, referenceVersion });
  return gross.map(app => worthOfApp(app, { day, category: categories.get(app.appId) ?? null, plans }));
}

function differences(
  worth: readonly AppWorth[],
  posted: readonly Posted[],
  { bucket, businessDay, runId, bookedAt }: BucketOfRun & { readonly bookedAt: Date },
): Transfer[] {
  const before = new Map(posted.map(each => [`${each.appId}\0${each.currency}\0${each.reason}`, each]));
  const nextId = uuidSequence(randomUUIDv7);
  const period = periodOf(businessDay);
  const transfers: Transfer[] = [];
  for (const app of worth) {
    for (const { component, reason, worthNanos } of app.parts) {
      const last = before.get(`${app.appId}\0${app.currency}\0${reason}`);
      const flow = settlementFlow(component, nanos(worthNanos - (last?.amountNanos ?? (0n as Nanos))));
      if (flow === null) continue;
      transfers.push({
        id: nextId(),
        bucket,
        developerId: app.developerId as OwnerId,
        appId: app.appId as AppId,
        businessDay,
        ledgerDay: businessDay,
        period,
        currency: app.currency,
        ...flow,
        reason,
        runId,
        version: 1 + (last?.version ?? 0),
        linkId: null,
        correctsId: last?.transferId ?? null,
        bookedAt,
      });
    }
  }
  return transfers;
}
