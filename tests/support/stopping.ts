import type { Database } from '../../src/db/database.ts';
import { waitUntil } from '../../src/embedded/wait-until.ts';

/** A database whose transactions stop before the `nth` of the statements that contain a text, all of them taken together. */
export class Stopping {
  readonly db: Database;
  /** Resolves once a transaction has come there. */
  readonly stopped: Promise<void>;
  /** Lets it go on. */
  readonly resume: () => void;
  #seen = 0;

  constructor(db: Database, { before: text, nth = 1 }: { readonly before: string; readonly nth?: number }) {
    const stopped = Promise.withResolvers<void>();
    const resumed = Promise.withResolvers<void>();
    this.stopped = stopped.promise;
    this.resume = resumed.resolve;
    const isThere = (statement: unknown) => {
      if (!textOf(statement).includes(text)) return false;
      this.#seen += 1;
      return this.#seen === nth;
    };
    const transaction: Database['transaction'] = async (work, mode) =>
      await db.transaction(async tx => {
        const query = tx.query.bind(tx) as (...args: unknown[]) => unknown;
        const stopping = (...args: unknown[]) => {
          if (!isThere(args[0])) return query(...args);
          stopped.resolve();
          return resumed.promise.then(() => query(...args));
        };
        return await work(Object.assign(Object.create(tx), { query: stopping }));
      }, mode);
    this.db = Object.assign(Object.create(db), {
      query: db.query.bind(db),
      snapshot: db.snapshot.bind(db),
      transaction,
    });
  }
}

/** Of a statement given as text, or as one to be prepared. */
function textOf(statement: unknown): string {
  if (typeof statement === 'string') return statement;
  return typeof statement === 'object' && statement !== null && 'text' in statement ? String(statement.text) : '';
}

/** Whether anybody waits for a lock in this database. */
export async function isAnybodyWaiting(db: Database): Promise<boolean> {
  const { rowCount } = await db.query(
    `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
  );
  return rowCount !== 0;
}

/** Whether anybody comes to wait for one. */
export async function comesToWait(db: Database): Promise<boolean> {
  return await waitUntil(() => isAnybodyWaiting(db), { limitMs: 20_000 });
}
