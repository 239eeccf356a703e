import type pg from 'pg';
import { bucketOf } from '../domain/bucket.ts';
import type { TransferRow } from '../ledger/transfer-row.ts';
import { payoutCause } from '../payouts/payout-causes.ts';
import { standingPayouts } from '../payouts/stored-payouts.ts';

/** The payout of which a transfer is a step. */
export interface ExplainedPayout {
  readonly reference: string;
  readonly batch: string;
  /** Of which it pays; the transfer is filed in the one in which it was booked. */
  readonly period: string;
  /** Where the payout stands now. */
  readonly status: string;
  /** What the step followed from, where no decision made it: a file of payouts, or of the bank's answers. */
  readonly file: {
    readonly id: string;
    readonly name: string;
    readonly of: 'payouts' | 'answers';
    readonly by: string;
  } | null;
}

/** Null: it is no payout's. */
export async function explainPayout(
  tx: pg.ClientBase,
  { payout_id: payoutId, developer_id, run_id }: TransferRow,
  bucketCount: number,
): Promise<ExplainedPayout | null> {
  if (payoutId === null) return null;
  const bucket = bucketOf(developer_id, bucketCount);
  const [payout] = await standingPayouts(tx, { bucket, payoutIds: [payoutId] });
  if (payout === undefined) return null;
  const { reference, batchId: batch, period, status } = payout;
  return {
    reference,
    batch,
    period,
    status: status ?? 'due',
    file: run_id === null ? null : await payoutCause(tx, run_id),
  };
}

/** As a section of an explanation. */
export function payoutLines({ reference, batch, period, status, file }: ExplainedPayout): string[] {
  const files = { payouts: 'the file of payouts', answers: "the bank's answers in" };
  return [
    '',
    `A step of payout ${reference} (batch ${batch}, for ${period}), now ${status}`,
    ...(file === null ? [] : [`  by ${files[file.of]} ${file.name}, file ${file.id}, by ${file.by}`]),
  ];
}
