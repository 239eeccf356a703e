import { closeSync, fstatSync, mkdirSync, openSync, readSync, renameSync, statSync } from 'node:fs';
import path from 'node:path';

const ROTATE_ABOVE_BYTES = 8 * 1024 * 1024;
const MAX_READ_BYTES = 64 * 1024;

/** Opens a log for a server's output, making its folder; a large one is first put aside as `….1`. Returns the descriptor. */
export function openLog(file: string): number {
  mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
  if (logSize(file) > ROTATE_ABOVE_BYTES) renameSync(file, `${file}.1`);
  return openSync(file, 'a', 0o600);
}

/** Size in bytes, 0 where there is no such file: the mark from which `linesSince` reads what a server then wrote. */
export function logSize(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

/** The non-empty lines written after the mark, at most the last 64 KiB of them. */
export function linesSince(file: string, mark: number): string[] {
  let descriptor: number;
  try {
    descriptor = openSync(file, 'r');
  } catch {
    return [];
  }
  try {
    const { size } = fstatSync(descriptor);
    // A file that is smaller than the mark has been put aside since: all of it is new.
    const from = Math.max(size < mark ? 0 : mark, size - MAX_READ_BYTES);
    const buffer = Buffer.alloc(Math.max(0, size - from));
    const read = readSync(descriptor, buffer, 0, buffer.length, from);
    return buffer
      .toString('utf8', 0, read)
      .split('\n')
      .filter(line => line.trim() !== '');
  } finally {
    closeSync(descriptor);
  }
}
