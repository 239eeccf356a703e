import { type Money, money } from '../domain/money.ts';
import { type Nanos, nanos } from '../domain/nanos.ts';
import type { HeldMovement } from '../ledger/held-movements.ts';
import { type Column, grouped, textTable } from './text-table.ts';

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

/** Null where nothing was ever kept back in the currency. */
export function heldIn(
  currency: string,
  movements: readonly HeldMovement[],
): { readonly held: StatementHeld | null; readonly payableNanos: Nanos } {
  const moved = movements.find(each => each.currency === currency);
  if (moved === undefined) return { held: null, payableNanos: nanos(0n) };
  const { beforeNanos, heldNanos, releasedNanos, clawedBackNanos, forfeitedNanos, forfeitedClawedBackNanos } = moved;
  const closingNanos = beforeNanos + heldNanos - releasedNanos - clawedBackNanos - forfeitedNanos;
  const payableNanos = nanos(releasedNanos + clawedBackNanos + forfeitedClawedBackNanos - heldNanos);
  const held = {
    opening: money(beforeNanos, currency),
    held: money(heldNanos, currency),
    released: money(releasedNanos, currency),
    clawed_back: money(clawedBackNanos, currency),
    forfeited: money(forfeitedNanos, currency),
    closing: money(nanos(closingNanos), currency),
    forfeited_clawed_back: money(forfeitedClawedBackNanos, currency),
    change_of_payable: money(payableNanos, currency),
  };
  return { held, payableNanos };
}

const COLUMNS: readonly Column[] = [
  { title: '', align: 'left' },
  { title: '', align: 'decimal' },
];

/** As a section of a statement; nothing where there is none. */
export function heldLines(held: StatementHeld | null): string[] {
  if (held === null) return [];
  const optional: [string, Money][] = [
    ['Released', held.released],
    ['Taken back with what was not earned', held.clawed_back],
    ['Forfeited', held.forfeited],
  ];
  const lines: [string, Money][] = [
    ['Held at the beginning', held.opening],
    ['Held in this period', held.held],
    ...optional.filter(([, { amount }]) => isSomething(amount)),
    ['Held at the end', held.closing],
  ];
  return [
    '',
    'Held, for a review, and not payable',
    ...textTable(
      COLUMNS,
      lines.map(([label, { amount }]) => [`  ${label}`, grouped(amount)]),
    ),
  ];
}

/** The row of a statement's balances that tells how much of its lines was kept back or given back; none where that is nothing. */
export function heldBalanceRow(held: StatementHeld | null): string[][] {
  if (held === null || !isSomething(held.change_of_payable.amount)) return [];
  return [['Held (-) and given back (+)', grouped(held.change_of_payable.amount)]];
}

function isSomething(amount: string): boolean {
  return /[1-9]/.test(amount);
}
