import type { Queryable } from '../db/database.ts';
import type { BusinessDay } from '../domain/business-day.ts';
import { type Nanos, nanos } from '../domain/nanos.ts';
import type { Flow } from '../domain/transfer.ts';
import { type StoredTransfer, TRANSFER_COLUMNS, type TransferRow, transferRow } from './transfer-row.ts';

/** A transfer by which a payout moved. */
export interface PayoutTransfer extends Flow {
  readonly payoutId: string;
  readonly ownerId: string;
  readonly currency: string;
  readonly reason: string;
  readonly runId: string | null;
  readonly decisionId: string | null;
  readonly ledgerDay: BusinessDay;
  readonly bookedAt: Date;
}

/** What payouts of a bucket moved, booked on the day or later; null: all. */
export async function payoutTransfers(
  q: Queryable,
  { bucket, fromDay }: { readonly bucket: number; readonly fromDay: BusinessDay | null },
): Promise<PayoutTransfer[]> {
  const { rows } = await q.query<Omit<PayoutTransfer, 'amountNanos'> & { amount: string }>(
    `select payout_id as "payoutId", developer_id as "ownerId", currency, reason, run_id as "runId",
       decision_id as "decisionId", ledger_date as "ledgerDay", booked_at as "bookedAt", debit, credit, amount_nanos as amount
     from transfers
     where bucket = $1 and payout_id is not null and ($2::date is null or ledger_date >= $2)
     order by payout_id, transfer_id`,
    [bucket, fromDay],
  );
  return rows.map(({ amount, ...row }): PayoutTransfer => ({ ...row, amountNanos: nanos(BigInt(amount)) as Nanos }));
}

/** The transfers of one payout as finance sees them, in the order of posting. */
export async function transfersOfPayout(
  q: Queryable,
  { bucket, payoutId }: { readonly bucket: number; readonly payoutId: string },
): Promise<TransferRow[]> {
  const { rows } = await q.query<StoredTransfer>(
    `select ${TRANSFER_COLUMNS}
     from transfers
     where bucket = $1 and payout_id = $2
     order by transfer_id`,
    [bucket, payoutId],
  );
  return rows.map(transferRow);
}

/** Of the steps of a bucket's payouts, how many transfers decisions posted. */
export async function countDecidedPayoutTransfers(q: Queryable, bucket: number): Promise<number> {
  const { rows } = await q.query<{ transfers: number }>(
    `select count(*) as transfers
     from transfers
     where bucket = $1 and payout_id is not null and decision_id is not null`,
    [bucket],
  );
  return rows[0]?.transfers ?? 0;
}

/** Transfers that only a payout makes, and that name none. Reads all of the bucket's. */
export async function strayPayoutTransfers(q: Queryable, bucket: number): Promise<string[]> {
  const { rows } = await q.query<{ transferId: string }>(
    `select transfer_id as "transferId"
     from transfers
     where bucket = $1 and payout_id is null and (${onPayoutAccounts('debit')} or ${onPayoutAccounts('credit')})
     order by transfer_id`,
    [bucket],
  );
  return rows.map(row => row.transferId);
}

function onPayoutAccounts(side: 'debit' | 'credit'): string {
  return `${side} in ('payout_due', 'payout_sent', 'paid', 'withheld_tax', 'tax_remitted', 'fx', 'fx_rounding')`;
}
