import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { inject } from 'vitest';
import { copyFolder } from './copy-folder.ts';

/**
 * Makes the data folder of a Postgres whose database `apportion` is migrated, as `startPostgres` and `migrateAll` would make it in ten
 * times as long; the installation is recorded by the next `migrateAll`, which `openApp` calls by itself.
 */
export function copyCluster(dataDir: string): void {
  mkdirSync(path.dirname(dataDir), { recursive: true, mode: 0o700 });
  copyFolder(inject('cluster'), dataDir);
}
