import type pg from 'pg';

export interface OpenTransaction {
  readonly application: string;
  /** The beginning of the statement that ran last in it. */
  readonly statement: string;
  /** It has changed something already. */
  readonly wrote: boolean;
}

/** The first part of the advisory locks that stand for buckets' turns. */
export const TURN_NAMESPACE = 0x61_70_70_01;

/**
 * Transactions of the given applications that move money or accept events and have not yet been asked to commit: those that hold
 * a bucket's turn, and those that write to the inbox. The queue's own do not count.
 */
export async function openTransactions(
  client: pg.ClientBase,
  applications: readonly string[],
): Promise<OpenTransaction[]> {
  const { rows } = await client.query<OpenTransaction>(
    `select session.application_name as application, left(session.query, 60) as statement,
       session.backend_xid is not null as wrote
     from pg_stat_activity as session
     where session.application_name = any ($1)
       and session.xact_start is not null
       and (session.state = 'idle in transaction' or (session.state = 'active' and session.query not in ('commit', 'rollback')))
       and (
         session.query like 'insert into inbox_batches%'
         or exists (
           select
           from pg_locks as turn
           where turn.pid = session.pid and turn.granted and turn.locktype = 'advisory' and turn.classid = $2
         )
       )`,
    [applications, TURN_NAMESPACE],
  );
  return rows;
}
