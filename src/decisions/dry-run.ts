import type pg from 'pg';

/** What `work` returns, with everything undone that it did, locks given back among it. */
export async function dryRun<Value>(tx: pg.ClientBase, work: () => Promise<Value>): Promise<Value> {
  await tx.query('savepoint dry_run');
  try {
    return await work();
  } finally {
    await tx.query('rollback to savepoint dry_run');
    await tx.query('release savepoint dry_run');
  }
}
