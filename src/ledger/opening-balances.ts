import type pg from 'pg';
import { type Nanos, nanos } from '../domain/nanos.ts';
import { type Period, previousPeriod } from '../domain/period.ts';
import type { AccountKind } from '../domain/transfer.ts';
import type { MovedBefore } from './book-transfers.ts';
import { sealedBalances } from './period-closings.ts';

/** What stands on the accounts of one book in one currency: credits − debits; accounts at zero may be missing. */
export type AccountBalances = Map<AccountKind, Nanos>;

/** By owner and currency. */
export type BookBalances = Map<string, Map<string, AccountBalances>>;

/** The closed period whose seals tell what stood on the accounts, for what comes before `period`; null: none is. */
export function sealedBefore(period: Period, lastClosed: Period | null): Period | null {
  return lastClosed === null || lastClosed < period ? lastClosed : previousPeriod(period);
}

/** What stood on every account of the books: as sealed at the end of the period `sealed`, and what was moved since. */
export async function openingBalances(
  client: pg.ClientBase,
  {
    bucket,
    ownerIds,
    sealed,
    moved,
  }: {
    readonly bucket: number;
    readonly ownerIds: readonly string[];
    readonly sealed: Period | null;
    readonly moved: readonly MovedBefore[];
  },
): Promise<BookBalances> {
  const balances: BookBalances = new Map();
  if (sealed !== null) {
    for (const row of await sealedBalances(client, { bucket, ownerIds, period: sealed })) {
      accountsOf(balances, row.ownerId, row.currency).set(row.account, row.balanceNanos);
    }
  }
  for (const { ownerId, currency, debit, credit, amountNanos } of moved) {
    const accounts = accountsOf(balances, ownerId, currency);
    addTo(accounts, debit, -amountNanos);
    addTo(accounts, credit, amountNanos);
  }
  return balances;
}

/** What stands on the accounts after the transfers; the balances given stay as they are. */
export function balancesAfter(
  opening: AccountBalances,
  transfers: Iterable<{ readonly debit: AccountKind; readonly credit: AccountKind; readonly amountNanos: Nanos }>,
): AccountBalances {
  const accounts: AccountBalances = new Map(opening);
  for (const { debit, credit, amountNanos } of transfers) {
    addTo(accounts, debit, -amountNanos);
    addTo(accounts, credit, amountNanos);
  }
  return accounts;
}

function accountsOf(balances: BookBalances, ownerId: string, currency: string): AccountBalances {
  let currencies = balances.get(ownerId);
  if (currencies === undefined) {
    currencies = new Map();
    balances.set(ownerId, currencies);
  }
  let accounts = currencies.get(currency);
  if (accounts === undefined) {
    accounts = new Map();
    currencies.set(currency, accounts);
  }
  return accounts;
}

function addTo(accounts: AccountBalances, account: AccountKind, amount: bigint): void {
  accounts.set(account, nanos((accounts.get(account) ?? 0n) + amount));
}
