import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';

export const LOCK_FILE = 'lock';
const SQLITE_BUSY = 5;

export interface HomeLock {
  release(): void;
}

/**
 * Takes the lock of a home, or returns null while another process has it. The kernel frees it when its holder ends,
 * however that ends. It is SQLite's lock on an empty file, the only one that Node offers on every system; unlike an
 * abstract socket it also holds between containers that share the folder, and no other user can take it first.
 */
export function tryLock(keeperFolder: string): HomeLock | null {
  const file = new DatabaseSync(path.join(keeperFolder, LOCK_FILE), { timeout: 0 });
  try {
    // In memory, so that a killed holder leaves no journal behind.
    file.exec('pragma journal_mode = memory; begin exclusive');
  } catch (error) {
    file.close();
    if (error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY) return null;
    throw error;
  }
  return {
    release() {
      file.close();
    },
  };
}
