import type { Queryable } from '../db/database.ts';
import { type Money, money } from '../domain/money.ts';
import { nanos } from '../domain/nanos.ts';
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
