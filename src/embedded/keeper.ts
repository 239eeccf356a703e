/**
 * The process that keeps the private servers of one home: started by the first command that needs them, left by it,
 * gone some seconds after the last command is. Usage: keeper.ts HOME
 */
import { chmodSync, rmSync, writeSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isRefusal } from '../domain/errors.ts';
import { findHome, type HomeFolder, KEEPER_SOCKET } from './home-folder.ts';
import { type HomeLock, tryLock } from './home-lock.ts';
import { connectToKeeper, type KeeperReply, onRequests, SERVED_BY_ANOTHER, sendReply } from './keeper-link.ts';
import { type KeeperServers, keepServers } from './keeper-servers.ts';
import { explainStartFailure } from './start-failure.ts';

const LOCK_LIMIT_MS = 60_000;
/** For the command that started this keeper to attach. */
const FIRST_GRACE_MS = 2_000;
/** For commands that are about to attach, so that they learn why there is no server. */
const GIVEN_UP_GRACE_MS = 1_000;

if (import.meta.main) {
  // One line for the log, which the command that started this keeper reads its failure from.
  process.on('uncaughtException', error => {
    log(String(error));
    process.exit(1);
  });
  await main();
}

async function main(): Promise<void> {
  const home = findHome(process.argv[2] ?? '');
  if (home === null) throw new Error(`no such folder: ${process.argv[2]}`);
  // Nothing of the command that started it is held, such as a folder that somebody wants to unmount.
  process.chdir(home.keeper);
  const lock = await lockOrYield(home);
  if (lock === null) process.exit(SERVED_BY_ANOTHER);
  // The kernel would free it too; this keeps the lock from being collected as garbage while the keeper runs.
  process.on('exit', () => lock.release());
  process.title = `apportion keeper ${home.root}`;
  serve(home);
}

/** Waits while a keeper that is stopping still has the lock; null once another one serves. */
async function lockOrYield(home: HomeFolder): Promise<HomeLock | null> {
  const deadline = performance.now() + LOCK_LIMIT_MS;
  while (performance.now() < deadline) {
    const lock = tryLock(home.keeper);
    if (lock !== null) return lock;
    const other = await connectToKeeper(home.keeper);
    other?.destroy();
    if (other !== null) return null;
    await sleep(30);
  }
  throw new Error(`the lock of ${home.root} has not been free for ${LOCK_LIMIT_MS / 1000} s`);
}

function serve(home: HomeFolder): void {
  const clients = new Set<net.Socket>();
  let graceMs = FIRST_GRACE_MS;
  let graceTimer: NodeJS.Timeout | undefined;
  let ending = false;

  // Not before somebody attaches: of ten keepers started at once, a late one may get the lock when all is over.
  let servers: KeeperServers | undefined;
  const start = () =>
    keepServers({
      home,
      log,
      onGivenUp(error) {
        for (const client of clients) sendReply(client, refusal(home, error));
        setTimeout(() => void end('a server can not be kept running'), GIVEN_UP_GRACE_MS);
      },
    });
  const listener = net.createServer(client => {
    clients.add(client);
    clearTimeout(graceTimer);
    client.on('error', () => {});
    client.on('close', () => {
      clients.delete(client);
      if (clients.size === 0) startGrace();
    });
    onRequests(client, message => {
      if (message.ask === 'stop') {
        void end('asked to stop');
        return;
      }
      // One that comes too late is served by the next keeper.
      if (ending) return;
      ({ graceMs } = message);
      void answer(client, message.redis);
    });
  });

  async function answer(client: net.Socket, redis: 'auto' | 'off'): Promise<void> {
    try {
      servers ??= start();
      const running = await servers.ready({ redis });
      sendReply(client, {
        say: 'ready',
        keeperPid: process.pid,
        postgresVersion: running.postgres.version,
        redis: running.redis && { version: running.redis.server.version, origin: running.redis.origin },
      });
    } catch (error) {
      sendReply(client, refusal(home, error));
    }
  }

  function startGrace(): void {
    clearTimeout(graceTimer);
    graceTimer = setTimeout(() => void end('nobody is attached'), graceMs);
  }

  async function end(reason: string): Promise<void> {
    if (ending) return;
    ending = true;
    log(`stopping: ${reason}`);
    // First nobody new, then the servers, last the lock: whoever comes now waits for the lock and starts afresh.
    listener.close();
    for (const client of clients) sendReply(client, { say: 'ending' });
    await servers?.stop();
    log('stopped');
    process.exit(0);
  }

  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => void end(signal));
  // Relative, so the length of the home's path does not matter. What lies there is a killed keeper's.
  rmSync(KEEPER_SOCKET, { force: true });
  listener.listen(KEEPER_SOCKET, () => {
    chmodSync(KEEPER_SOCKET, 0o600);
    log(`keeping ${home.root}`);
    startGrace();
  });
}

function refusal(home: HomeFolder, error: unknown): KeeperReply {
  const { code, message, details } = isRefusal(error)
    ? error
    : explainStartFailure({
        server: 'the keeper of the private servers',
        folder: home.root,
        lines: [String(error)],
        logFile: path.join(home.log, 'keeper.log'),
      });
  return { say: 'refused', code, message, details };
}

/** To keeper.log. A full disk must not end the keeper. */
function log(line: string): void {
  try {
    writeSync(2, `${new Date().toISOString()} [${process.pid}] ${line}\n`);
  } catch {
    // Nobody is left to tell.
  }
}
