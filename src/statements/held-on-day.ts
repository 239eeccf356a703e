import { movesKeptBack } from '../domain/held-money.ts';
import { type Money, money } from '../domain/money.ts';
import { nanos, parseAmount } from '../domain/nanos.ts';
import type { TransferRow } from '../ledger/transfer-row.ts';

/** What of an (app, day, currency) is kept back in a book, the developer's or a service provider's. */
export interface HeldOnDay {
  readonly book: string;
  /** For a review; not payable until it is released. */
  readonly held: Money;
  readonly forfeited: Money;
}

/** By book; only those in which anything of the day was ever kept back. All transfers are of one currency. */
export function heldOnDay(transfers: readonly TransferRow[]): HeldOnDay[] {
  const kept = transfers.filter(movesKeptBack);
  const byBook = [...Map.groupBy(kept, transfer => transfer.developer_id)].sort(([a], [b]) => (a < b ? -1 : 1));
  return byBook.map(([book, rows]) => ({
    book,
    held: balanceOf(rows, 'held'),
    forfeited: balanceOf(rows, 'forfeited'),
  }));
}

/** How a person reads it, a line a book. */
export function heldOnDayLines(held: readonly HeldOnDay[]): string[] {
  return held.map(
    ({ book, held: { amount, currency }, forfeited }) =>
      `  In the book of ${book} ${amount} ${currency} of it are held, ${forfeited.amount} ${currency} forfeited`,
  );
}

function balanceOf(rows: readonly TransferRow[], account: 'held' | 'forfeited'): Money {
  const sum = rows.reduce((nanosSoFar, { debit, credit, amount }) => {
    const moved = parseAmount(amount.amount);
    return nanosSoFar + (credit === account ? moved : 0n) - (debit === account ? moved : 0n);
  }, 0n);
  return money(nanos(sum), rows[0]?.amount.currency ?? '');
}
