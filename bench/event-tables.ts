import type pg from 'pg';

// What the references of events insert into: plain tables with all fields typed and a primary key on the event's id.

/** Emptied before each use. */
export const EMPTY = 'events_empty';
/** Holds the known events, and keeps all it is given afterwards. */
export const FILLED = 'events_filled';

export type EventTable = typeof EMPTY | typeof FILLED;

const COLUMNS = `
  id text primary key,
  type text not null,
  occurred_at timestamptz not null,
  app_id text not null,
  ad_unit_id text not null,
  currency text not null,
  price numeric(13, 6),
  campaign_id text,
  impression_id text,
  device_id text,
  user_agent text,
  ip inet`;

export async function createEventTables(client: pg.Client): Promise<void> {
  for (const table of [EMPTY, FILLED]) {
    // Vacuuming one contender's table must not fall into another's run.
    await client.query(`create table ${table} (${COLUMNS}) with (autovacuum_enabled = false)`);
  }
}

/** Ready for a run: without rows if it is the empty one, and with nothing left to be written. */
export async function readyTable(client: pg.Client, table: EventTable): Promise<void> {
  if (table === EMPTY) await client.query(`truncate ${table}`);
  await client.query('checkpoint');
}
