import { spawnSync } from 'node:child_process';
import path from 'node:path';

export const isRoot = process.geteuid?.() === 0;
export const NOBODY = 65534;
/** Put before a command, it runs as `nobody`. */
export const asNobody = ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups', '--'];

/** Whether another user can run this program where it lies: a checkout below somebody's private folder is closed to the others. */
export const othersCanRunIt = isRoot && reaches(path.resolve(import.meta.dirname, '../../package.json'));

function reaches(file: string): boolean {
  const look = [...asNobody, process.execPath, '-e', `fs.accessSync(${JSON.stringify(file)})`];
  return spawnSync('env', look, { stdio: 'ignore', cwd: '/' }).status === 0;
}
