import type pg from 'pg';
import type { Database } from '../db/database.ts';

/**
 * Does `read` for every bucket, on the transaction's connection and, if the pool has one to spare, on a second one, and `keep` with
 * each result on the transaction's own. What is read must stand still, for the second connection sees what is committed.
 */
export async function shareBuckets<Result>(
  tx: pg.ClientBase,
  {
    bucketCount,
    helper,
    read,
    keep,
  }: {
    readonly bucketCount: number;
    /** None: the one connection does all. */
    readonly helper: Pick<Database, 'snapshot'> | null;
    readonly read: (client: pg.ClientBase, bucket: number) => Promise<Result>;
    readonly keep: (bucket: number, result: Result) => Promise<void>;
  },
): Promise<void> {
  const left = Array.from({ length: bucketCount }, (_, index) => bucketCount - 1 - index);
  const done: { readonly bucket: number; readonly result: Result }[] = [];
  const readAll = async (client: pg.ClientBase, andThen: () => Promise<void>) => {
    for (let bucket = left.pop(); bucket !== undefined; bucket = left.pop()) {
      try {
        done.push({ bucket, result: await read(client, bucket) });
      } catch (error) {
        left.push(bucket);
        throw error;
      }
      await andThen();
    }
  };
  const keepDone = async () => {
    for (let next = done.shift(); next !== undefined; next = done.shift()) await keep(next.bucket, next.result);
  };
  let hasBegun = false;
  const helping = helper
    ?.snapshot(async client => {
      hasBegun = true;
      await readAll(client, async () => {});
      // What it could not do is left for the other one, which tells why if it can't either.
    })
    .catch(() => {});
  try {
    await readAll(tx, keepDone);
    if (hasBegun) await helping;
    await readAll(tx, keepDone);
    await keepDone();
  } finally {
    // A helper that still waits for a connection, or works for a closing that has failed, finds nothing left to do.
    left.length = 0;
  }
}
