import type { Machine } from './machine.ts';

export interface Progress {
  /** Batches processed. */
  readonly done: number;
  /** Batches that wait. */
  readonly pending: number;
  /** A settlement run has not done all of its buckets. */
  readonly settling: boolean;
}

export async function progressOf(machine: Machine): Promise<Progress> {
  const { rows } = await machine.look(client =>
    client.query<Progress>(
      `select (select count(*) from inbox_batches where seq is not null)::int as done,
         (select count(*) from inbox_batches where seq is null)::int as pending,
         exists (
           select
           from settlement_runs as run
           cross join unnest(run.buckets) as wanted (bucket)
           where not exists (
             select from settlement_run_buckets as done where done.bucket = wanted.bucket and done.run_id = run.run_id
           )
         ) as settling`,
    ),
  );
  return rows[0] as Progress;
}

/** Says that nothing moves, what the workers said last and which transactions are open. */
export async function stuck(machine: Machine): Promise<Error> {
  const { done, pending } = await progressOf(machine);
  const { rows: sessions } = await machine.look(client =>
    client.query(
      `select application_name, pid, state, wait_event, now() - xact_start as open_for, now() - state_change as unchanged_for,
         pg_blocking_pids(pid) as waits_for, left(query, 80) as statement
       from pg_stat_activity
       where xact_start is not null and pid <> pg_backend_pid()`,
    ),
  );
  const said = machine.workers.map(worker => `${worker.application}: ${worker.process.stdout.slice(-500)}`);
  const open = sessions.map(session => JSON.stringify(session));
  return new Error([`nothing moves: ${done} done, ${pending} batches pending`, ...said, ...open].join('\n'));
}
