import { accessSync, constants, mkdirSync, readFileSync, rmSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { Refusal } from '../domain/errors.ts';
import { endProcesses, mayWorkIn, processesIn } from './processes.ts';
import { unpackedServer, unpackServer } from './redis-from-debian.ts';
import { runCommand } from './run-command.ts';
import { choosePlainRunner, isRunner } from './runner.ts';
import { serverEnvironment } from './server-environment.ts';
import { linesSince, logSize } from './server-log.ts';
import { shortPath } from './short-path.ts';
import { type ServerExit, spawnServer } from './spawn-server.ts';
import { explainStartFailure } from './start-failure.ts';
import { waitUntil } from './wait-until.ts';

export const REDIS_SOCKET = 'redis.sock';
const PID_FILE = 'redis.pid';
const PROGRAMS = ['redis-server', 'valkey-server'] as const;
/** Below this, BullMQ warns on every connection. */
const LEAST_VERSION = [6, 2] as const;

const END_STEPS = [
  { signal: 'SIGTERM', limitMs: 10_000 },
  { signal: 'SIGKILL', limitMs: 10_000 },
] as const;

/** No snapshots: the append-only file is the one copy, at most a second behind. A queue must never evict a job. */
const SETTINGS: Readonly<Record<string, string>> = {
  port: '0',
  bind: '127.0.0.1',
  unixsocket: REDIS_SOCKET,
  unixsocketperm: '700',
  appendonly: 'yes',
  appendfsync: 'everysec',
  'maxmemory-policy': 'noeviction',
  save: '',
  daemonize: 'no',
  logfile: '',
  pidfile: PID_FILE,
};

export interface RedisBinary {
  readonly command: string;
  readonly env: NodeJS.ProcessEnv;
  readonly version: string;
  readonly origin: string;
}

/**
 * A redis-server (or valkey-server) of at least 6.2: the one on PATH, else one unpacked before into the cache folder,
 * else one unpacked now from Debian's or Ubuntu's packages. Null where there is none; the search then took at most 20
 * seconds, without network usually below one.
 */
export async function findRedisServer(options: {
  cacheDir: string;
  /** False: only what is on PATH or in the cache already. */
  mayUnpack?: boolean;
}): Promise<RedisBinary | null> {
  const { cacheDir, mayUnpack = true } = options;
  for (const command of PROGRAMS.flatMap(onPath)) {
    const found = await examine({ command, env: serverEnvironment(), origin: command });
    if (found !== null) return found;
  }
  const cached = await examineUnpacked(cacheDir);
  if (cached !== null || !mayUnpack) return cached;
  // What lies there and does not run is of no use; it would be in the way of the new one.
  rmSync(unpackedServer(cacheDir).folder, { recursive: true, force: true });
  return (await unpackServer(cacheDir)) ? await examineUnpacked(cacheDir) : null;
}

export interface RedisOptions {
  readonly binary: RedisBinary;
  /** Made if it does not exist, for this user alone. Nobody else may start a server on it meanwhile. */
  readonly dir: string;
  /** TCP port on 127.0.0.1; only the unix socket unless given. */
  readonly port?: number;
  /** Directives of redis.conf that replace or add to the private server's own. */
  readonly settings?: Readonly<Record<string, string>>;
  /** `<dir>.log` unless given. */
  readonly logFile?: string;
  /** How long loading the append-only file may take. */
  readonly limitMs?: number;
}

export interface RedisServer {
  /** Of the unix socket, for ioredis' `path`; holds for this process and its children while the server runs. */
  readonly path: string;
  readonly dir: string;
  readonly version: string;
  readonly pid: number;
  readonly exited: Promise<ServerExit>;
  /** Writes what is still in memory, ends. Does nothing once it has ended. */
  stop(): Promise<void>;
}

/**
 * Starts a private Redis on the folder and waits until it has loaded its data. It ends when this process ends.
 * @throws Refusal (exit code 3) `redis_folder_in_use`, `disk_full`, `missing_library`, `home_not_usable`,
 *   `server_not_started`
 */
export async function startRedis(options: RedisOptions): Promise<RedisServer> {
  const { binary, port = 0, settings = {}, limitMs = 60_000 } = options;
  const dir = path.resolve(options.dir);
  const logFile = options.logFile ?? `${dir}.log`;
  const failure = (lines: readonly string[]) => explainStartFailure({ server: 'Redis', folder: dir, lines, logFile });
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw failure([String(error)]);
  }
  const runner = await choosePlainRunner({ probe: [binary.command, '--version'], env: binary.env });
  if (!isRunner(runner)) throw failure(runner.stderr.split('\n'));
  await makeWay(dir);

  const mark = logSize(logFile);
  const directives = Object.entries({ ...SETTINGS, port: String(port), ...settings });
  const process = await spawnServer({
    runner,
    command: [binary.command, ...directives.flatMap(([name, value]) => [`--${name}`, value])],
    cwd: dir,
    env: binary.env,
    logFile,
    deathSignal: 'TERM',
  });
  const socketFolder = shortPath(dir, REDIS_SOCKET);
  void process.exited.then(() => socketFolder.release());
  const socket = path.join(socketFolder.path, REDIS_SOCKET);
  const settled = await waitUntil(async () => process.hasExited() || (await ping(socket)) === '+PONG', { limitMs });
  if (!settled || process.hasExited()) {
    await process.end(END_STEPS);
    const silence = settled ? [] : [`it did not answer within ${limitMs} ms`];
    throw failure([...linesSince(logFile, mark), ...silence]);
  }
  return {
    path: socket,
    dir,
    version: binary.version,
    pid: process.pid,
    exited: process.exited,
    async stop() {
      await process.end(END_STEPS);
    },
  };
}

/**
 * Ends a server that outlived whoever started it; false where none ran. Only for the holder of the home's lock: nobody
 * else may be using that server.
 */
export async function stopLeftoverRedis(dir: string): Promise<boolean> {
  const living = () => serversIn(dir);
  if (living().length === 0) return false;
  await endProcesses(living, { signal: 'SIGTERM', graceMs: 10_000 });
  return true;
}

/** A second server would silently take the socket over, and both would write the same file. */
async function makeWay(dir: string): Promise<void> {
  // One whose starter has just ended is about to end too.
  if (await waitUntil(() => serversIn(dir).length === 0, { limitMs: 2_000 })) return;
  throw new Refusal({
    code: 'redis_folder_in_use',
    message: `another Redis (process ${serversIn(dir).join(', ')}) is running on ${dir}`,
    remedy: 'stop it first',
    details: { dir },
    exitCode: 3,
  });
}

function serversIn(dir: string): number[] {
  const found = new Set(processesIn(dir, PROGRAMS));
  const pid = pidFromFile(dir);
  if (pid !== null && PROGRAMS.some(name => mayWorkIn({ pid, name, folder: dir }))) found.add(pid);
  return [...found];
}

function pidFromFile(dir: string): number | null {
  try {
    const pid = Number(readFileSync(path.join(dir, PID_FILE), 'utf8'));
    return Number.isInteger(pid) && pid > 0 ? pid : null;
  } catch {
    return null;
  }
}

/** First line of the answer to PING; '-LOADING …' while the server reads its file, null where nobody answers. */
async function ping(socket: string): Promise<string | null> {
  const { promise, resolve } = Promise.withResolvers<string | null>();
  const connection = net.connect({ path: socket });
  connection.setTimeout(1_000, () => resolve(null));
  connection.on('error', () => resolve(null));
  connection.on('close', () => resolve(null));
  connection.on('connect', () => connection.write('PING\r\n'));
  connection.on('data', data => resolve(data.toString('utf8').split('\r\n')[0] ?? null));
  try {
    return await promise;
  } finally {
    connection.destroy();
  }
}

async function examineUnpacked(cacheDir: string): Promise<RedisBinary | null> {
  const { command, libraryFolders } = unpackedServer(cacheDir);
  return await examine({ command, env: serverEnvironment(libraryFolders), origin: "Debian's package" });
}

/** Runs `--version`, which also tells whether its libraries are there. */
async function examine(candidate: {
  command: string;
  env: NodeJS.ProcessEnv;
  origin: string;
}): Promise<RedisBinary | null> {
  const { command, env, origin } = candidate;
  if (!isExecutable(command)) return null;
  const { ok, stdout } = await runCommand([command, '--version'], { limitMs: 5_000, env });
  const [version, major, minor] = /\bv=(\d+)\.(\d+)[.\d]*/.exec(stdout) ?? [];
  if (!ok || version === undefined) return null;
  const [leastMajor, leastMinor] = LEAST_VERSION;
  const tooOld = Number(major) < leastMajor || (Number(major) === leastMajor && Number(minor) < leastMinor);
  return tooOld ? null : { command, env, version: version.slice(2), origin };
}

function onPath(program: string): string[] {
  return (process.env.PATH ?? '')
    .split(path.delimiter)
    .filter(folder => path.isAbsolute(folder))
    .map(folder => path.join(folder, program))
    .filter(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
