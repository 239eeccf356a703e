import type pg from 'pg';
import { streamRows } from '../db/stream-rows.ts';
import type { BusinessDay } from '../domain/business-day.ts';
import { checkLimit, DEFAULT_LIMIT, readCursor, writeCursor } from '../domain/page-cursor.ts';
import { selectTransfers, type TransferKey } from './select-transfers.ts';
import type { TransferFilters } from './transfer-filters.ts';
import { type StoredTransfer, type TransferRow, transferRow } from './transfer-row.ts';

export interface TransferPage {
  readonly items: readonly TransferRow[];
  /** Give it as `after` for the next page; null on the last one. */
  readonly next: string | null;
}

const KEY_PATTERNS = [/^\d{4}-\d{2}-\d{2}$/, /^\d{1,4}$/, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/];

/**
 * A page of the ledger, in the order (ledger day, bucket, id). Transfers are never changed, so pages read later fit together but
 * for what was booked since. `tx` is a snapshot.
 * @throws Refusal as `scopeOf` does, and `bad_limit`, `bad_cursor`
 */
export async function listTransfers(
  tx: pg.ClientBase,
  {
    limit = DEFAULT_LIMIT,
    after,
    ...filters
  }: TransferFilters & { readonly limit?: number | undefined; readonly after?: string | undefined },
): Promise<TransferPage> {
  checkLimit(limit);
  const found: StoredTransfer[] = [];
  for await (const { text, values } of selectTransfers(tx, filters, keyOf(after))) {
    // One more than is asked for tells whether there is a next page.
    const { rows } = await tx.query<StoredTransfer>(`${text} limit ${limit + 1 - found.length}`, values);
    for (const row of rows) found.push(row);
    if (found.length > limit) break;
  }
  const page = found.slice(0, limit);
  const last = found.length > limit ? page.at(-1) : undefined;
  return { items: page.map(transferRow), next: last === undefined ? null : cursorOf(last) };
}

/**
 * All transfers that pass the filters, behind `after` if it is given, in the order of the list, for an export: memory stays the same
 * however many there are. `tx` is a snapshot that stays open and runs nothing else until the last row is read.
 * @throws Refusal as `scopeOf` does, and `bad_cursor`
 */
export async function* streamTransfers(
  tx: pg.ClientBase,
  { after, ...filters }: TransferFilters & { readonly after?: string | undefined },
): AsyncGenerator<TransferRow> {
  for await (const { text, values } of selectTransfers(tx, filters, keyOf(after))) {
    for await (const row of streamRows<StoredTransfer>(tx, text, values)) yield transferRow(row);
  }
}

function keyOf(after: string | undefined): TransferKey | null {
  if (after === undefined) return null;
  const [ledgerDay, bucket, transferId] = readCursor(after, KEY_PATTERNS);
  return { ledgerDay: ledgerDay as BusinessDay, bucket: Number(bucket), transferId: transferId as string };
}

function cursorOf(row: StoredTransfer): string {
  return writeCursor([row.ledger_date, String(row.bucket), row.id]);
}
