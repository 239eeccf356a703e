import { REFERENCE_LOCK } from './catalog/reference-version.ts';
import type { Queryable } from './db/database.ts';
import type { Lock } from './db/lock.ts';
import { TURN_SPACE } from './db/turn.ts';
import { PERSONS_LOCK } from './decisions/import-persons.ts';
import { ACCEPTANCE_LOCK } from './events/accepted-by.ts';
import { REDRIVE_LOCK } from './events/redrive-lines.ts';
import { PERIODS_LOCK } from './ledger/period-closings.ts';
import { PAYOUT_IMPORTS_LOCK } from './payouts/record-import.ts';

const LOCKS: readonly Lock[] = [
  REFERENCE_LOCK,
  PERIODS_LOCK,
  ACCEPTANCE_LOCK,
  REDRIVE_LOCK,
  PERSONS_LOCK,
  PAYOUT_IMPORTS_LOCK,
];
const MOST_WAITS = 100;

/** A session that waits for others. */
export interface LockWait {
  /** As in "the reference lock"; of what has no name, what it is. */
  readonly lock: string;
  readonly pid: number;
  /** Of the statement that waits. */
  readonly since: string | null;
  /** Whom it waits for: who holds it, and who asked before. */
  readonly for: readonly {
    readonly pid: number;
    /** Null on the machine of the database itself, or where that may not be told. */
    readonly address: string | null;
    /** Of the transaction. */
    readonly since: string | null;
    /** Between two statements: the program computes, or stands still. */
    readonly idle: boolean;
  }[];
}

/** Who waits for whom in this database just now, the longest first; at most 100. */
export async function lockWaits(q: Queryable): Promise<LockWait[]> {
  const named = LOCKS.flatMap(({ name, key }) => ('text' in key ? [{ name, ...key }] : []));
  const { rows } = await q.query<Omit<LockWait, 'since'> & { readonly since: Date | null }>(
    `with named as (
       select name, hashtextextended(text, number) as key
       from unnest($1::text[], $2::text[], $3::bigint[]) as lock (name, text, number)
     ),
     waiting as (
       select w.pid, w.query_start as since, coalesce(
         named.name,
         case
           when lock.locktype = 'advisory' and lock.objsubid = 2 and lock.classid = $4::bigint then 'the turn of bucket ' || lock.objid
           when lock.locktype = 'advisory' then 'the lock of a fund or of statements'
           when lock.locktype = 'relation' then 'a table'
           else 'a row'
         end
       ) as lock, pg_blocking_pids(w.pid) as blockers
       from pg_locks as lock
       join pg_stat_activity as w on w.pid = lock.pid
       left join named
         on lock.locktype = 'advisory' and lock.objsubid = 1 and ((lock.classid::bigint << 32) | lock.objid::bigint) = named.key
       where not lock.granted and w.datname = current_database()
       order by w.query_start, w.pid
       limit ${MOST_WAITS}
     )
     select waiting.lock, waiting.pid, waiting.since,
       (
         select coalesce(jsonb_agg(jsonb_build_object(
           'pid', blocker.pid,
           'address', host(activity.client_addr),
           'since', to_char(activity.xact_start at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
           'idle', coalesce(activity.state like 'idle in transaction%', false)
         ) order by blocker.pid), '[]')
         from (select distinct unnest(waiting.blockers) as pid) as blocker
         left join pg_stat_activity as activity on activity.pid = blocker.pid
       ) as for
     from waiting
     order by waiting.since, waiting.pid`,
    [named.map(each => each.name), named.map(each => each.text), named.map(each => each.number), TURN_SPACE],
  );
  return rows.map(row => ({ ...row, since: row.since?.toISOString() ?? null }));
}
