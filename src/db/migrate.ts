import { readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { Refusal } from '../domain/errors.ts';
import { clientConfig, type DatabaseAddress, type Queryable, SCHEMA } from './database.ts';
import { toServiceRefusal } from './errors.ts';

const MIGRATIONS_TABLE = 'migrations';
/** What Postgres answers to a start-up setting `role` that names no role. */
const UNKNOWN_ROLE = '22023';
const MIGRATIONS_FOLDER = fileURLToPath(new URL('../../migrations', import.meta.url));

/**
 * Brings the database to this program's schema; safe to run again and from many processes at once. `finish` runs as the owner
 * afterwards, for what is not a table of ours.
 * @returns the names of the migrations that this call applied
 * @throws Refusal `newer_schema` when the database was migrated by a newer program
 */
export async function migrate(
  address: DatabaseAddress,
  finish: (owner: pg.Client) => Promise<void> = async () => {},
): Promise<string[]> {
  const client = new pg.Client(clientConfig({ address, role: 'owner' }));
  client.on('error', () => {});
  try {
    await client.connect();
    await refuseNewerSchema(client);
    // Hardly ever needed, and a tenth of a command's start to load.
    const { runner } = await import('node-pg-migrate');
    const applied = await runner({
      dbClient: client,
      dir: MIGRATIONS_FOLDER,
      direction: 'up',
      migrationsTable: MIGRATIONS_TABLE,
      schema: SCHEMA,
      createSchema: true,
      advisoryLockMode: 'wait',
      singleTransaction: true,
      verbose: false,
      log: () => {},
    });
    await finish(client);
    return applied.map(migration => migration.name);
  } catch (error) {
    throw toServiceRefusal(error);
  } finally {
    await client.end().catch(() => {});
  }
}

/**
 * @throws Refusal `newer_schema` when the database holds migrations that this program does not know,
 * `older_schema` when it lacks some
 */
export async function checkSchema(client: Queryable): Promise<void> {
  const { known, applied } = await refuseNewerSchema(client).catch(error => {
    // A server that never saw a migration does not know the application's role, so not even a connection succeeds.
    if (error instanceof pg.DatabaseError && error.code === UNKNOWN_ROLE) throw olderSchema([]);
    throw error;
  });
  const missing = known.filter(name => !applied.includes(name));
  if (missing.length > 0) throw olderSchema(applied.length === 0 ? [] : missing);
}

function olderSchema(missing: readonly string[]): Refusal {
  return new Refusal({
    code: 'older_schema',
    message: missing.length === 0 ? 'The database is not set up yet' : `The database lacks migration ${missing[0]}`,
    remedy: 'run: npx apportion migrate',
    details: { missing },
    exitCode: 3,
  });
}

async function refuseNewerSchema(client: Queryable): Promise<{ known: string[]; applied: string[] }> {
  const known = (await readdir(MIGRATIONS_FOLDER)).filter(file => file.endsWith('.sql')).map(file => file.slice(0, -4));
  const { rows } = await client.query<{ present: boolean }>(
    'select exists (select from pg_tables where schemaname = $1 and tablename = $2) as present',
    [SCHEMA, MIGRATIONS_TABLE],
  );
  if (rows[0]?.present !== true) return { known, applied: [] };
  const applied = (
    await client.query<{ name: string }>(`select name from ${SCHEMA}.${MIGRATIONS_TABLE} order by name`)
  ).rows.map(row => row.name);
  const unknown = applied.filter(name => !known.includes(name));
  if (unknown.length > 0) {
    throw new Refusal({
      code: 'newer_schema',
      message: `The database was migrated by a newer apportion (migration ${unknown[0]})`,
      remedy: 'update this program',
      details: { unknown },
      exitCode: 3,
    });
  }
  return { known, applied };
}
