import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, escapeIdentifier } from 'pg';
import { APPLICATION_ROLE } from '../db/database.ts';
import { Refusal } from '../domain/errors.ts';
import { locatePostgres, type PostgresBinaries } from './postgres-binaries.ts';
import {
  clearRemains,
  dataFolderOwner,
  livingPostmaster,
  OWNER,
  POSTGRES_PORT,
  POSTGRES_SOCKET,
  postmasterFile,
  prepareDataFolder,
} from './postgres-folder.ts';
import { chooseServerRunner, isRunner, type Runner } from './runner.ts';
import { linesSince, logSize } from './server-log.ts';
import { shortPath } from './short-path.ts';
import { type ServerExit, type ServerProcess, spawnServer } from './spawn-server.ts';
import { explainStartFailure } from './start-failure.ts';
import { waitUntil } from './wait-until.ts';

const END_STEPS = [
  { signal: 'SIGINT', limitMs: 30_000 },
  { signal: 'SIGQUIT', limitMs: 5_000 },
  { signal: 'SIGKILL', limitMs: 10_000 },
] as const;

/**
 * fsync and synchronous_commit stay on: what is acknowledged survives a power cut. The more may be written between
 * checkpoints, the longer recovery after a kill: on two cores, inserting random keys, 1 s at 128 MB and 6 s at 512 MB.
 */
const SETTINGS: Readonly<Record<string, string>> = {
  listen_addresses: '',
  port: String(POSTGRES_PORT),
  // Relative to the data folder, so the length of its path does not matter.
  unix_socket_directories: '.',
  unix_socket_permissions: '0700',
  timezone: 'UTC',
  log_timezone: 'UTC',
  max_connections: '200',
  shared_buffers: '256MB',
  max_wal_size: '256MB',
  min_wal_size: '128MB',
  jit: 'off',
};

export interface PostgresOptions {
  /** Made if it does not exist. Nobody else may start a server on it meanwhile. */
  readonly dataDir: string;
  /** Settings of postgresql.conf that replace or add to the private server's own. */
  readonly settings?: Readonly<Record<string, string>>;
  /** `<dataDir>.log` unless given. */
  readonly logFile?: string;
  /** Made if it does not exist; `apportion` unless given. */
  readonly database?: string;
  /** How long recovery after a kill may take. */
  readonly limitMs?: number;
}

export interface PostgresServer {
  /** Folder of the unix socket, for pg's `host`; holds for this process and its children while the server runs. */
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
  readonly dataDir: string;
  readonly version: string;
  /** Of the postmaster, which SIGKILL may be sent to: `exited` then resolves, and the folder can be started again. */
  readonly pid: number;
  readonly exited: Promise<ServerExit>;
  /** Disconnects everybody, writes a checkpoint, ends. Does nothing once it has ended. */
  stop(): Promise<void>;
}

/**
 * Starts a private Postgres 18 on the folder, making the folder and the database where they are missing, and waits until
 * it takes connections. It ends when this process ends, however it ends. Works as root and under any locale.
 * @throws Refusal (exit code 3) `data_folder_in_use`, `data_folder_version`, `data_folder_foreign`, `disk_full`,
 *   `missing_library`, `home_not_usable`, `postgres_missing`, `server_not_started`
 */
export async function startPostgres(options: PostgresOptions): Promise<PostgresServer> {
  const { settings = {}, database = OWNER, limitMs = 120_000 } = options;
  const dataDir = path.resolve(options.dataDir);
  const logFile = options.logFile ?? `${dataDir}.log`;
  const binaries = await locatePostgres({ spareFolder: path.join(path.dirname(dataDir), 'postgres-lib') });
  const runner = await runnerFor({ dataDir, binaries, logFile });
  await prepareDataFolder({ dataDir, binaries, runner, logFile });

  const process = await launch({ dataDir, binaries, runner, logFile, settings: { ...SETTINGS, ...settings }, limitMs });
  const socketFolder = shortPath(dataDir, POSTGRES_SOCKET);
  void process.exited.then(() => socketFolder.release());
  const address = { host: socketFolder.path, port: POSTGRES_PORT, user: OWNER };
  try {
    await ensureOurs(address, database);
  } catch (error) {
    await process.end(END_STEPS);
    throw explainStartFailure({ server: 'Postgres', folder: dataDir, lines: [String(error)], logFile });
  }
  return {
    ...address,
    database,
    dataDir,
    version: binaries.version,
    pid: process.pid,
    exited: process.exited,
    async stop() {
      // What a killed server has left is the next start's to clear: another may be running on the folder by now.
      await process.end(END_STEPS);
    },
  };
}

async function runnerFor(place: { dataDir: string; binaries: PostgresBinaries; logFile: string }): Promise<Runner> {
  const { dataDir, binaries, logFile } = place;
  const { postgres, env } = binaries;
  const runner = await chooseServerRunner({ probe: [postgres, '--version'], env, owner: dataFolderOwner(dataDir) });
  if (isRunner(runner)) return runner;
  throw new Refusal({
    code: 'server_not_started',
    message: `Postgres can't start in ${dataDir}: it refuses root, and as another user: ${runner.stderr.trim()}`,
    remedy: 'run the command as an ordinary user',
    details: { dataDir, logFile },
    exitCode: 3,
  });
}

interface Launch {
  readonly dataDir: string;
  readonly binaries: PostgresBinaries;
  readonly runner: Runner;
  readonly logFile: string;
  readonly settings: Readonly<Record<string, string>>;
  readonly limitMs: number;
}

/** Starts the postmaster, again while what is in its way is only the rest of a killed one. */
async function launch({ dataDir, binaries, runner, logFile, settings, limitMs }: Launch): Promise<ServerProcess> {
  const deadline = performance.now() + limitMs;
  const assignments = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  for (;;) {
    await makeWay(dataDir, deadline - performance.now());
    const mark = logSize(logFile);
    const server = await spawnServer({
      runner,
      command: [binaries.postgres, '-D', dataDir, ...assignments],
      cwd: dataDir,
      env: binaries.env,
      logFile,
      deathSignal: 'INT',
    });
    const settled = await waitUntil(() => server.hasExited() || isReady(dataDir, server.pid), {
      limitMs: deadline - performance.now(),
      everyMs: 10,
    });
    if (settled && !server.hasExited()) return server;
    await server.end(END_STEPS);
    const lines = linesSince(logFile, mark);
    if (!settled) lines.push(`it takes no connections after ${limitMs} ms`);
    const passing = /pre-existing shared memory block|lock file "[^"]+" already exists/.test(lines.join('\n'));
    if (!passing || performance.now() >= deadline) {
      throw explainStartFailure({ server: 'Postgres', folder: dataDir, lines, logFile });
    }
    await sleep(100);
  }
}

/** Waits for a server that is shutting down, as it does when whoever started it has just ended; refuses any other. */
async function makeWay(dataDir: string, limitMs: number): Promise<void> {
  const gone = () => livingPostmaster(dataDir) === null;
  const free =
    (await waitUntil(gone, { limitMs: Math.min(limitMs, 2_000) })) ||
    (postmasterFile(dataDir)?.state === 'stopping' && (await waitUntil(gone, { limitMs })));
  if (free) {
    await clearRemains(dataDir);
    return;
  }
  const pid = livingPostmaster(dataDir);
  throw new Refusal({
    code: 'data_folder_in_use',
    message: `another Postgres (process ${pid}) is running on ${dataDir}`,
    remedy: 'stop it first',
    details: { dataDir, pid },
    exitCode: 3,
  });
}

function isReady(dataDir: string, pid: number): boolean {
  const file = postmasterFile(dataDir);
  return file?.pid === pid && file.state === 'ready';
}

/** The database, and the login of the application's role: a session as the owner could take the owner's rights back on. */
async function ensureOurs(address: { host: string; port: number; user: string }, database: string): Promise<void> {
  const client = new Client({ ...address, database: 'postgres', connectionTimeoutMillis: 30_000 });
  // Without a listener, a server that dies now would end this process.
  client.on('error', () => {});
  await client.connect();
  try {
    const { rowCount } = await client.query('select 1 from pg_database where datname = $1', [database]);
    if (rowCount === 0) await client.query(`create database ${escapeIdentifier(database)}`);
    const { rows } = await client.query('select rolcanlogin as "canLogin" from pg_roles where rolname = $1', [
      APPLICATION_ROLE,
    ]);
    if (rows[0]?.canLogin !== true)
      await client.query(`${rows.length === 0 ? 'create' : 'alter'} role ${APPLICATION_ROLE} login`);
  } finally {
    await client.end();
  }
}
