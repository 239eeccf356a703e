import pg from 'pg';
import type { Refusal } from '../domain/errors.ts';
import { busyRefusal, LOCK_TIMEOUT } from './errors.ts';

/** A lock that is held until the transaction ends which takes it. */
export interface Lock {
  /** As in "the reference lock". */
  readonly name: string;
  /** Who else may hold it, as in "held by an import or a settlement". */
  readonly holders: string;
  /** Rather more than those hold it for. */
  readonly waitMs: number;
  readonly key: LockKey;
}

/** A text with a number, which is 0 where the text says all; or two numbers. */
export type LockKey =
  | { readonly text: string; readonly number: number }
  | { readonly space: number; readonly number: number };

/**
 * Takes it, alone or with others who share it. The limit goes for what the transaction waits for later too, rows among it.
 * @throws Refusal `database_busy` after `waitMs`
 */
export async function takeLock(
  tx: pg.ClientBase,
  lock: Lock,
  mode: 'shared' | 'exclusive' = 'exclusive',
): Promise<void> {
  const take = mode === 'shared' ? 'pg_advisory_xact_lock_shared' : 'pg_advisory_xact_lock';
  await tx.query(`set local lock_timeout = ${lock.waitMs}`);
  try {
    if ('text' in lock.key)
      await tx.query(`select ${take}(hashtextextended($1, $2))`, [lock.key.text, lock.key.number]);
    else await tx.query(`select ${take}($1, $2)`, [lock.key.space, lock.key.number]);
  } catch (error) {
    throw error instanceof pg.DatabaseError && error.code === LOCK_TIMEOUT ? notGiven(lock) : error;
  }
}

function notGiven({ name, holders, waitMs }: Lock): Refusal {
  return busyRefusal({
    sqlstate: LOCK_TIMEOUT,
    message: `${name} was not free for ${waitMs / 1000} s: it is held by ${holders}`,
  });
}
