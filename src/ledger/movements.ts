import type { BusinessDay } from '../domain/business-day.ts';
import type { Period } from '../domain/period.ts';
import type { AccountKind, UnpostedTransfer } from '../domain/transfer.ts';

/** What transfers move on one kind of account in a bucket's books, in nanos; a kind's balance is credits − debits. */
export interface Movement {
  readonly bucket: number;
  readonly period: string;
  readonly currency: string;
  readonly account: AccountKind;
  /** One instant for all that is posted at once. */
  readonly bookedAt: Date;
  /** The first and the last of their ledger days. */
  firstDay: BusinessDay;
  lastDay: BusinessDay;
  debitNanos: bigint;
  creditNanos: bigint;
}

/**
 * Each transfer in the period of its ledger day, as posting says it. Throws if the transfers were not booked at one instant: a total
 * could not tell when it came about.
 */
export function addUpMovements(
  transfers: readonly UnpostedTransfer[],
  periodOn: (ledgerDay: BusinessDay) => Period,
): Movement[] {
  const movements = new Map<string, Movement>();
  const movementOn = (account: AccountKind, transfer: UnpostedTransfer): Movement => {
    const { bucket, currency, ledgerDay, bookedAt } = transfer;
    const period = periodOn(ledgerDay);
    const key = `${bucket} ${period} ${currency} ${account}`;
    let movement = movements.get(key);
    if (movement === undefined) {
      const days = { firstDay: ledgerDay, lastDay: ledgerDay };
      movement = { bucket, period, currency, account, bookedAt, ...days, debitNanos: 0n, creditNanos: 0n };
      movements.set(key, movement);
    }
    if (movement.bookedAt.getTime() !== bookedAt.getTime()) throw new Error('one posting was booked at two instants');
    if (ledgerDay < movement.firstDay) movement.firstDay = ledgerDay;
    if (ledgerDay > movement.lastDay) movement.lastDay = ledgerDay;
    return movement;
  };
  for (const transfer of transfers) {
    movementOn(transfer.debit, transfer).debitNanos += transfer.amountNanos;
    movementOn(transfer.credit, transfer).creditNanos += transfer.amountNanos;
  }
  return [...movements.values()];
}
