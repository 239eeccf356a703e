import { existsSync, statfsSync } from 'node:fs';
import path from 'node:path';
import { Refusal } from '../domain/errors.ts';

const FULL_BELOW_BYTES = 1024 * 1024;
const KEPT_LINES = 8;

/** Debian's package of the libraries that small images lack. */
const PACKAGE_OF_LIBRARY: Readonly<Record<string, string>> = {
  'libatomic.so.1': 'libatomic1',
  'libstdc++.so.6': 'libstdc++6',
  'libgcc_s.so.1': 'libgcc-s1',
};

export interface StartFailure {
  readonly server: 'Postgres' | 'Redis' | 'the keeper of the private servers';
  /** The folder it works on: named, and looked at for free space. */
  readonly folder: string;
  /** What it printed, oldest line first. */
  readonly lines: readonly string[];
  readonly logFile: string;
}

/** Turns what a server printed before it gave up into one line that names cause, place and remedy. Exit code 3. */
export function explainStartFailure({ server, folder, lines, logFile }: StartFailure): Refusal {
  const text = lines.join('\n');
  const refuse = (code: string, message: string, remedy: string) =>
    new Refusal({
      code,
      message,
      remedy,
      exitCode: 3,
      details: { folder, logFile, lastLines: lines.slice(-KEPT_LINES) },
    });

  const library = /error while loading shared libraries: ([^\s:]+)/.exec(text)?.[1];
  if (library !== undefined) {
    const name = PACKAGE_OF_LIBRARY[library];
    const remedy = name === undefined ? 'install it' : `install it (Debian and Ubuntu: apt-get install ${name})`;
    return refuse('missing_library', `${server} can't start: the library ${library} is missing`, remedy);
  }
  if (
    /No space left on device|Check free disk space|wrote only \d+ of \d+ bytes|Disk quota exceeded/i.test(text) ||
    isFull(folder)
  ) {
    return refuse('disk_full', `${server} can't start: the disk that holds ${folder} is full`, 'free some space');
  }
  if (/Permission denied|Read-only file system|Operation not permitted/i.test(text)) {
    const line = significantLine(lines);
    return refuse(
      'home_not_usable',
      `${server} can't start in ${folder}: ${line}`,
      `make it writable; log: ${logFile}`,
    );
  }
  const line = significantLine(lines);
  return refuse('server_not_started', `${server} can't start in ${folder}: ${line}`, `log: ${logFile}`);
}

/** The last line that tells of an error, without its time and process number; else the last line at all. */
function significantLine(lines: readonly string[]): string {
  // Redis prints a headline and the particulars below it.
  const headline = lines.findLastIndex(line => line.startsWith('*** '));
  if (headline !== -1 && headline < lines.length - 1) return lines.slice(headline + 1).join(' ');
  const telling = lines.findLast(line => /\b(FATAL|PANIC|ERROR|error|Fatal|can't|Can't|could not)\b/.test(line));
  const line = telling ?? lines.at(-1) ?? 'it ended without a word';
  return line.replace(/^(.*?\b(FATAL|PANIC|ERROR):\s+|\S+Z \[\d+\] )/, '').trim();
}

function isFull(folder: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(existsSync(folder) ? folder : path.dirname(folder));
    return bavail * bsize < FULL_BELOW_BYTES;
  } catch {
    return false;
  }
}
