import type { Queryable } from '../db/database.ts';
import { type Money, money } from '../domain/money.ts';
import { type Nanos, nanos } from '../domain/nanos.ts';
import type { PeriodRange } from '../domain/period.ts';
import type { AccountKind } from '../domain/transfer.ts';

export interface TrialBalance {
  /** By currency, then in the order of the kinds of accounts. */
  readonly items: readonly TrialBalanceRow[];
  /** By currency. */
  readonly totals: readonly TrialBalanceTotal[];
  /** In every currency the balances sum to zero. */
  readonly balanced: boolean;
}

export interface TrialBalanceRow {
  readonly account: AccountKind;
  readonly debits: Money;
  readonly credits: Money;
  /** Credits − debits. */
  readonly balance: Money;
}

export interface TrialBalanceTotal {
  readonly currency: string;
  readonly debits: Money;
  readonly credits: Money;
  readonly balance: Money;
  readonly balanced: boolean;
}

interface MovedRow {
  readonly currency: string;
  readonly account: AccountKind;
  readonly debit: string;
  readonly credit: string;
}

const OF_TOTALS = `select period, currency, account, debit_nanos, credit_nanos
       from posting_totals
       union all
       select period, currency, account, debit_nanos, credit_nanos
       from decision_totals`;

const OF_TRANSFERS = `select period, currency, side.account, side.debit_nanos, side.credit_nanos
       from transfers
       cross join lateral (
         values (debit, amount_nanos, 0), (credit, 0, amount_nanos)
       ) as side (account, debit_nanos, credit_nanos)
       where booked_at <= $3::timestamptz`;

/**
 * What all books together moved on each kind of account, ever or in one period: from the totals of runs and decisions; by an earlier
 * instant from the transfers booked by then, which reads all of them.
 */
export async function trialBalance(
  q: Queryable,
  {
    currency,
    period,
    bookedBy,
  }: {
    readonly currency?: string | undefined;
    readonly period?: PeriodRange | undefined;
    readonly bookedBy?: Date | undefined;
  } = {},
): Promise<TrialBalance> {
  const values = [currency ?? null, period?.halves ?? null];
  const { rows } = await q.query<MovedRow>(
    `select currency, account, sum(debit_nanos) as debit, sum(credit_nanos) as credit
     from (
       ${bookedBy === undefined ? OF_TOTALS : OF_TRANSFERS}
     ) as moved
     where ($1::text is null or currency = $1) and ($2::text[] is null or period = any ($2))
     group by currency, account
     order by currency, account`,
    bookedBy === undefined ? values : [...values, bookedBy],
  );
  const items = rows.map(row => ({
    account: row.account,
    ...sides(row.currency, nanos(BigInt(row.debit)), nanos(BigInt(row.credit))),
  }));
  const totals = [...new Set(rows.map(row => row.currency))].map(each => totalOf(each, rows));
  return { items, totals, balanced: totals.every(total => total.balanced) };
}

function totalOf(currency: string, rows: readonly MovedRow[]): TrialBalanceTotal {
  let debitNanos = 0n;
  let creditNanos = 0n;
  for (const row of rows) {
    if (row.currency !== currency) continue;
    debitNanos += BigInt(row.debit);
    creditNanos += BigInt(row.credit);
  }
  return { currency, ...sides(currency, nanos(debitNanos), nanos(creditNanos)), balanced: debitNanos === creditNanos };
}

function sides(currency: string, debitNanos: Nanos, creditNanos: Nanos) {
  return {
    debits: money(debitNanos, currency),
    credits: money(creditNanos, currency),
    balance: money(nanos(creditNanos - debitNanos), currency),
  };
}
