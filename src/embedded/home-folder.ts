import { chmodSync, chownSync, mkdirSync, realpathSync, statSync } from 'node:fs';
import path from 'node:path';
import { Refusal } from '../domain/errors.ts';
import type { Account } from './runner.ts';

/** Where everything of one home lies. The keeper's socket, Postgres' and Redis' are inside their own folders. */
export interface HomeFolder {
  readonly root: string;
  readonly keeper: string;
  readonly postgres: string;
  readonly redis: string;
  readonly log: string;
  /** For what can't be kept in the user's cache folder. */
  readonly cache: string;
  /** The user that keeper and servers run as, where it isn't this process's own: root uses somebody's home as they. */
  readonly owner: Account | null;
}

export const KEEPER_SOCKET = 'socket';

/** The paths of a home that exists; null where there is none. */
export function findHome(home: string): HomeFolder | null {
  try {
    return layOut(realpathSync(home));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw unusable(home, error);
  }
}

/**
 * Makes the home where it is missing. Its inner folders are for its owner alone: whoever can enter them can use the
 * servers, which ask for no password.
 * @throws Refusal `home_not_usable` (exit code 3)
 */
export function prepareHome(home: string): HomeFolder {
  try {
    mkdirSync(home, { recursive: true, mode: 0o700 });
    const folder = layOut(realpathSync(home));
    for (const inner of [folder.keeper, folder.log]) {
      mkdirSync(inner, { recursive: true, mode: 0o700 });
      chmodSync(inner, 0o700);
      if (folder.owner !== null) chownSync(inner, folder.owner.uid, folder.owner.gid);
    }
    return folder;
  } catch (error) {
    throw unusable(home, error);
  }
}

function layOut(root: string): HomeFolder {
  const { uid, gid } = statSync(root);
  return {
    root,
    keeper: path.join(root, 'keeper'),
    postgres: path.join(root, 'postgres'),
    redis: path.join(root, 'redis'),
    log: path.join(root, 'log'),
    cache: path.join(root, 'cache'),
    owner: process.geteuid?.() === 0 && uid !== 0 ? { uid, gid } : null,
  };
}

function unusable(home: string, error: unknown): Refusal {
  const full = error instanceof Error && 'code' in error && error.code === 'ENOSPC';
  return new Refusal({
    code: full ? 'disk_full' : 'home_not_usable',
    message: `the data folder ${home} can't be used: ${error instanceof Error ? error.message : String(error)}`,
    remedy: full ? 'free some space' : 'make it writable, or choose another one with APPORTION_HOME',
    details: { home },
    exitCode: 3,
  });
}
