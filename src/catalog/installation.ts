import type { Queryable } from '../db/database.ts';
import { Refusal } from '../domain/errors.ts';

export const DEFAULT_TIME_ZONE = 'Asia/Shanghai';
export const DEFAULT_BUCKET_COUNT = 64;

/** What is fixed once, at the first migration. */
export interface Installation {
  readonly bucketCount: number;
  readonly timeZone: string;
}

/** What a configuration asks for; null asks for nothing. */
export interface AskedInstallation {
  readonly bucketCount: number | null;
  readonly timeZone: string | null;
}

/** Records the installation unless it is recorded already. Runs as the owner. */
export async function recordInstallation(owner: Queryable, asked: AskedInstallation, createdAt: Date): Promise<void> {
  await owner.query(
    `insert into installation (bucket_count, time_zone, created_at) values ($1, $2, $3)
     on conflict (singleton) do nothing`,
    [asked.bucketCount ?? DEFAULT_BUCKET_COUNT, asked.timeZone ?? DEFAULT_TIME_ZONE, createdAt],
  );
}

/** @throws Refusal `older_schema` when no migration has come to its end, `installation_differs` when the configuration asks for something else than what was fixed */
export async function readInstallation(db: Queryable, asked: AskedInstallation): Promise<Installation> {
  const { rows } = await db.query<{ bucket_count: number; time_zone: string }>(
    'select bucket_count, time_zone from installation',
  );
  const row = rows[0];
  if (row === undefined) {
    throw new Refusal({
      code: 'older_schema',
      message: 'The database is not set up to its end',
      remedy: 'run: npx apportion migrate',
      exitCode: 3,
    });
  }
  refuseDifference('APPORTION_BUCKETS', asked.bucketCount, row.bucket_count);
  refuseDifference('APPORTION_TIME_ZONE', asked.timeZone, row.time_zone);
  return { bucketCount: row.bucket_count, timeZone: row.time_zone };
}

function refuseDifference(variable: string, asked: string | number | null, fixed: string | number): void {
  if (asked === null || asked === fixed) return;
  throw new Refusal({
    code: 'installation_differs',
    message: `${variable} is ${asked}, but this database was set up with ${fixed}, which can't change`,
    remedy: `unset ${variable}, or use another database`,
    details: { variable, asked, fixed },
    exitCode: 2,
  });
}

/**
 * Makes `instant` the time that a set clock tells.
 * @throws Refusal `clock_backwards` when an earlier command was told a later one
 */
export async function advanceClock(db: Queryable, instant: Date): Promise<void> {
  const { rowCount } = await db.query(
    'update installation set last_clock = $1 where last_clock is null or last_clock <= $1',
    [instant],
  );
  if (rowCount === 1) return;
  const { rows } = await db.query<{ last_clock: Date }>('select last_clock from installation');
  const last = rows[0]?.last_clock.toISOString();
  throw new Refusal({
    code: 'clock_backwards',
    message: `APPORTION_CLOCK: ${instant.toISOString()} is before ${last}, which an earlier command was told`,
    remedy: 'give that instant or a later one',
    details: { asked: instant.toISOString(), last },
    exitCode: 2,
  });
}

/** Plan versions up to this reference version count as accepted: they were in force before acceptances were recorded. */
export async function acceptedPlansVersion(db: Queryable): Promise<number> {
  const { rows } = await db.query<{ version: number }>('select accepted_plans_version as version from installation');
  return rows[0]?.version ?? 0;
}
