import { currentReferenceVersion } from '../catalog/reference-version.ts';
import type { Database } from '../db/database.ts';
import type { SettlementRun } from './runs.ts';
import { worthOfDueApps } from './settle-bucket.ts';
import type { AppWorth } from './worth-of-apps.ts';

/** Apps, at most `limit`, that stay due after a run because no plan covers them. */
export async function unsettledApps(
  db: Database,
  { run, limit }: { readonly run: SettlementRun; readonly limit: number },
): Promise<AppWorth[]> {
  const unsettled: AppWorth[] = [];
  for (const bucket of run.buckets) {
    if (unsettled.length >= limit) break;
    const day = run.businessDay;
    const worth = await db.snapshot(
      async tx => await worthOfDueApps(tx, { bucket, day, referenceVersion: await currentReferenceVersion(tx) }),
    );
    unsettled.push(...worth.filter(app => app.plan === null));
  }
  return unsettled.slice(0, limit);
}
