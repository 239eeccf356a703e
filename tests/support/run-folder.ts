import { accessSync, constants, mkdtempSync, readdirSync, readlinkSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { isAlive } from '../../src/embedded/processes.ts';

/** Held in memory on Linux, where a test's database is made in a tenth of the time. */
const MEMORY = '/dev/shm';
/** Several times what a run has there at once. In a container it may be 64 MB. */
const ENOUGH_BYTES = 4 * 1024 ** 3;

/** A folder for one run of the tests; those of runs that were killed are removed. */
export function makeRunFolder(): string {
  const parent = hasRoom(MEMORY) ? MEMORY : tmpdir();
  const prefix = `apportion-run-${processNumbering()}-`;
  for (const name of readdirSync(parent).filter(entry => entry.startsWith(prefix))) {
    const maker = Number(name.slice(prefix.length).split('-')[0]);
    if (!isAlive(maker)) rmSync(path.join(parent, name), { recursive: true, force: true });
  }
  return mkdtempSync(path.join(parent, `${prefix}${process.pid}-`));
}

/** Containers that share the folder may number their processes each for itself. */
function processNumbering(): string {
  try {
    return readlinkSync('/proc/self/ns/pid').replaceAll(/\D/g, '');
  } catch {
    return '0';
  }
}

function hasRoom(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize >= ENOUGH_BYTES;
  } catch {
    return false;
  }
}
