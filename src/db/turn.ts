import type pg from 'pg';

/** Namespaces of two-part advisory locks; the second part is the bucket. */
const TURN_NAMESPACE = 0x61_70_70_01;
const TURN_WAIT_MS = 30_000;

/**
 * Takes the bucket's turn until the transaction ends: processing, settlement and closing in a bucket go one at a time, so each sees
 * all that the one before it committed. Waits at most 30 s, then fails as a service failure, to be tried again.
 */
export async function takeTurn(tx: pg.ClientBase, bucket: number): Promise<void> {
  await tx.query(`set local lock_timeout = ${TURN_WAIT_MS}`);
  await tx.query('select pg_advisory_xact_lock($1, $2)', [TURN_NAMESPACE, bucket]);
}
