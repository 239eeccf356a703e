import type { AccountKind, Transfer } from '../domain/transfer.ts';

/** What transfers move on one kind of account in a bucket's books, in nanos; a kind's balance is credits − debits. */
export interface Movement {
  readonly bucket: number;
  readonly period: string;
  readonly currency: string;
  readonly account: AccountKind;
  debitNanos: bigint;
  creditNanos: bigint;
}

export function addUpMovements(
  transfers: Iterable<Pick<Transfer, 'bucket' | 'period' | 'currency' | 'debit' | 'credit' | 'amountNanos'>>,
): Movement[] {
  const movements = new Map<string, Movement>();
  const movementOn = (
    account: AccountKind,
    { bucket, period, currency }: Pick<Movement, 'bucket' | 'period' | 'currency'>,
  ): Movement => {
    const key = `${bucket} ${period} ${currency} ${account}`;
    let movement = movements.get(key);
    if (movement === undefined) {
      movement = { bucket, period, currency, account, debitNanos: 0n, creditNanos: 0n };
      movements.set(key, movement);
    }
    return movement;
  };
  for (const transfer of transfers) {
    movementOn(transfer.debit, transfer).debitNanos += transfer.amountNanos;
    movementOn(transfer.credit, transfer).creditNanos += transfer.amountNanos;
  }
  return [...movements.values()];
}
