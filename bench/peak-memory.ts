import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { commandLineOf, descendantsOf, peakResidentBytes, processTable } from './proc.ts';

const LOOK_MS = 100;
/** Tells the kernel to begin a process's high-water mark anew. */
const RESET_PEAK = '5';

/**
 * Peak resident memory of our Node processes from now on, in bytes by program (`event-worker`, `apportion ingest` …), each the most
 * that a single process had. It reads the kernel's high-water mark ten times a second: only what a process takes in the last tenth of
 * a second of its life can be missed.
 */
export function watchPeakMemory(): { stop(): ReadonlyMap<string, number> } {
  const peaks = new Map<string, number>();
  for (const { pid } of ourPrograms()) resetPeak(pid);
  const look = () => {
    for (const { pid, program } of ourPrograms()) {
      const bytes = peakResidentBytes(pid);
      if (bytes !== null) peaks.set(program, Math.max(bytes, peaks.get(program) ?? 0));
    }
  };
  const timer = setInterval(look, LOOK_MS);
  return {
    stop: () => {
      clearInterval(timer);
      look();
      return peaks;
    },
  };
}

/** The most, in MiB, that a process of any of these programs had. @throws Error when none was seen */
export function peakMebibytes(peaks: ReadonlyMap<string, number>, programs: readonly string[]): number {
  const seen = programs.flatMap(program => peaks.get(program) ?? []);
  if (seen.length === 0)
    throw new Error(`no process of ${programs.join(' or ')} was seen, only of ${[...peaks.keys()].join(', ')}`);
  return Math.max(...seen) / 2 ** 20;
}

function ourPrograms(): { pid: number; program: string }[] {
  return descendantsOf(processTable(), process.pid).flatMap(({ pid }) => {
    const words = commandLineOf(pid);
    const script = words.findIndex(word => /(^|\/)(bin|workers)\/[a-z-]+\.ts$/.test(word));
    if (script < 0) return [];
    const name = path.basename(words[script] as string, '.ts');
    const isCommand = name === 'apportion';
    return [{ pid, program: isCommand ? `${name} ${words[script + 1] ?? ''}` : name }];
  });
}

function resetPeak(pid: number): void {
  try {
    writeFileSync(`/proc/${pid}/clear_refs`, RESET_PEAK);
  } catch {
    // It ended, or the kernel was built without it; then the mark is that of its whole life.
  }
}
