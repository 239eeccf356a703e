import type pg from 'pg';
import { type Money, money } from '../domain/money.ts';
import { transfersOfPayout } from '../ledger/payout-transfers.ts';
import type { TransferRow } from '../ledger/transfer-row.ts';
import { knownPayout } from './cancel-payout.ts';
import { invoicedPayouts } from './invoices.ts';
import { type PayoutRow, payoutRow } from './list-payouts.ts';
import type { StepStatus } from './payout.ts';

/** One step of a payout. */
export interface StepRow {
  readonly status: StepStatus;
  readonly at: string;
  readonly by: string;
  /** The decision, the file of payouts, or the file of the bank's answers. */
  readonly decision: string | null;
  readonly payment_file: string | null;
  readonly answer_file: string | null;
  readonly bank_reference: string | null;
  readonly booked_on: string | null;
  readonly reason: string | null;
}

export interface ShownPayout extends PayoutRow {
  readonly id: string;
  readonly steps: readonly StepRow[];
  readonly invoice: {
    readonly number: string;
    readonly amount: Money;
    readonly recorded_at: string;
    readonly by: string;
  } | null;
  readonly tax_remitted_by: string | null;
  readonly transfers: readonly TransferRow[];
}

/** A payout with everything that happened to it. `tx` is a snapshot. @throws Refusal `unknown_payout` */
export async function showPayout(
  tx: pg.ClientBase,
  {
    reference,
    bucketCount,
    proposed,
  }: { readonly reference: string; readonly bucketCount: number; readonly proposed: ReadonlySet<string> },
): Promise<ShownPayout> {
  const payout = await knownPayout(tx, { reference, bucketCount });
  const { bucket, payoutId, currency } = payout;
  const invoice = (await invoicedPayouts(tx, { bucket, payoutIds: [payoutId] })).get(payoutId);
  return {
    ...payoutRow(payout, proposed),
    id: payoutId,
    steps: await stepsOf(tx, { bucket, payoutId }),
    invoice:
      invoice === undefined
        ? null
        : {
            number: invoice.number,
            amount: money(invoice.amountNanos, currency),
            recorded_at: invoice.recordedAt.toISOString(),
            by: invoice.actor,
          },
    tax_remitted_by: await remittedBy(tx, { bucket, payoutId }),
    transfers: await transfersOfPayout(tx, { bucket, payoutId }),
  };
}

interface OfPayout {
  readonly bucket: number;
  readonly payoutId: string;
}

async function stepsOf(tx: pg.ClientBase, { bucket, payoutId }: OfPayout): Promise<StepRow[]> {
  const { rows } = await tx.query<Omit<StepRow, 'at'> & { readonly at: Date }>(
    `select step.status, at, actor as by, decision_id as decision, payment_file_id as payment_file,
       answer_file_id as answer_file, step.bank_reference, booked_on, step.reason
     from payout_steps as step
     left join payout_answers as answer
       on answer.bucket = step.bucket and answer.payout_id = step.payout_id and answer.status = step.status
         and answer.bank_reference = step.bank_reference
     where step.bucket = $1 and step.payout_id = $2
     order by step_no`,
    [bucket, payoutId],
  );
  return rows.map(({ at, ...row }) => ({ ...row, at: at.toISOString() }));
}

async function remittedBy(tx: pg.ClientBase, { bucket, payoutId }: OfPayout): Promise<string | null> {
  const { rows } = await tx.query<{ decisionId: string }>(
    'select decision_id as "decisionId" from tax_remittances where bucket = $1 and payout_id = $2',
    [bucket, payoutId],
  );
  return rows[0]?.decisionId ?? null;
}
