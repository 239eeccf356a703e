import type { Queryable } from '../db/database.ts';
import type { BusinessDay } from '../domain/business-day.ts';

/** What a decision made of payouts of one batch. */
export interface DecidedSteps {
  readonly decisionId: string;
  readonly batchId: string;
  readonly approved: number;
  readonly cancelled: number;
  /** The first of the references. */
  readonly reference: string;
}

/** Of steps that decisions caused, in all buckets. */
export async function decidedSteps(q: Queryable): Promise<DecidedSteps[]> {
  const { rows } = await q.query<DecidedSteps>(
    `select decision_id as "decisionId", batch_id as "batchId", count(*) filter (where status = 'approved') as approved,
       count(*) filter (where status <> 'approved') as cancelled, min(reference) as reference
     from payout_steps
     join payouts using (bucket, payout_id)
     where decision_id is not null
     group by decision_id, batch_id
     order by decision_id, batch_id`,
  );
  return rows;
}

/** What a decision remitted of the tax of one country in one currency. */
export interface DecidedRemittance {
  readonly decisionId: string;
  readonly currency: string;
  readonly country: string;
  readonly amountNanos: bigint;
  /** On which the last of it was withheld. */
  readonly lastDay: BusinessDay | null;
}

export async function decidedRemittances(q: Queryable): Promise<DecidedRemittance[]> {
  const { rows } = await q.query<Omit<DecidedRemittance, 'amountNanos'> & { amount: string }>(
    `select remitted.decision_id as "decisionId", currency, country, sum(remitted.amount_nanos) as amount,
       max(payout_steps.ledger_date) as "lastDay"
     from tax_remittances as remitted
     join payouts using (bucket, payout_id)
     left join payout_steps
       on payout_steps.bucket = remitted.bucket and payout_steps.payout_id = remitted.payout_id and status = 'approved'
     group by remitted.decision_id, currency, country
     order by remitted.decision_id, currency, country`,
  );
  return rows.map(({ amount, ...row }) => ({ ...row, amountNanos: BigInt(amount) }));
}

/** Batches with payouts that are due, and how many. */
export async function dueOfBatches(q: Queryable): Promise<Map<string, number>> {
  const { rows } = await q.query<{ batchId: string; due: number }>(
    `select batch_id as "batchId", count(*) as due
     from payouts
     where not exists (
       select
       from payout_steps
       where payout_steps.bucket = payouts.bucket and payout_steps.payout_id = payouts.payout_id and step_no = 1
     )
     group by batch_id`,
  );
  return new Map(rows.map(row => [row.batchId, row.due]));
}

/** Whether there is anything on record of payouts. */
export async function anyPayouts(q: Queryable): Promise<boolean> {
  const { rows } = await q.query<{ any: boolean }>(
    `select exists (select from payouts) or exists (select from payout_steps) or exists (select from payout_answers)
       or exists (select from payout_invoices) or exists (select from tax_remittances) as any`,
  );
  return rows[0]?.any ?? true;
}
