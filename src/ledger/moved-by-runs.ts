import type { Queryable } from '../db/database.ts';
import { type Money, money } from '../domain/money.ts';
import { nanos } from '../domain/nanos.ts';
import type { Period } from '../domain/period.ts';
import type { AccountKind } from '../domain/transfer.ts';

/** What a run moved on one kind of account, over all books. */
export interface AccountMovement {
  readonly account: AccountKind;
  readonly debits: Money;
  readonly credits: Money;
}

/** By run, then by currency and in the order of the kinds of accounts; from the runs' totals, not from transfers. */
export async function movedByRuns(q: Queryable, runIds: readonly string[]): Promise<Map<string, AccountMovement[]>> {
  const { rows } = await q.query<{
    run_id: string;
    currency: string;
    account: AccountKind;
    debit: string;
    credit: string;
  }>(
    `select run_id, currency, account, sum(debit_nanos) as debit, sum(credit_nanos) as credit
     from posting_totals
     where run_id = any ($1::uuid[])
     group by run_id, currency, account
     order by run_id, currency, account`,
    [runIds],
  );
  const moved = new Map<string, AccountMovement[]>();
  for (const { run_id, currency, account, debit, credit } of rows) {
    const movement = {
      account,
      debits: money(nanos(BigInt(debit)), currency),
      credits: money(nanos(BigInt(credit)), currency),
    };
    const ofRun = moved.get(run_id);
    if (ofRun === undefined) moved.set(run_id, [movement]);
    else ofRun.push(movement);
  }
  return moved;
}

/** What a decision moved over all books, in the order of `movedByRuns`; from its totals, not from transfers. */
export async function movedByDecision(q: Queryable, decisionId: string): Promise<AccountMovement[]> {
  const { rows } = await q.query<{ currency: string; account: AccountKind; debit: string; credit: string }>(
    `select currency, account, sum(debit_nanos) as debit, sum(credit_nanos) as credit
     from decision_totals
     where decision_id = $1
     group by currency, account
     order by currency, account`,
    [decisionId],
  );
  return rows.map(({ currency, account, debit, credit }) => ({
    account,
    debits: money(nanos(BigInt(debit)), currency),
    credits: money(nanos(BigInt(credit)), currency),
  }));
}

/** In which period runs of settlement posted what they took from one bucket; runs that posted nothing are left out. */
export async function periodsOfRuns(
  q: Queryable,
  { bucket, runIds }: { readonly bucket: number; readonly runIds: readonly string[] },
): Promise<Map<string, Period>> {
  const { rows } = await q.query<{ runId: string; period: Period }>(
    `select distinct run_id as "runId", period
     from posting_totals
     where bucket = $1 and run_id = any ($2::uuid[]) and source_bucket = $1`,
    [bucket, runIds],
  );
  return new Map(rows.map(row => [row.runId, row.period]));
}
