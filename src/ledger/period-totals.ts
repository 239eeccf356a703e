import type { Queryable } from '../db/database.ts';
import { nanos } from '../domain/nanos.ts';
import type { Period } from '../domain/period.ts';
import type { AccountKind } from '../domain/transfer.ts';
import type { PeriodTotal } from './period-closings.ts';

/** What runs, steps and decisions recorded as moved in a period, by currency and account: what its transfers must add up to. */
export async function recordedTotals(q: Queryable, period: Period): Promise<PeriodTotal[]> {
  const { rows } = await q.query<{ currency: string; account: AccountKind; debit: string; credit: string }>(
    `select currency, account::text as account, sum(debit_nanos) as debit, sum(credit_nanos) as credit
     from (
       select currency, account, debit_nanos, credit_nanos
       from posting_totals
       where period = $1
       union all
       select currency, account, debit_nanos, credit_nanos
       from decision_totals
       where period = $1
     ) as recorded
     group by currency, account
     order by currency, account::text`,
    [period],
  );
  return rows.map(({ debit, credit, ...of }) => ({
    ...of,
    debitNanos: nanos(BigInt(debit)),
    creditNanos: nanos(BigInt(credit)),
  }));
}
