import { assertSchemaCompatibility, LATEST_SCHEMA_VERSION, runMigrations, SchemaMigrationRequiredError } from 'bullmq';
import { APPLICATION_ROLE, type Queryable } from '../db/database.ts';
import { MAINTENANCE_QUEUE, MAX_GROUPS, queueNames } from './names.ts';
import { QUEUE_SCHEMA } from './postgres-link.ts';

/** A session's advisory lock, held around the grants: Postgres fails two that change the same table's privileges at once. */
const MIGRATION_LOCK = 0x61_70_71_01;

/**
 * Brings BullMQ's schema to this program's version and grants the application's role, which must exist, what BullMQ needs of it. Runs as
 * the owner on a connection of its own, outside a transaction; may be called again, and from many processes at once.
 */
export async function migrateQueue(client: Queryable): Promise<void> {
  if (await isDone(client)) return;
  await client.query('select pg_advisory_lock($1)', [MIGRATION_LOCK]);
  try {
    await runMigrations(forBullmq(client), QUEUE_SCHEMA);
    await client.query('begin');
    try {
      await prepareForApplication(client);
      await client.query('commit');
    } catch (error) {
      await client.query('rollback');
      throw error;
    }
  } finally {
    await client.query('select pg_advisory_unlock($1)', [MIGRATION_LOCK]);
  }
}

/** The grants commit together, so one of them tells of all; reading first keeps a start from rewriting the catalog. */
async function isDone(client: Queryable): Promise<boolean> {
  try {
    if ((await assertSchemaCompatibility(forBullmq(client), QUEUE_SCHEMA)) < LATEST_SCHEMA_VERSION) return false;
  } catch (error) {
    if (error instanceof SchemaMigrationRequiredError) return false;
    throw error;
  }
  const { rows } = await client.query<{ granted: boolean }>(
    `select bool_and(coalesce(has_sequence_privilege($1, to_regclass('${QUEUE_SCHEMA}.' || ${QUEUE_SCHEMA}.job_id_seq_name(name)), 'usage'), false))
       as granted
     from unnest($2::text[]) as name`,
    [APPLICATION_ROLE, allQueues()],
  );
  return rows[0]?.granted === true;
}

async function prepareForApplication(client: Queryable): Promise<void> {
  // BullMQ creates a queue's sequence when it first adds to it, which only the schema's owner may do.
  const { rows } = await client.query<{ statement: string }>(
    `select format('create sequence if not exists ${QUEUE_SCHEMA}.%I', ${QUEUE_SCHEMA}.job_id_seq_name(name)) as statement
     from unnest($1::text[]) as name`,
    [allQueues()],
  );
  await client.query(rows.map(row => row.statement).join(';'));
  await client.query(`
    grant usage on schema ${QUEUE_SCHEMA} to ${APPLICATION_ROLE};
    grant select, insert, update, delete on all tables in schema ${QUEUE_SCHEMA} to ${APPLICATION_ROLE};
    revoke insert, update, delete on ${QUEUE_SCHEMA}.migration from ${APPLICATION_ROLE};
    grant usage, select on all sequences in schema ${QUEUE_SCHEMA} to ${APPLICATION_ROLE};
    grant execute on all functions in schema ${QUEUE_SCHEMA} to ${APPLICATION_ROLE}`);
  // Adding in bulk goes through a temporary table; everybody may make one unless that was revoked.
  await client.query(`
    do $$
    begin
      if not has_database_privilege('${APPLICATION_ROLE}', current_database(), 'temporary') then
        execute format('grant temporary on database %I to ${APPLICATION_ROLE}', current_database());
      end if;
    end
    $$`);
}

function allQueues(): string[] {
  return [...queueNames('events', MAX_GROUPS), ...queueNames('settlement', MAX_GROUPS), MAINTENANCE_QUEUE];
}

/** BullMQ describes pg's client in words of its own, which promise rows of whatever type the caller names. */
function forBullmq(client: Queryable): Parameters<typeof runMigrations>[0] {
  return client as unknown as Parameters<typeof runMigrations>[0];
}
