import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, fchownSync } from 'node:fs';
import type net from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Refusal } from '../domain/errors.ts';
import type { HomeFolder } from './home-folder.ts';
import {
  closeOf,
  connectToKeeper,
  type KeeperReply,
  onReplies,
  SERVED_BY_ANOTHER,
  sendRequest,
} from './keeper-link.ts';
import { linesSince, logSize, openLog } from './server-log.ts';
import { explainStartFailure } from './start-failure.ts';

/** Includes the unpacking of a Redis and Postgres' recovery. */
const ATTACH_LIMIT_MS = 180_000;
const RETRY_EVERY_MS = 20;
const KEEPER_PROGRAM = fileURLToPath(new URL('./keeper.ts', import.meta.url));
/** All that a keeper may inherit: it can outlive the command, so it holds no secrets and none of its debugging. */
const INHERITED = [
  ...['PATH', 'HOME', 'XDG_CACHE_HOME', 'TMPDIR', 'LD_LIBRARY_PATH', 'APT_CONFIG'],
  ...['http_proxy', 'https_proxy', 'no_proxy', 'HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY'],
];

export interface Wish {
  readonly redis: 'auto' | 'off';
  readonly graceMs: number;
}

export type ReadyReply = Extract<KeeperReply, { say: 'ready' }>;

/** Why an attachment ended: the servers are stopped on request, or given up; or only the keeper has gone. */
export type Loss =
  | { readonly why: 'ending' }
  | { readonly why: 'refused'; refusal: Refusal }
  | { readonly why: 'gone' };

/** A connection that keeps the servers of a home running for as long as it stands. */
export interface Attachment {
  readonly ready: ReadyReply;
  readonly startedNow: boolean;
  readonly lost: Promise<Loss>;
  end(): Promise<void>;
}

/**
 * Attaches to the keeper of the home, starting one where none serves, and waits until its servers are ready.
 * @throws Refusal (exit code 3) as `startPostgres` and `startRedis` give it, or when the keeper itself can't run
 */
export async function attach(home: HomeFolder, wish: Wish): Promise<Attachment> {
  const deadline = performance.now() + ATTACH_LIMIT_MS;
  let keeper: SpawnedKeeper | null = null;
  while (performance.now() < deadline) {
    const socket = await connectToKeeper(home.keeper);
    // A keeper that hangs is given up at the deadline.
    socket?.setTimeout(deadline - performance.now(), () => socket.destroy());
    const conversation = socket && converse(socket, wish);
    const answer = await conversation?.answer;
    if (answer?.say === 'refused') throw refusalOf(answer);
    if (conversation && answer?.say === 'ready') {
      // From here on it is the command that decides how long it runs.
      conversation.socket.setTimeout(0).unref();
      return { ...conversation, ready: answer, startedNow: answer.keeperPid === keeper?.process.pid };
    }
    // Nobody listens, or whoever did went away before answering. Ten commands at once start ten keepers: one stays.
    if (keeper === null || keeper.hasEnded()) {
      keeper?.refuseFailure();
      keeper = await spawnKeeper(home);
    }
    await sleep(RETRY_EVERY_MS);
  }
  throw new Refusal({
    code: 'server_not_started',
    message: `the servers of ${home.root} are not ready after ${ATTACH_LIMIT_MS / 1000} s`,
    remedy: `see the logs in ${home.log}`,
    exitCode: 3,
  });
}

interface Conversation {
  readonly socket: net.Socket;
  /** The first reply; null if the connection ended without one. */
  readonly answer: Promise<KeeperReply | null>;
  readonly lost: Promise<Loss>;
  end(): Promise<void>;
}

function converse(socket: net.Socket, wish: Wish): Conversation {
  const answer = Promise.withResolvers<KeeperReply | null>();
  const lost = Promise.withResolvers<Loss>();
  onReplies(socket, message => {
    answer.resolve(message.say === 'ending' ? null : message);
    if (message.say === 'ending') lost.resolve({ why: 'ending' });
    if (message.say === 'refused') {
      lost.resolve({ why: 'refused', refusal: refusalOf(message) });
      socket.destroy();
    }
  });
  const closed = closeOf(socket).then(() => {
    answer.resolve(null);
    lost.resolve({ why: 'gone' });
  });
  sendRequest(socket, { ask: 'attach', ...wish });
  return {
    socket,
    answer: answer.promise,
    lost: lost.promise,
    async end() {
      socket.destroy();
      await closed;
    },
  };
}

interface SpawnedKeeper {
  readonly process: ChildProcess;
  hasEnded(): boolean;
  /** Throws if the keeper ended because it could not run, not because another one serves or somebody killed it. */
  refuseFailure(): void;
}

/** Detached, so that neither the end of this command nor Ctrl-C on its terminal reaches it. */
async function spawnKeeper(home: HomeFolder): Promise<SpawnedKeeper> {
  const logFile = path.join(home.log, 'keeper.log');
  const failure = (lines: readonly string[]) =>
    explainStartFailure({ server: 'the keeper of the private servers', folder: home.root, lines, logFile });
  const mark = logSize(logFile);
  let child: ChildProcess;
  try {
    const log = openLog(logFile);
    if (home.owner !== null) fchownSync(log, home.owner.uid, home.owner.gid);
    child = spawn(process.execPath, [KEEPER_PROGRAM, home.root], {
      ...home.owner,
      cwd: home.keeper,
      env: Object.fromEntries(INHERITED.flatMap(name => (process.env[name] ? [[name, process.env[name]]] : []))),
      detached: true,
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    await once(child, 'spawn');
  } catch (error) {
    throw failure([String(error)]);
  }
  child.unref();
  return {
    process: child,
    hasEnded: () => child.exitCode !== null || child.signalCode !== null,
    refuseFailure() {
      if (child.exitCode === null || child.exitCode === 0 || child.exitCode === SERVED_BY_ANOTHER) return;
      throw failure(linesSince(logFile, mark));
    },
  };
}

function refusalOf({ code, message, details }: Extract<KeeperReply, { say: 'refused' }>): Refusal {
  return new Refusal({ code, message, details, exitCode: 3 });
}
