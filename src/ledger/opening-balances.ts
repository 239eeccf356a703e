import type pg from 'pg';
import { textRows } from '../db/prepared.ts';
import { type Nanos, nanos } from '../domain/nanos.ts';
import { nextPeriod, type Period, previousPeriod } from '../domain/period.ts';
import type { AccountKind } from '../domain/transfer.ts';
import { sealedBalances } from './period-closings.ts';

/** What stands on the accounts of one book in one currency: credits − debits; accounts at zero may be missing. */
export type AccountBalances = Map<AccountKind, Nanos>;

/** By owner and currency. */
export type BookBalances = Map<string, Map<string, AccountBalances>>;

/**
 * What stood on every account of the books before a period: as sealed at the end of the last closed period before it, and what was
 * moved in open ones since.
 */
export async function openingBalances(
  client: pg.ClientBase,
  {
    bucket,
    ownerIds,
    period,
    lastClosed,
  }: {
    readonly bucket: number;
    readonly ownerIds: readonly string[];
    readonly period: Period;
    /** Null: none is closed. */
    readonly lastClosed: Period | null;
  },
): Promise<BookBalances> {
  const balances: BookBalances = new Map();
  const sealedThrough = lastClosed === null || lastClosed < period ? lastClosed : previousPeriod(period);
  if (sealedThrough !== null) {
    for (const row of await sealedBalances(client, { bucket, ownerIds, period: sealedThrough })) {
      accountsOf(balances, row.ownerId, row.currency).set(row.account, row.balanceNanos);
    }
  }
  if (sealedThrough !== null && nextPeriod(sealedThrough) >= period) return balances;
  const moved = await textRows(
    client,
    `select developer_id, currency, debit, credit, sum(amount_nanos)
     from transfers
     where bucket = $1 and developer_id = any ($2) and period > $3 and period < $4
     group by developer_id, currency, debit, credit`,
    [bucket, ownerIds, sealedThrough ?? '', period],
  );
  for (const [ownerId, currency, debit, credit, sum] of moved) {
    const accounts = accountsOf(balances, ownerId as string, currency as string);
    addTo(accounts, debit as AccountKind, -BigInt(sum as string));
    addTo(accounts, credit as AccountKind, BigInt(sum as string));
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
