import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { waitUntil } from './wait-until.ts';

/**
 * The processes with one of these names whose working folder is `folder`. Servers work in their data folder, so this
 * finds them without trusting a pid file, whose number may belong to somebody else by now. [] where there is no /proc.
 */
export function processesIn(folder: string, names: readonly string[]): number[] {
  if (!existsSync('/proc/self/cwd')) return [];
  const found: number[] = [];
  for (const entry of readdirSync('/proc')) {
    const pid = Number(entry);
    if (!Number.isInteger(pid)) continue;
    const name = processName(pid);
    if (name !== null && names.includes(name) && workingPlace(pid, folder) === 'here') found.push(pid);
  }
  return found;
}

/** Whether this pid is a living process of that name which works in the folder or whose folder may not be looked at. */
export function mayWorkIn({ pid, name, folder }: { pid: number; name: string; folder: string }): boolean {
  return processName(pid) === name && workingPlace(pid, folder) !== 'elsewhere';
}

/** False also for one that has ended and that its parent has not collected yet. */
export function isAlive(pid: number): boolean {
  try {
    if (existsSync('/proc/self/stat')) return !/^.*\) Z/s.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
    return process.kill(pid, 0);
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** Sends a signal; nothing happens if the process has ended. */
export function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

/** Gives them `graceMs` to end by themselves after `signal`, then SIGKILL; waits until all are gone. */
export async function endProcesses(
  living: () => number[],
  { signal, graceMs }: { signal: NodeJS.Signals | null; graceMs: number },
): Promise<void> {
  const gone = () => living().length === 0;
  if (signal !== null) for (const pid of living()) signalProcess(pid, signal);
  if (await waitUntil(gone, { limitMs: graceMs })) return;
  for (const pid of living()) signalProcess(pid, 'SIGKILL');
  if (await waitUntil(gone, { limitMs: 10_000 })) return;
  throw new Error(`processes ${living().join(', ')} outlived SIGKILL`);
}

function processName(pid: number): string | null {
  if (existsSync('/proc/self/comm')) {
    try {
      return readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
    } catch {
      return null;
    }
  }
  const { stdout } = spawnSync('ps', ['-o', 'comm=', '-p', String(pid)], { encoding: 'utf8' });
  return stdout === null || stdout.trim() === '' ? null : path.basename(stdout.trim());
}

function workingPlace(pid: number, folder: string): 'here' | 'elsewhere' | 'hidden' {
  if (!existsSync('/proc/self/cwd')) return 'hidden';
  try {
    // By inode, because the same folder can have several names (links, bind mounts).
    const [theirs, ours] = [statSync(`/proc/${pid}/cwd`), statSync(folder)];
    return theirs.dev === ours.dev && theirs.ino === ours.ino ? 'here' : 'elsewhere';
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EACCES' ? 'hidden' : 'elsewhere';
  }
}
