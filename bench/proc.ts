import { readdirSync, readFileSync } from 'node:fs';

/** A process as the kernel accounts for it. Times are in ticks of the system's clock. */
export interface ProcessStat {
  readonly pid: number;
  readonly parent: number;
  /** User and system time, of threads that have ended too. */
  readonly ownTicks: number;
  /** Of children that have ended and been waited for, and of theirs. */
  readonly endedChildrenTicks: number;
}

/** All processes that can be seen now. */
export function processTable(): Map<number, ProcessStat> {
  const table = new Map<number, ProcessStat>();
  for (const entry of readdirSync('/proc')) {
    const pid = Number(entry);
    if (!Number.isInteger(pid)) continue;
    const stat = statOf(pid);
    if (stat !== null) table.set(pid, stat);
  }
  return table;
}

/** The processes below one, itself left out. */
export function descendantsOf(table: ReadonlyMap<number, ProcessStat>, root: number): ProcessStat[] {
  const children = Map.groupBy(table.values(), stat => stat.parent);
  const found: ProcessStat[] = [];
  const open = [root];
  for (let pid = open.pop(); pid !== undefined; pid = open.pop()) {
    for (const child of children.get(pid) ?? []) {
      found.push(child);
      open.push(child.pid);
    }
  }
  return found;
}

/** Words of the command line; none where the process has ended. */
export function commandLineOf(pid: number): string[] {
  return readOrNull(`/proc/${pid}/cmdline`)?.split('\0') ?? [];
}

/** The highest resident size so far, in bytes; null where the process has ended. */
export function peakResidentBytes(pid: number): number | null {
  const kibibytes = /^VmHWM:\s+(\d+) kB/m.exec(readOrNull(`/proc/${pid}/status`) ?? '')?.[1];
  return kibibytes === undefined ? null : Number(kibibytes) * 1024;
}

function statOf(pid: number): ProcessStat | null {
  const text = readOrNull(`/proc/${pid}/stat`);
  if (text === null) return null;
  // The name in parentheses may hold anything, so fields are counted from its end: state is the first.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const field = (place: number) => Number(fields[place]);
  return { pid, parent: field(1), ownTicks: field(11) + field(12), endedChildrenTicks: field(13) + field(14) };
}

function readOrNull(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    // It ended in the meantime.
    return null;
  }
}
