import { type Money, money } from '../domain/money.ts';
import { nanos } from '../domain/nanos.ts';
import type { AccountKind } from '../domain/transfer.ts';
import { type BookTransfer, movedOn } from '../ledger/book-transfers.ts';
import type { AccountBalances } from '../ledger/opening-balances.ts';

/** Money under review: opening + held − released − clawed_back − forfeited = closing. It is not in the balances of what is payable. */
export interface StatementHeld {
  readonly opening: Money;
  readonly held: Money;
  /** Given back to what is payable. */
  readonly released: Money;
  /** Taken back with what was found not to be earned. */
  readonly clawed_back: Money;
  readonly forfeited: Money;
  readonly closing: Money;
  /** Of money forfeited before, taken back with what was found not to be earned, so that it is not charged twice. */
  readonly forfeited_clawed_back: Money;
  /** What all of this changed of what is payable. */
  readonly change_of_payable: Money;
}

/** Null where nothing is held at the beginning and nothing was kept back or given back. `transfers` are of money that is kept back. */
export function heldAmong(
  transfers: readonly BookTransfer[],
  { currency, opening }: { readonly currency: string; readonly opening: AccountBalances },
): StatementHeld | null {
  const openingNanos = opening.get('held') ?? nanos(0n);
  if (openingNanos === 0n && transfers.length === 0) return null;
  const isDecided = (each: BookTransfer) => each.decisionId !== null;
  const between = (debit: AccountKind, credit: AccountKind, counts = (_: BookTransfer) => true) => {
    const some = transfers.filter(each => each.debit === debit && each.credit === credit && counts(each));
    return money(movedOn(credit, some), currency);
  };
  return {
    opening: money(openingNanos, currency),
    held: between('payable', 'held'),
    released: between('held', 'payable', isDecided),
    clawed_back: between('held', 'payable', each => !isDecided(each)),
    forfeited: between('held', 'forfeited'),
    closing: money(nanos(openingNanos + movedOn('held', transfers)), currency),
    forfeited_clawed_back: between('forfeited', 'payable'),
    change_of_payable: money(movedOn('payable', transfers), currency),
  };
}
