import { recordInstallation } from './catalog/installation.ts';
import type { Config } from './config.ts';
import type { DatabaseAddress } from './db/database.ts';
import { migrate } from './db/migrate.ts';
import { migrateQueue } from './queue/migrate.ts';

/** Brings the database, the queue's schema and the installation's record up to this program; returns the migrations applied. */
export async function migrateAll(config: Config, ownerAddress: DatabaseAddress): Promise<string[]> {
  return await migrate(ownerAddress, async owner => {
    await migrateQueue(owner);
    // Last, so that its record tells of a set-up that came to its end.
    await recordInstallation(owner, { bucketCount: config.buckets, timeZone: config.timeZone }, new Date());
  });
}
