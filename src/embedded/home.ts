import { existsSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Refusal } from '../domain/errors.ts';
import { attach, type ReadyReply, type Wish } from './attachment.ts';
import { findHome, type HomeFolder, prepareHome } from './home-folder.ts';
import { LOCK_FILE, tryLock } from './home-lock.ts';
import { closeOf, connectToKeeper, sendRequest } from './keeper-link.ts';
import { OWNER, POSTGRES_PORT, POSTGRES_SOCKET, stopLeftoverPostgres } from './postgres-folder.ts';
import { REDIS_SOCKET, stopLeftoverRedis } from './redis.ts';
import { shortPath } from './short-path.ts';

const GRACE_MS = 5_000;
const STOP_LIMIT_MS = 90_000;
const LONGEST_SOCKET = path.join('postgres', POSTGRES_SOCKET);

export interface HomeOptions {
  /** Folder of the private servers; made where it is missing. */
  readonly home: string;
  /** `auto`: a private Redis where a server is found or can be unpacked; `off`: none. */
  readonly redis?: 'auto' | 'off';
  /** How long the servers go on after the last command has ended. */
  readonly graceMs?: number;
  /** Called once if the servers go for good while this is open: stopped on request, or not to be kept running. */
  readonly onLost?: (refusal: Refusal) => void;
}

/** The private servers of one home, shared with every other command that has them open. */
export interface EmbeddedServers {
  /** For pg. Everything but the database's name must be passed, for PG… variables of the user not to take its place. */
  readonly postgres: { readonly host: string; readonly port: number; readonly user: string; readonly database: string };
  /** For ioredis; null where the queue has to do with Postgres. */
  readonly redis: { readonly path: string } | null;
  /** Whether this call started them. */
  readonly startedNow: boolean;
  /** One line: what runs and where. */
  readonly describe: string;
  /** Lets go of the servers, which end some seconds after the last command has. Close the pools first. */
  close(): Promise<void>;
}

/**
 * Opens the private servers of a home, starting them where they do not run. While this is open they are started again
 * whenever one dies, at the same addresses, which hold for this process and its children. It does not keep the
 * process alive, and its end by whatever cause counts as `close`.
 * @throws Refusal (exit code 3) naming what is missing or in the way
 */
export async function openHome(options: HomeOptions): Promise<EmbeddedServers> {
  const { redis = 'auto', graceMs = GRACE_MS, onLost = () => {} } = options;
  refuseUnknownSystem();
  const home = prepareHome(options.home);
  const wish: Wish = { redis, graceMs };
  let attachment = await attach(home, wish);
  const { ready, startedNow } = attachment;
  const root = shortPath(home.root, LONGEST_SOCKET);
  let closed = false;

  async function holdOn(): Promise<void> {
    while (!closed) {
      const loss = await attachment.lost;
      if (closed) return;
      if (loss.why === 'refused') throw loss.refusal;
      if (loss.why === 'ending') throw stoppedBySomebody(home);
      const next = await attach(home, wish);
      if (closed) await next.end();
      attachment = next;
    }
  }
  holdOn().catch((error: unknown) => {
    if (!closed) onLost(error instanceof Refusal ? error : notKept(home, error));
  });

  return {
    postgres: { host: path.join(root.path, 'postgres'), port: POSTGRES_PORT, user: OWNER, database: OWNER },
    redis: ready.redis && { path: path.join(root.path, 'redis', REDIS_SOCKET) },
    startedNow,
    describe: describe({ home, ready, startedNow, redis }),
    async close() {
      closed = true;
      await attachment.end();
      root.release();
    },
  };
}

/**
 * Stops the servers of a home now, whoever uses them, and waits until nothing is left of them; their data stays.
 * @returns false where nothing ran
 * @throws Refusal `server_not_stopped` (exit code 3) after 90 seconds
 */
export async function stopHome(options: { home: string }): Promise<boolean> {
  const home = findHome(options.home);
  if (home === null || !existsSync(path.join(home.keeper, LOCK_FILE))) return false;
  const deadline = performance.now() + STOP_LIMIT_MS;
  let ran = false;
  while (performance.now() < deadline) {
    const socket = await connectToKeeper(home.keeper);
    if (socket !== null) {
      ran = true;
      sendRequest(socket, { ask: 'stop' });
      // A keeper that hangs is given up at the deadline.
      socket.setTimeout(deadline - performance.now(), () => socket.destroy());
      await closeOf(socket.resume());
    }
    const lock = tryLock(home.keeper);
    if (lock === null) {
      // A keeper that is about to listen, or about to end.
      ran = true;
      await sleep(20);
      continue;
    }
    try {
      const left = await Promise.all([stopLeftoverPostgres(home.postgres), stopLeftoverRedis(home.redis)]);
      return ran || left.includes(true);
    } finally {
      lock.release();
    }
  }
  throw new Refusal({
    code: 'server_not_stopped',
    message: `the servers of ${home.root} did not stop within ${STOP_LIMIT_MS / 1000} s`,
    remedy: `see the logs in ${home.log}`,
    exitCode: 3,
  });
}

function refuseUnknownSystem(): void {
  if (process.platform === 'linux' || process.platform === 'darwin') return;
  throw new Refusal({
    code: 'embedded_unsupported',
    message: `the private servers run on Linux and macOS, not on ${process.platform}`,
    remedy: 'set DATABASE_URL, and REDIS_URL if you have one, or use WSL',
    exitCode: 3,
  });
}

function describe(state: { home: HomeFolder; ready: ReadyReply; startedNow: boolean; redis: 'auto' | 'off' }): string {
  const { home, ready, startedNow, redis } = state;
  const postgres = `Postgres ${ready.postgresVersion}`;
  const verb = startedNow ? 'started' : 'sharing';
  if (ready.redis !== null) return `${verb} ${postgres} and Redis ${ready.redis.version} in ${home.root}`;
  const reason = redis === 'off' ? '' : ' (no redis-server was found)';
  return `${verb} ${postgres} in ${home.root}; the queue is in Postgres${reason}`;
}

function stoppedBySomebody(home: HomeFolder): Refusal {
  return new Refusal({
    code: 'servers_stopped',
    message: `the servers of ${home.root} were stopped`,
    remedy: 'run the command again to start them',
    exitCode: 3,
  });
}

function notKept(home: HomeFolder, error: unknown): Refusal {
  return new Refusal({
    code: 'server_not_started',
    message: `the servers of ${home.root} are gone: ${error instanceof Error ? error.message : String(error)}`,
    exitCode: 3,
  });
}
