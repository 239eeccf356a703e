import { mkdtempSync } from 'node:fs';
import path from 'node:path';
import { inject } from 'vitest';

/** A new folder for data, in memory where the machine has room; no program may be run from it. Goes with the run at the latest. */
export function scratchFolder(name: string): string {
  return mkdtempSync(path.join(inject('folder'), `${name}-`));
}
