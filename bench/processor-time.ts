import { execFileSync } from 'node:child_process';
import { descendantsOf, type ProcessStat, processTable } from './proc.ts';

/** Seconds of processor time, user and system, since the processes started. */
export interface ProcessorTime {
  /** Commands, workers and the servers' keeper: every process that this one started, itself left out. */
  readonly node: number;
  /** The part of it that commands took which have ended since. */
  readonly commands: number;
  /** The postmaster and all its processes, those that have ended too. */
  readonly postgres: number;
  readonly redis: number;
}

export interface ServerPids {
  readonly postmaster: number;
  readonly redis: number | null;
}

const MAX_LOOKS = 50;
const TICKS_PER_SECOND = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

/**
 * What the kernel has accounted to everything that this process started. Living processes tell their own time; those that have ended
 * are in the time that their parents waited for. Each process is exact to a tick (a hundredth of a second as a rule).
 */
export function readProcessorTime(servers: ServerPids): ProcessorTime {
  const table = settledTable();
  const seconds = (stats: readonly (ProcessStat | undefined)[]) =>
    stats.reduce((sum, stat) => sum + (stat === undefined ? 0 : stat.ownTicks + stat.endedChildrenTicks), 0) /
    TICKS_PER_SECOND;
  const tree = (pid: number | null) => (pid === null ? [] : [table.get(pid), ...descendantsOf(table, pid)]);
  const postgres = seconds(tree(servers.postmaster));
  const redis = seconds(tree(servers.redis));
  const ended = (table.get(process.pid)?.endedChildrenTicks ?? 0) / TICKS_PER_SECOND;
  const node = seconds(descendantsOf(table, process.pid)) + ended - postgres - redis;
  return { node, commands: ended, postgres, redis };
}

export function processorTimeSince(start: ProcessorTime, servers: ServerPids): ProcessorTime {
  const now = readProcessorTime(servers);
  return {
    node: now.node - start.node,
    commands: now.commands - start.commands,
    postgres: now.postgres - start.postgres,
    redis: now.redis - start.redis,
  };
}

/** A process that ends between the look at it and the look at its parent would count twice or not at all: looks until none does. */
function settledTable(): Map<number, ProcessStat> {
  let before = processTable();
  for (let look = 0; look < MAX_LOOKS; look += 1) {
    const now = processTable();
    if (shapeOf(now) === shapeOf(before)) return now;
    before = now;
  }
  throw new Error('processes keep ending while their time is read');
}

function shapeOf(table: ReadonlyMap<number, ProcessStat>): string {
  return descendantsOf(table, process.pid)
    .map(({ pid, endedChildrenTicks }) => `${pid}:${endedChildrenTicks}`)
    .sort()
    .join(' ');
}
