import { statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { isRefusal } from '../domain/errors.ts';
import { cacheFolder } from './cache-folder.ts';
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
  const noLeftovers = endLeftovers({ home, log });
  const postgres = supervise({
    async start() {
      await noLeftovers;
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
        await noLeftovers;
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

/** Servers end with their keeper; this is for the instant in which a server is not tied to it yet. */
async function endLeftovers({ home, log }: { home: HomeFolder; log: (line: string) => void }): Promise<void> {
  const [postgres, redis] = await Promise.all([stopLeftoverPostgres(home.postgres), stopLeftoverRedis(home.redis)]);
  if (postgres) log('stopped a Postgres that had outlived its keeper');
  if (redis) log('stopped a Redis that had outlived its keeper');
}

async function chooseRedis(home: HomeFolder): Promise<RedisBinary | null> {
  const marker = path.join(home.keeper, 'no-redis');
  const noted = statSync(marker, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const mayUnpack = Math.abs(Date.now() - noted) > NO_REDIS_FOR_MS;
  const binary = await findRedisServer({ cacheDir: cacheFolder({ spare: home.cache }), mayUnpack });
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

function describe(error: unknown): string {
  if (isRefusal(error)) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
