import { accessSync, constants, mkdirSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { isRefusal } from '../domain/errors.ts';
import type { HomeFolder } from './home-folder.ts';
import { type PostgresServer, startPostgres } from './postgres.ts';
import { stopLeftoverPostgres } from './postgres-folder.ts';
import { findRedisServer, type RedisBinary, type RedisServer, startRedis, stopLeftoverRedis } from './redis.ts';
import { type Supervised, supervise } from './supervise.ts';

/** So that a machine without network does not wait for apt at each command. */
const NO_REDIS_FOR_MS = 10 * 60 * 1000;

export interface RunningServers {
  readonly postgres: PostgresServer;
  readonly redis: { readonly server: RedisServer; readonly origin: string } | null;
}

/** The servers of one home, under its lock. */
export interface KeeperServers {
  /** Both, running; Redis only where it is wanted and there is one. */
  ready(options: { redis: 'auto' | 'off' }): Promise<RunningServers>;
  stop(): Promise<void>;
}

/**
 * Ends what a killed keeper has left, then starts Postgres, and Redis once somebody wants it.
 * `onGivenUp` is called when one of them can't be kept running.
 */
export function keepServers(options: {
  home: HomeFolder;
  log: (line: string) => void;
  onGivenUp: (error: unknown) => void;
}): KeeperServers {
  const { home, log, onGivenUp } = options;
  const giveUp = (error: unknown) => {
    log(`given up: ${describe(error)}`);
    onGivenUp(error);
  };
  const postgres = supervise({
    async start() {
      if (await stopLeftoverPostgres(home.postgres)) log('stopped a Postgres that had outlived its keeper');
      return await startPostgres({ dataDir: home.postgres, logFile: path.join(home.log, 'postgres.log') });
    },
    onRestart: () => log('Postgres ended; starting it again'),
    onGivenUp: giveUp,
  });
  // Chosen once for the life of this keeper: commands that share the servers must agree on where the queue is.
  let redis: Promise<{ supervised: Supervised<RedisServer>; origin: string } | null> | undefined;

  async function openRedis() {
    const binary = await chooseRedis(home);
    if (binary === null) return null;
    log(`Redis ${binary.version} from ${binary.origin}`);
    const supervised = supervise({
      async start() {
        if (await stopLeftoverRedis(home.redis)) log('stopped a Redis that had outlived its keeper');
        return await startRedis({ binary, dir: home.redis, logFile: path.join(home.log, 'redis.log') });
      },
      onRestart: () => log('Redis ended; starting it again'),
      onGivenUp: giveUp,
    });
    return { supervised, origin: binary.origin };
  }

  async function currentRedis(): Promise<RunningServers['redis']> {
    redis ??= openRedis();
    const opened = await redis;
    return opened === null ? null : { server: await opened.supervised.current(), origin: opened.origin };
  }

  return {
    async ready(wish) {
      const [runningPostgres, runningRedis] = await Promise.all([
        postgres.current(),
        wish.redis === 'off' ? null : currentRedis(),
      ]);
      return { postgres: runningPostgres, redis: runningRedis };
    },
    async stop() {
      const opened = await redis?.catch(() => null);
      await Promise.all([postgres.stop(), opened?.supervised.stop()]);
    },
  };
}

async function chooseRedis(home: HomeFolder): Promise<RedisBinary | null> {
  const marker = path.join(home.keeper, 'no-redis');
  const noted = statSync(marker, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const mayUnpack = Math.abs(Date.now() - noted) > NO_REDIS_FOR_MS;
  const binary = await findRedisServer({ cacheDir: cacheFolder(home), mayUnpack });
  if (binary === null && mayUnpack) noteAbsence(marker);
  return binary;
}

function noteAbsence(marker: string): void {
  try {
    writeFileSync(marker, '');
  } catch {
    // On a full disk the next command searches again.
  }
}

/** The user's cache folder, shared by their homes; where there is none that can be written, the home's own. */
function cacheFolder(home: HomeFolder): string {
  const { XDG_CACHE_HOME, HOME } = process.env;
  const base = XDG_CACHE_HOME || (HOME && path.join(HOME, '.cache'));
  if (!base || !path.isAbsolute(base)) return home.cache;
  const folder = path.join(base, 'apportion');
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    accessSync(folder, constants.W_OK);
    // What lies there is going to be executed.
    return statSync(folder).uid === process.geteuid?.() ? folder : home.cache;
  } catch {
    return home.cache;
  }
}

function describe(error: unknown): string {
  if (isRefusal(error)) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
