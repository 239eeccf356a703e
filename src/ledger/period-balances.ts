import type { Queryable } from '../db/database.ts';
import { type Money, money } from '../domain/money.ts';
import { type Nanos, nanos } from '../domain/nanos.ts';
import type { Period } from '../domain/period.ts';
import { ACCOUNT_KINDS, type AccountKind } from '../domain/transfer.ts';
import { type MovedInPeriod, movedByPeriod, type TrialBalanceFilters } from './trial-balance.ts';

/** A kind of account over all books in a period: opening + credits − debits = closing. */
export interface PeriodBalanceRow {
  readonly period: Period;
  readonly account: AccountKind;
  readonly opening: Money;
  readonly debits: Money;
  readonly credits: Money;
  readonly closing: Money;
}

export interface PeriodTotal {
  readonly period: Period;
  readonly currency: string;
  readonly debits: Money;
  readonly credits: Money;
  /** Debits are credits, and the closing balances sum to zero. */
  readonly balanced: boolean;
}

export interface PeriodBalances {
  /** By period, currency, then in the order of the kinds of accounts. */
  readonly items: readonly PeriodBalanceRow[];
  readonly totals: readonly PeriodTotal[];
  readonly balanced: boolean;
}

/**
 * A trial balance of each period in which anything was booked, or of those asked for, from the recorded totals. An account that stands
 * at zero and did not move is left out.
 */
export async function periodBalances(
  q: Queryable,
  { period, ...filters }: Pick<TrialBalanceFilters, 'currency' | 'period' | 'bookedBy'> = {},
): Promise<PeriodBalances> {
  const moved = await movedByPeriod(q, filters);
  const periods = period?.halves ?? [...new Set(moved.map(each => each.period))];
  const currencies = [...new Set(moved.map(each => each.currency))].sort();
  const items: PeriodBalanceRow[] = [];
  const totals: PeriodTotal[] = [];
  for (const each of periods) {
    for (const currency of currencies) {
      const ofCurrency = moved.filter(row => row.currency === currency && row.period <= each);
      const accounts = ACCOUNT_KINDS.map(account => accountIn(each, account, ofCurrency)).filter(isSomething);
      if (accounts.length === 0) continue;
      for (const account of accounts) items.push(rowOf(each, currency, account));
      totals.push(totalOf(each, currency, accounts));
    }
  }
  return { items, totals, balanced: totals.every(total => total.balanced) };
}

interface AccountInPeriod {
  readonly account: AccountKind;
  readonly openingNanos: bigint;
  readonly debitNanos: bigint;
  readonly creditNanos: bigint;
}

function accountIn(period: Period, account: AccountKind, moved: readonly MovedInPeriod[]): AccountInPeriod {
  const sums = { openingNanos: 0n, debitNanos: 0n, creditNanos: 0n };
  for (const row of moved) {
    if (row.account !== account) continue;
    if (row.period < period) sums.openingNanos += row.creditNanos - row.debitNanos;
    else {
      sums.debitNanos += row.debitNanos;
      sums.creditNanos += row.creditNanos;
    }
  }
  return { account, ...sums };
}

function isSomething({ openingNanos, debitNanos, creditNanos }: AccountInPeriod): boolean {
  return openingNanos !== 0n || debitNanos !== 0n || creditNanos !== 0n;
}

function closingOf({ openingNanos, debitNanos, creditNanos }: AccountInPeriod): bigint {
  return openingNanos + creditNanos - debitNanos;
}

function rowOf(period: Period, currency: string, account: AccountInPeriod): PeriodBalanceRow {
  const inMoney = (amount: bigint) => money(nanos(amount), currency);
  return {
    period,
    account: account.account,
    opening: inMoney(account.openingNanos),
    debits: inMoney(account.debitNanos),
    credits: inMoney(account.creditNanos),
    closing: inMoney(closingOf(account)),
  };
}

function totalOf(period: Period, currency: string, accounts: readonly AccountInPeriod[]): PeriodTotal {
  const sumOf = (part: (account: AccountInPeriod) => bigint): Nanos =>
    nanos(accounts.reduce((sum, account) => sum + part(account), 0n));
  const [debitNanos, creditNanos] = [sumOf(each => each.debitNanos), sumOf(each => each.creditNanos)];
  return {
    period,
    currency,
    debits: money(debitNanos, currency),
    credits: money(creditNanos, currency),
    balanced: debitNanos === creditNanos && sumOf(closingOf) === 0n,
  };
}
