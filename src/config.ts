import path from 'node:path';
import { z } from 'zod';
import { isTimeZone } from './domain/business-day.ts';
import { Refusal } from './domain/errors.ts';
import { isActor, RESERVED_PREFIXES } from './domain/ids.ts';
import { parseInstant } from './domain/instant.ts';
import { parseSoleLimits, type SoleLimits } from './domain/sole-limit.ts';

const POSTGRES_URL = 'is not a URL such as postgres://user:password@host/database';
const REDIS_URL = 'is not a URL such as redis://host:6379';
const SOLE_LIMIT = 'is not a list of amounts above zero by currency, such as CNY:100.00,USD:15.00';
const ACTOR = `is not 1 to 64 printable ASCII characters that don't begin with ${RESERVED_PREFIXES.join(' or ')}`;
const CLOCK = 'is not an instant with its offset, such as 2018-04-16T02:00:00+08:00';

const postgresUrl = z.url({ protocol: /^postgres(ql)?$/, error: POSTGRES_URL }).refine(isDecodable, POSTGRES_URL);
const redisUrl = z.url({ protocol: /^rediss?$/, error: REDIS_URL }).refine(isDecodable, REDIS_URL);

/** A password with a bare percent sign passes as part of a URL and fails only when it is used. */
function isDecodable(url: string): boolean {
  try {
    return decodeURIComponent(url) !== '';
  } catch {
    return false;
  }
}

function whole({ min, max }: { readonly min: number; readonly max: number }) {
  return z
    .string()
    .refine(text => /^\d{1,9}$/.test(text) && Number(text) >= min && Number(text) <= max, {
      error: `is not a whole number from ${min} to ${max}`,
    })
    .transform(Number);
}

const milliseconds = whole({ min: 50, max: 3_600_000 });

/** Every environment variable that apportion reads, with its range and default; README lists them. */
const environment = z.object({
  APPORTION_HOME: z.string().optional(),
  DATABASE_URL: postgresUrl.optional(),
  APPORTION_OWNER_DATABASE_URL: postgresUrl.optional(),
  REDIS_URL: redisUrl.optional(),
  APPORTION_QUEUE: z.enum(['redis', 'postgres'], 'is neither "redis" nor "postgres"').optional(),
  APPORTION_CLOCK: z
    .string()
    .refine(text => !Number.isNaN(parseInstant(text)), CLOCK)
    .transform(text => new Date(parseInstant(text)))
    .optional(),
  APPORTION_ACTOR: z.string().refine(isActor, ACTOR).optional(),
  APPORTION_SOLE_LIMIT: z
    .string()
    .transform(text => parseSoleLimits(text))
    .refine(limits => limits !== null, SOLE_LIMIT)
    .optional(),
  APPORTION_TIME_ZONE: z.string().refine(isTimeZone, 'is not an IANA time zone, such as Asia/Shanghai').optional(),
  APPORTION_BUCKETS: whole({ min: 1, max: 1024 }).optional(),
  APPORTION_QUEUE_GROUPS: whole({ min: 1, max: 64 }).default(4),
  APPORTION_CONCURRENCY: whole({ min: 1, max: 64 }).default(1),
  APPORTION_BATCH_EVENTS: whole({ min: 1, max: 100_000 }).default(20_000),
  APPORTION_NIGHTLY: z.string().min(9, 'is not a cron pattern, such as 30 3 * * *').default('30 3 * * *'),
  APPORTION_HALF_MONTHLY: z.string().min(9, 'is not a cron pattern, such as 30 4 * * *').default('30 4 * * *'),
  APPORTION_SCHEDULE_ACTOR: z.string().refine(isActor, ACTOR).optional(),
  APPORTION_SWEEP_MS: milliseconds.default(10_000),
  APPORTION_JOB_LOCK_MS: milliseconds.default(3_000),
  APPORTION_STALLED_CHECK_MS: milliseconds.default(1_000),
});

export interface Config {
  /** Folder of the embedded mode's servers. */
  readonly home: string;
  readonly databaseUrl: string | null;
  /** The owner's connection, for migrations; the application's own unless given. */
  readonly ownerDatabaseUrl: string | null;
  readonly redisUrl: string | null;
  readonly queue: 'redis' | 'postgres' | null;
  /** What every command of the embedded mode takes for now. */
  readonly clock: Date | null;
  /** Who is named in the audit log where a command does not say; the system's login where this does not either. */
  readonly actor: string | null;
  /** What one person may decide alone about traffic; empty: nothing. */
  readonly soleLimits: SoleLimits;
  /** What the environment asks for; what holds stands in the database since its first migration. */
  readonly timeZone: string | null;
  readonly buckets: number | null;
  readonly queueGroups: number;
  /** Jobs that one worker process runs at a time in each group. */
  readonly concurrency: number;
  /** Most events in one batch and, about, in one transaction. */
  readonly batchEvents: number;
  readonly nightlyPattern: string;
  /** When it is looked whether a half-month has anything to be done; most days it has not. */
  readonly halfMonthlyPattern: string;
  /** In whose name the schedule proposes payouts; null: it draws them up, and people propose them. */
  readonly scheduleActor: string | null;
  readonly sweepEveryMs: number;
  readonly jobLockMs: number;
  readonly stalledCheckMs: number;
}

/**
 * The environment, parsed once. Empty variables count as unset.
 * @throws Refusal `bad_configuration` (exit code 2) naming the variable; never its value, which may be a secret.
 */
export function readConfig(env: NodeJS.ProcessEnv, workingDirectory: string): Config {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ''));
  const parsed = environment.safeParse(given);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const name = String(issue?.path[0] ?? 'environment');
    throw new Refusal({
      code: 'bad_configuration',
      message: `${name} ${issue?.message ?? 'is not usable'}`,
      remedy: 'correct or unset it',
      details: { variable: name },
      exitCode: 2,
    });
  }
  const values = parsed.data;
  if (values.APPORTION_CLOCK !== undefined && values.DATABASE_URL !== undefined) {
    throw new Refusal({
      code: 'bad_configuration',
      message: 'APPORTION_CLOCK sets "now" in the embedded mode only, and DATABASE_URL is set',
      remedy: 'unset one of them',
      details: { variable: 'APPORTION_CLOCK' },
      exitCode: 2,
    });
  }
  return {
    home: path.resolve(workingDirectory, values.APPORTION_HOME ?? '.apportion'),
    databaseUrl: values.DATABASE_URL ?? null,
    ownerDatabaseUrl: values.APPORTION_OWNER_DATABASE_URL ?? values.DATABASE_URL ?? null,
    redisUrl: values.REDIS_URL ?? null,
    queue: values.APPORTION_QUEUE ?? null,
    clock: values.APPORTION_CLOCK ?? null,
    actor: values.APPORTION_ACTOR ?? null,
    soleLimits: values.APPORTION_SOLE_LIMIT ?? new Map(),
    timeZone: values.APPORTION_TIME_ZONE ?? null,
    buckets: values.APPORTION_BUCKETS ?? null,
    queueGroups: values.APPORTION_QUEUE_GROUPS,
    concurrency: values.APPORTION_CONCURRENCY,
    batchEvents: values.APPORTION_BATCH_EVENTS,
    nightlyPattern: values.APPORTION_NIGHTLY,
    halfMonthlyPattern: values.APPORTION_HALF_MONTHLY,
    scheduleActor: values.APPORTION_SCHEDULE_ACTOR ?? null,
    sweepEveryMs: values.APPORTION_SWEEP_MS,
    jobLockMs: values.APPORTION_JOB_LOCK_MS,
    stalledCheckMs: values.APPORTION_STALLED_CHECK_MS,
  };
}
