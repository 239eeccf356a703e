import pg from 'pg';
import { onTestFinished } from 'vitest';
import { takeTurn } from '../../src/db/turn.ts';
import type { Machine } from './machine.ts';
import { TURN_NAMESPACE } from './open-transactions.ts';

/** Holds the turns of buckets, so that whoever takes a job of theirs stays in the middle of it; returns how to let go. */
export async function holdTurns(machine: Machine, buckets: readonly number[]): Promise<() => Promise<void>> {
  const client = new pg.Client(machine.address);
  client.on('error', () => {});
  await client.connect();
  onTestFinished(() => client.end());
  await client.query('begin');
  for (const bucket of buckets) await takeTurn(client, bucket);
  return async () => {
    await client.query('rollback');
  };
}

/** The buckets whose turn a session of the application waits for. */
export async function awaitedTurns(machine: Machine, application: string): Promise<number[]> {
  const { rows } = await machine.look(client =>
    client.query<{ bucket: number }>(
      `select turn.objid::int as bucket
       from pg_locks as turn
       join pg_stat_activity as session on session.pid = turn.pid
       where session.application_name = $1 and not turn.granted and turn.locktype = 'advisory' and turn.classid = $2`,
      [application, TURN_NAMESPACE],
    ),
  );
  return rows.map(row => row.bucket);
}
