import type pg from 'pg';
import type { Queryable } from '../db/database.ts';
import { type Lock, takeLock } from '../db/lock.ts';

export const ACCEPTANCE_LOCK: Lock = {
  name: 'the lock of acceptance',
  holders: 'whoever hands batches in, or a closing that waits for these',
  waitMs: 60_000,
  key: { text: 'apportion.acceptance', number: 0 },
};

/**
 * Taken by who hands batches in, before the clock tells when they were accepted, and held until they are committed: so that whoever
 * waits for `acceptancesBefore` misses none that was accepted earlier.
 * @throws Refusal `database_busy` after a minute
 */
export async function beginAcceptance(tx: pg.ClientBase): Promise<void> {
  await takeLock(tx, ACCEPTANCE_LOCK, 'shared');
}

/** Waits, at most a minute, until all batches accepted up to now are committed; those that come meanwhile wait no longer than that. */
export async function acceptancesBefore(tx: pg.ClientBase): Promise<void> {
  await tx.query('savepoint acceptances');
  try {
    await takeLock(tx, ACCEPTANCE_LOCK);
  } finally {
    // Gives the lock back at once.
    await tx.query('rollback to savepoint acceptances');
    await tx.query('release savepoint acceptances');
  }
}

/** Batches that were accepted up to an instant and are not processed yet. */
export async function pendingAt(
  q: Queryable,
  at: Date,
): Promise<{ readonly batches: number; readonly oldestAt: Date | null }> {
  const { rows } = await q.query<{ batches: number; oldestAt: Date | null }>(
    `select count(*) as batches, min(accepted_at) as "oldestAt"
     from inbox_batches
     where seq is null and accepted_at <= $1`,
    [at],
  );
  return rows[0] ?? { batches: 0, oldestAt: null };
}

/** The place in its bucket's order of the last batch accepted up to an instant; 0 where there is none. */
export async function lastSeqsAt(
  q: Queryable,
  { buckets, at }: { readonly buckets: readonly number[]; readonly at: Date },
): Promise<Map<number, number>> {
  const { rows } = await q.query<{ bucket: number; seq: number }>(
    `select asked.bucket, coalesce(last.seq, 0) as seq
     from unnest($1::smallint[]) as asked (bucket)
     left join lateral (
       select seq
       from inbox_batches as batch
       where batch.bucket = asked.bucket and seq is not null and accepted_at <= $2
       order by seq desc
       limit 1
     ) as last on true`,
    [buckets, at],
  );
  return new Map(rows.map(row => [row.bucket, row.seq]));
}
