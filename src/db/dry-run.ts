import type pg from 'pg';

const dryRuns = new WeakSet<pg.ClientBase>();

/** What `work` returns, with everything undone that it did, locks given back among it. Whom it would keep waiting it may ask `isDryRun`. */
export async function dryRun<Value>(tx: pg.ClientBase, work: () => Promise<Value>): Promise<Value> {
  await tx.query('savepoint dry_run');
  dryRuns.add(tx);
  try {
    return await work();
  } finally {
    dryRuns.delete(tx);
    await tx.query('rollback to savepoint dry_run');
    await tx.query('release savepoint dry_run');
  }
}

/** Whether all that the transaction does now will be undone. */
export function isDryRun(tx: pg.ClientBase): boolean {
  return dryRuns.has(tx);
}
