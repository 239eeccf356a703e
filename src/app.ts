import { advanceClock, type Installation, readInstallation } from './catalog/installation.ts';
import type { ClosingDeps } from './closing/scheduled-closing.ts';
import type { Config } from './config.ts';
import { clientConfig, Database, type DatabaseAddress } from './db/database.ts';
import { checkSchema } from './db/migrate.ts';
import { BusinessCalendar } from './domain/business-day.ts';
import { isRefusal, Refusal } from './domain/errors.ts';
import { type EmbeddedServers, openHome } from './embedded/home.ts';
import type { AcceptDeps } from './events/accept-file.ts';
import type { FundDeps } from './funds/grant-funds.ts';
import type { QueueBackend } from './queue/backend.ts';
import type { Queues } from './queue/queues.ts';
import type { QueueTiming } from './queue/timing.ts';
import type { RunDeps } from './settlement/settle-days.ts';

/** Everything a command or a worker needs, put together from the configuration. */
export interface App {
  readonly config: Config;
  readonly db: Database;
  readonly installation: Installation;
  readonly calendar: BusinessCalendar;
  readonly now: () => Date;
  readonly backend: QueueBackend;
  /** What was started and where, in one line; null when nothing of ours runs. */
  readonly started: string | null;
  /** Resolves once the private servers have gone for good, such as by `down`; never otherwise. */
  readonly lost: Promise<Refusal>;
  /** Connects on first use, so that commands which only read don't need the queue. */
  queues(): Promise<Queues>;
  close(): Promise<void>;
}

export interface Places {
  readonly servers: EmbeddedServers | null;
  readonly lost: Promise<Refusal>;
  readonly address: DatabaseAddress;
  readonly ownerAddress: DatabaseAddress;
  readonly backend: QueueBackend;
}

/** Finds the services that the configuration names, and starts private ones for those that it doesn't. */
export async function openPlaces(config: Config): Promise<Places> {
  const embedsDatabase = config.databaseUrl === null;
  const embedsRedis = embedsDatabase && config.redisUrl === null && config.queue !== 'postgres';
  const { promise: lost, resolve: onLost } = Promise.withResolvers<Refusal>();
  const redis = embedsRedis ? 'auto' : 'off';
  const servers = embedsDatabase ? await openHome({ home: config.home, redis, onLost }) : null;
  const address = servers === null ? { url: config.databaseUrl as string } : servers.postgres;
  const ownerAddress = servers === null ? { url: config.ownerDatabaseUrl as string } : servers.postgres;
  return { servers, lost, address, ownerAddress, backend: backendOf(config, address, servers) };
}

function backendOf(config: Config, address: DatabaseAddress, servers: EmbeddedServers | null): QueueBackend {
  const postgres: QueueBackend = { kind: 'postgres', connection: clientConfig({ address, role: 'application' }) };
  if (config.queue === 'postgres') return postgres;
  if (config.redisUrl !== null) return { kind: 'redis', url: config.redisUrl };
  if (servers !== null && servers.redis !== null) return { kind: 'redis', path: servers.redis.path };
  if (config.queue === 'redis') {
    throw new Refusal({
      code: 'no_redis',
      message: 'APPORTION_QUEUE asks for Redis, but REDIS_URL is not set and no private Redis can be started here',
      remedy: 'set REDIS_URL, or unset APPORTION_QUEUE',
      exitCode: 3,
    });
  }
  return postgres;
}

/**
 * Opens the application. A private database is migrated by itself; one of somebody's own only by `migrate` and `up`.
 * @throws Refusal when a service is missing, the schema is another program's, or the configuration contradicts the installation
 */
export async function openApp(config: Config, options: { readonly connections?: number } = {}): Promise<App> {
  const places = await openPlaces(config);
  const db = new Database({ address: places.address, role: 'application', connections: options.connections ?? 6 });
  let queues: Promise<Queues> | null = null;
  const close = async () => {
    await (await queues?.catch(() => null))?.close();
    await db.close();
    await places.servers?.close();
  };
  try {
    const installation = await openInstallation(config, places, db);
    const now = await openClock(config, db);
    return {
      config,
      db,
      installation,
      calendar: new BusinessCalendar(installation.timeZone),
      now,
      backend: places.backend,
      started: places.servers?.startedNow === true ? places.servers.describe : null,
      lost: places.lost,
      queues: async () => {
        queues ??= openQueuesOf(config, places.backend);
        try {
          return await queues;
        } catch (error) {
          // The next caller tries again.
          queues = null;
          throw error;
        }
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Loaded on first use, for BullMQ takes longer to load than all else that a command starts with. */
async function openQueuesOf(config: Config, backend: QueueBackend): Promise<Queues> {
  const { openQueues } = await import('./queue/queues.ts');
  return await openQueues({ backend, groups: config.queueGroups, timing: timingOf(config) });
}

async function openInstallation(config: Config, places: Places, db: Database): Promise<Installation> {
  const read = async () => {
    await checkSchema(db);
    return await readInstallation(db, { bucketCount: config.buckets, timeZone: config.timeZone });
  };
  try {
    return await read();
  } catch (error) {
    if (places.servers === null || !isRefusal(error) || error.code !== 'older_schema') throw error;
    const { migrateAll } = await import('./migrate-all.ts');
    await migrateAll(config, places.ownerAddress);
    return await read();
  }
}

async function openClock(config: Config, db: Database): Promise<() => Date> {
  const instant = config.clock;
  if (instant === null) return () => new Date();
  await advanceClock(db, instant);
  return () => instant;
}

export function timingOf(config: Config): Partial<QueueTiming> {
  return { lockDurationMs: config.jobLockMs, stalledIntervalMs: config.stalledCheckMs };
}

export function acceptDepsOf(app: App): AcceptDeps {
  return {
    db: app.db,
    enqueue: async batches => await (await app.queues()).enqueueBatches(batches),
    calendar: app.calendar,
    bucketCount: app.installation.bucketCount,
    now: app.now,
  };
}

export function fundDepsOf({ db, installation, calendar, now }: App): FundDeps {
  return { db, bucketCount: installation.bucketCount, calendar, now };
}

export function closingDepsOf({ db, installation, calendar, now }: App): ClosingDeps {
  return { db, bucketCount: installation.bucketCount, calendar, now };
}

export function runDepsOf(app: App): RunDeps {
  return {
    db: app.db,
    enqueue: async jobs => await (await app.queues()).enqueueSettlement(jobs),
    calendar: app.calendar,
    now: app.now,
  };
}
