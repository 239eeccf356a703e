import type pg from 'pg';
import { takeLock } from './lock.ts';

/** The first of the two numbers of its key; the second is the bucket. */
export const TURN_SPACE = 0x61_70_70_01;
const TURN_WAIT_MS = 30_000;

/**
 * Takes the bucket's turn until the transaction ends: processing, settlement and approvals in a bucket go one at a time, so each sees
 * all that the one before it committed.
 * @throws Refusal `database_busy` after 30 s, to be tried again
 */
export async function takeTurn(tx: pg.ClientBase, bucket: number): Promise<void> {
  await takeLock(tx, {
    name: `the turn of bucket ${bucket}`,
    holders: 'whoever processes, settles or posts in that bucket',
    waitMs: TURN_WAIT_MS,
    key: { space: TURN_SPACE, number: bucket },
  });
}
