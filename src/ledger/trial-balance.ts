import type { Queryable } from '../db/database.ts';
import { type Money, money } from '../domain/money.ts';
import { type Nanos, nanos } from '../domain/nanos.ts';
import type { Period, PeriodRange } from '../domain/period.ts';
import type { AccountKind } from '../domain/transfer.ts';
import { checkIds } from './transfer-filters.ts';

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

/** Which movements; all filters hold together. */
export interface TrialBalanceFilters {
  readonly currency?: string | undefined;
  readonly period?: PeriodRange | undefined;
  /** Of one run of settlement, step of a fund or file of payouts. */
  readonly runId?: string | undefined;
  readonly decisionId?: string | undefined;
  /** Only what was booked at or before this instant. */
  readonly bookedBy?: Date | undefined;
}

/** What all books together moved on a kind of account in a period, in nanos. */
export interface MovedInPeriod {
  readonly period: Period;
  readonly currency: string;
  readonly account: AccountKind;
  readonly debitNanos: Nanos;
  readonly creditNanos: Nanos;
}

interface MovedRow {
  readonly currency: string;
  readonly account: AccountKind;
  readonly debit: string;
  readonly credit: string;
}

/**
 * What all books together moved on each kind of account, from the totals recorded with each posting: no transfer is read, whatever the
 * filters.
 * @throws Refusal `bad_run_id`, `bad_decision_id`
 */
export async function trialBalance(q: Queryable, filters: TrialBalanceFilters = {}): Promise<TrialBalance> {
  checkIds(filters);
  const { rows } = await q.query<MovedRow>(
    `select currency, account, sum(debit_nanos) as debit, sum(credit_nanos) as credit
     from (${RECORDED}) as moved
     group by currency, account
     order by currency, account`,
    valuesOf(filters),
  );
  const items = rows.map(row => ({
    account: row.account,
    ...sides(row.currency, nanos(BigInt(row.debit)), nanos(BigInt(row.credit))),
  }));
  const totals = [...new Set(rows.map(row => row.currency))].map(each => totalOf(each, rows));
  return { items, totals, balanced: totals.every(total => total.balanced) };
}

/** The same period by period, in the order (period, currency, kind of account). */
export async function movedByPeriod(q: Queryable, filters: TrialBalanceFilters): Promise<MovedInPeriod[]> {
  checkIds(filters);
  const { rows } = await q.query<MovedRow & { period: Period }>(
    `select period, currency, account, sum(debit_nanos) as debit, sum(credit_nanos) as credit
     from (${RECORDED}) as moved
     group by period, currency, account
     order by period, currency, account`,
    valuesOf(filters),
  );
  return rows.map(({ debit, credit, ...row }) => ({
    ...row,
    debitNanos: nanos(BigInt(debit)),
    creditNanos: nanos(BigInt(credit)),
  }));
}

const RECORDED = `
  select period, currency, account, debit_nanos, credit_nanos
  from posting_totals
  where ($1::text is null or currency = $1) and ($2::text[] is null or period = any ($2))
    and ($3::timestamptz is null or booked_at <= $3) and ($4::uuid is null or run_id = $4) and $5::text is null
  union all
  select period, currency, account, debit_nanos, credit_nanos
  from decision_totals
  where ($1::text is null or currency = $1) and ($2::text[] is null or period = any ($2))
    and ($3::timestamptz is null or booked_at <= $3) and ($5::text is null or decision_id = $5) and $4::uuid is null`;

function valuesOf({ currency, period, bookedBy, runId, decisionId }: TrialBalanceFilters): unknown[] {
  return [currency ?? null, period?.halves ?? null, bookedBy ?? null, runId ?? null, decisionId ?? null];
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
