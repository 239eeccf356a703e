import type { Queryable } from '../db/database.ts';
import { formatDecimal } from '../domain/nanos.ts';
import { checkLimit, DEFAULT_LIMIT, readCursor, writeCursor } from '../domain/page-cursor.ts';
import { payeesInOrder } from './payees.ts';
import { type RecordedBy, recordedBy } from './recorded-by.ts';

export interface PayeeRow extends RecordedBy {
  readonly id: string;
  readonly destination: string | null;
  readonly currency: string | null;
  /** Of each book in its own currency. */
  readonly minimum: string | null;
  readonly hold: boolean;
}

const CURSOR = [/^[ -~]{1,64}$/];

/** The payees that hold, by id. Refuses (`bad_limit`, `bad_cursor`) a page that can't be given. */
export async function listPayees(
  q: Queryable,
  { limit = DEFAULT_LIMIT, after }: { readonly limit?: number; readonly after?: string | undefined },
): Promise<{ items: PayeeRow[]; next: string | null }> {
  const [afterId = ''] = after === undefined ? [] : readCursor(after, CURSOR);
  const most = checkLimit(limit);
  const found = await payeesInOrder(q, { after: afterId, limit: most + 1 });
  const page = found.slice(0, most);
  const recorded = await recordedBy(q, page);
  const items = page.map(payee => ({
    id: payee.ownerId,
    destination: payee.destination,
    currency: payee.currency,
    minimum: payee.minimumNanos === null ? null : formatDecimal(payee.minimumNanos),
    hold: payee.onHold,
    ...recorded(payee),
  }));
  const last = items.at(-1);
  return { items, next: found.length > most && last !== undefined ? writeCursor([last.id]) : null };
}
