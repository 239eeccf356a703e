import type { Queryable } from '../db/database.ts';
import { type Nanos, nanos } from '../domain/nanos.ts';
import type { AccountKind } from '../domain/transfer.ts';

/** Where the totals recorded with a run or decision differ from its transfers; a side that is missing counts as zero. */
export interface PostingTotalsDifference {
  /** Both null: transfers that nothing caused. */
  readonly runId: string | null;
  readonly decisionId: string | null;
  readonly period: string;
  readonly currency: string;
  readonly account: AccountKind;
  readonly recorded: { readonly debitNanos: Nanos; readonly creditNanos: Nanos };
  readonly transfers: { readonly debitNanos: Nanos; readonly creditNanos: Nanos };
  /** When each was booked and for which days, in words; empty where there is nothing. */
  readonly recordedWhen: string;
  readonly transfersWhen: string;
}

const DEFAULT_LIMIT = 1000;

const WHEN_OF_TRANSFERS = whenOf({ first: 'first_booked', last: 'last_booked' });
const WHEN_OF_TOTALS = whenOf({ first: 'booked_at', last: 'booked_at' });

/** In words, of the columns of booking. */
function whenOf({ first, last }: { readonly first: string; readonly last: string }): string {
  return `format('booked %s to %s for %s to %s', min(${first}), max(${last}), min(first_day), max(last_day)) as told`;
}

/** Compares a bucket's recorded totals with its transfers, all of which it reads; at most `limit` differences are told. */
export async function checkPostingTotals(
  q: Queryable,
  bucket: number,
  { limit = DEFAULT_LIMIT }: { readonly limit?: number } = {},
): Promise<PostingTotalsDifference[]> {
  const { rows } = await q.query<{
    cause: string;
    is_decision: boolean;
    period: string;
    currency: string;
    account: AccountKind;
    recorded_debit: string;
    recorded_credit: string;
    summed_debit: string;
    summed_credit: string;
    recorded_when: string;
    summed_when: string;
  }>(
    `with flows as (
       select run_id, decision_id, period, currency, debit, credit, sum(amount_nanos) as amount_nanos,
         min(booked_at) as first_booked, max(booked_at) as last_booked, min(ledger_date) as first_day, max(ledger_date) as last_day
       from transfers
       where bucket = $1
       group by run_id, decision_id, period, currency, debit, credit
     ), summed as (
       select coalesce(decision_id, run_id::text, '') as cause, decision_id is not null as is_decision, period, currency,
         side.account, sum(side.debit_nanos) as debit_nanos, sum(side.credit_nanos) as credit_nanos, ${WHEN_OF_TRANSFERS}
       from flows
       cross join lateral (values (debit, amount_nanos, 0), (credit, 0, amount_nanos)) as side (account, debit_nanos, credit_nanos)
       group by run_id, decision_id, period, currency, side.account
     ), recorded as (
       select run_id::text as cause, false as is_decision, period, currency, account, sum(debit_nanos) as debit_nanos,
         sum(credit_nanos) as credit_nanos, ${WHEN_OF_TOTALS}
       from posting_totals
       where bucket = $1
       group by run_id, period, currency, account
       union all
       select decision_id, true, period, currency, account, sum(debit_nanos), sum(credit_nanos), ${WHEN_OF_TOTALS}
       from decision_totals
       where bucket = $1
       group by decision_id, period, currency, account
     ), compared as (
       select cause, is_decision, period, currency, account,
         coalesce(recorded.debit_nanos, 0) as recorded_debit, coalesce(recorded.credit_nanos, 0) as recorded_credit,
         coalesce(summed.debit_nanos, 0) as summed_debit, coalesce(summed.credit_nanos, 0) as summed_credit,
         coalesce(recorded.told, '') as recorded_when, coalesce(summed.told, '') as summed_when
       from summed
       full join recorded using (cause, is_decision, period, currency, account)
     )
     select *
     from compared
     where recorded_debit <> summed_debit or recorded_credit <> summed_credit or recorded_when <> summed_when
     order by is_decision, cause, period, currency, account
     limit $2`,
    [bucket, limit],
  );
  return rows.map(row => ({
    runId: row.is_decision || row.cause === '' ? null : row.cause,
    decisionId: row.is_decision ? row.cause : null,
    period: row.period,
    currency: row.currency,
    account: row.account,
    recorded: { debitNanos: nanos(BigInt(row.recorded_debit)), creditNanos: nanos(BigInt(row.recorded_credit)) },
    transfers: { debitNanos: nanos(BigInt(row.summed_debit)), creditNanos: nanos(BigInt(row.summed_credit)) },
    recordedWhen: row.recorded_when,
    transfersWhen: row.summed_when,
  }));
}
