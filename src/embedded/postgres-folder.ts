import {
  appendFileSync,
  chownSync,
  closeSync,
  fsyncSync,
  lchownSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import path from 'node:path';
import { Refusal } from '../domain/errors.ts';
import type { PostgresBinaries } from './postgres-binaries.ts';
import { endProcesses, isAlive, mayWorkIn, processesIn, signalProcess } from './processes.ts';
import { runCommand } from './run-command.ts';
import type { Account, Runner } from './runner.ts';
import { explainStartFailure } from './start-failure.ts';
import { waitUntil } from './wait-until.ts';

const INITDB_LIMIT_MS = 60_000;
const SHUTDOWN_LIMIT_MS = 20_000;
const ORPHANS_LIMIT_MS = 300;

/** The role that owns everything in a private server. */
export const OWNER = 'apportion';

/** Only names the socket: a private server opens no TCP port. */
export const POSTGRES_PORT = 5432;
export const POSTGRES_SOCKET = `.s.PGSQL.${POSTGRES_PORT}`;

/**
 * Makes the data folder if there is none, and sees that this Postgres can use it.
 * @throws Refusal `data_folder_version`, `data_folder_foreign`, `disk_full`, `home_not_usable`, `server_not_started`
 */
export async function prepareDataFolder(place: {
  dataDir: string;
  binaries: PostgresBinaries;
  runner: Runner;
  logFile: string;
}): Promise<void> {
  const { dataDir, binaries, runner, logFile } = place;
  const found = dataFolderVersion(dataDir);
  if (found === null) {
    await createDataFolder(place);
    return;
  }
  if (found !== binaries.majorVersion) {
    throw new Refusal({
      code: 'data_folder_version',
      message: `${dataDir} was made by Postgres ${found}, and this is Postgres ${binaries.majorVersion}`,
      remedy: 'run the version of apportion that made it, or move the folder away to start empty',
      details: { dataDir, found, expected: binaries.majorVersion, logFile },
      exitCode: 3,
    });
  }
  giveTo(runner.folderOwner, dataDir);
}

/** The owner of the data folder; null where there is none. */
export function dataFolderOwner(dataDir: string): Account | null {
  const stat = statSync(dataDir, { throwIfNoEntry: false });
  return stat === undefined ? null : { uid: stat.uid, gid: stat.gid };
}

/**
 * The server that works on this folder now, by its process id; null where there is none. A `postmaster.pid` alone
 * proves nothing: after a crash its number may belong to any other process.
 */
export function livingPostmaster(dataDir: string): number | null {
  const pid = postmasterFile(dataDir)?.pid ?? null;
  return pid !== null && mayWorkIn({ pid, name: 'postgres', folder: dataDir }) ? pid : null;
}

/** What the running server wrote about itself; null before it has. It takes connections once its state is `ready`. */
export function postmasterFile(dataDir: string): { pid: number; state: string } | null {
  let text: string;
  try {
    text = readFileSync(path.join(dataDir, 'postmaster.pid'), 'utf8');
  } catch {
    return null;
  }
  const lines = text.split('\n');
  const pid = Number(lines[0]);
  return Number.isInteger(pid) && pid > 0 ? { pid, state: lines[7]?.trim() ?? '' } : null;
}

/**
 * Clears what a server without a postmaster leaves: backends that have not noticed yet, which would keep the memory
 * that a new start refuses to share, and lock files whose number belongs to somebody else by now, or to the killed
 * server itself where nobody has collected it (a container's first process often does not).
 * Does nothing while a postmaster lives on the folder.
 */
export async function clearRemains(dataDir: string): Promise<void> {
  if (livingPostmaster(dataDir) !== null) return;
  await endProcesses(() => processesIn(dataDir, ['postgres']), { signal: null, graceMs: ORPHANS_LIMIT_MS });
  for (const name of ['postmaster.pid', `${POSTGRES_SOCKET}.lock`]) rmSync(path.join(dataDir, name), { force: true });
}

/**
 * Ends a server that outlived whoever started it; false where none ran. Only for the holder of the home's lock: nobody
 * else may be using that server.
 */
export async function stopLeftoverPostgres(dataDir: string): Promise<boolean> {
  const postmaster = livingPostmaster(dataDir);
  const living = () => processesIn(dataDir, ['postgres']);
  if (postmaster === null && living().length === 0) return false;
  if (postmaster !== null) {
    signalProcess(postmaster, 'SIGINT');
    const ended = await waitUntil(() => livingPostmaster(dataDir) === null, { limitMs: SHUTDOWN_LIMIT_MS });
    if (!ended) signalProcess(postmaster, 'SIGKILL');
  }
  await endProcesses(living, { signal: null, graceMs: ORPHANS_LIMIT_MS });
  return true;
}

function dataFolderVersion(dataDir: string): string | null {
  try {
    return readFileSync(path.join(dataDir, 'PG_VERSION'), 'utf8').trim();
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw unusable(dataDir, error);
  }
  if (statSync(dataDir, { throwIfNoEntry: false }) === undefined || readdirSync(dataDir).length === 0) return null;
  throw new Refusal({
    code: 'data_folder_foreign',
    message: `${dataDir} is not empty and holds no Postgres database`,
    remedy: 'move it away, or choose another folder with APPORTION_HOME',
    details: { dataDir },
    exitCode: 3,
  });
}

/** Under another name until it is whole: a kill in the middle leaves nothing that looks like a database. */
async function createDataFolder(place: Parameters<typeof prepareDataFolder>[0]): Promise<void> {
  const { dataDir, binaries, runner, logFile } = place;
  const parent = path.dirname(dataDir);
  const fresh = `${dataDir}.new-${process.pid}`;
  try {
    mkdirSync(parent, { recursive: true, mode: 0o700 });
    removeUnfinished({ parent, prefix: `${path.basename(dataDir)}.new-` });
    mkdirSync(fresh, { mode: 0o700 });
    giveTo(runner.folderOwner, fresh);
  } catch (error) {
    throw unusable(dataDir, error);
  }
  const initdb = [
    binaries.initdb,
    `--pgdata=${fresh}`,
    `--username=${OWNER}`,
    '--auth=trust',
    '--encoding=UTF8',
    // Without these the surroundings' locale decides on encoding and order, or makes initdb fail.
    '--locale=C',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    '--no-instructions',
    // What it has made tells whether the disk was full; it is removed below.
    '--no-clean',
  ];
  const { ok, stdout, stderr } = await runCommand(runner.commandLine(initdb, 'KILL'), {
    limitMs: INITDB_LIMIT_MS,
    env: binaries.env,
    ...runner.identity,
  });
  try {
    if (!ok) {
      const lines = `${stdout}\n${stderr}`.split('\n').filter(line => line.trim() !== '');
      noteInLog(logFile, lines);
      throw explainStartFailure({ server: 'Postgres', folder: dataDir, lines, logFile });
    }
    renameSync(fresh, dataDir);
    syncFolder(parent);
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}

function noteInLog(logFile: string, lines: readonly string[]): void {
  try {
    appendFileSync(logFile, `${lines.join('\n')}\n`, { mode: 0o600 });
  } catch {
    // A full disk has no room for it; the refusal carries the lines too.
  }
}

/** The unfinished folders of processes that are gone. */
function removeUnfinished({ parent, prefix }: { parent: string; prefix: string }): void {
  for (const name of readdirSync(parent)) {
    if (!name.startsWith(prefix)) continue;
    const maker = Number(name.slice(prefix.length));
    if (maker === process.pid || !isAlive(maker)) rmSync(path.join(parent, name), { recursive: true, force: true });
  }
}

/** Postgres refuses a folder that its own user does not own. */
function giveTo(owner: Account | null, folder: string): void {
  const { uid, gid } = owner ?? { uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0 };
  if (process.geteuid?.() !== 0 || statSync(folder).uid === uid) return;
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    lchownSync(path.join(folder, name), uid, gid);
  }
  // Last, because the folder's owner is what tells the next start that all of it has been handed over.
  chownSync(folder, uid, gid);
}

/** Makes a rename in this folder survive a power cut. */
function syncFolder(folder: string): void {
  const descriptor = openSync(folder, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function unusable(dataDir: string, error: unknown): Refusal {
  return explainStartFailure({
    server: 'Postgres',
    folder: path.dirname(dataDir),
    lines: [String(error)],
    logFile: 'none yet',
  });
}
