import type pg from 'pg';
import { copyRows } from '../db/copy.ts';
import type { Queryable } from '../db/database.ts';
import type { BusinessDay } from '../domain/business-day.ts';
import type { Transfer } from '../domain/transfer.ts';
import { addUpMovements } from './movements.ts';

const TRANSFER_COLUMNS = [
  'bucket',
  'ledger_date',
  'transfer_id',
  'developer_id',
  'app_id',
  'business_date',
  'period',
  'currency',
  'debit',
  'credit',
  'amount_nanos',
  'reason',
  'run_id',
  'decision_id',
  'version',
  'link_id',
  'provider_id',
  'fund_id',
  'corrects_id',
  'booked_at',
] as const;

/** Makes the ledger's partition for the day's month; call it before the posting transaction. */
export async function prepareLedger(db: Queryable, day: BusinessDay): Promise<void> {
  await db.query('select ensure_ledger_month($1)', [day]);
}

/**
 * Writes a run's transfers to the ledger, with the movement they make on each kind of account. The caller holds the turn of the
 * bucket that they come from. Some may be halves of flows into books of other buckets, where nobody's turn is needed: rows are only
 * added, under keys that no other bucket's run can have.
 */
export async function postTransfers(
  tx: pg.ClientBase,
  { bucket, runId }: { readonly bucket: number; readonly runId: string },
  transfers: readonly Transfer[],
): Promise<void> {
  if (transfers.length === 0) return;
  await writeTransfers(tx, transfers);
  const movements = addUpMovements(transfers);
  await copyRows(
    tx,
    {
      table: 'posting_totals',
      columns: ['bucket', 'run_id', 'source_bucket', 'period', 'currency', 'account', 'debit_nanos', 'credit_nanos'],
    },
    movements.map(each => [
      each.bucket,
      runId,
      bucket,
      each.period,
      each.currency,
      each.account,
      each.debitNanos,
      each.creditNanos,
    ]),
  );
}

/**
 * Writes a decision's transfers to the ledger, with the movement they make on each kind of account. The caller holds the turns of
 * their buckets.
 */
export async function postDecisionTransfers(
  tx: pg.ClientBase,
  decisionId: string,
  transfers: readonly Transfer[],
): Promise<void> {
  await writeTransfers(tx, transfers);
  await copyRows(
    tx,
    {
      table: 'decision_totals',
      columns: ['bucket', 'decision_id', 'period', 'currency', 'account', 'debit_nanos', 'credit_nanos'],
    },
    addUpMovements(transfers).map(each => [
      each.bucket,
      decisionId,
      each.period,
      each.currency,
      each.account,
      each.debitNanos,
      each.creditNanos,
    ]),
  );
}

/** The only writer of transfers. */
async function writeTransfers(tx: pg.ClientBase, transfers: readonly Transfer[]): Promise<void> {
  await copyRows(tx, { table: 'transfers', columns: TRANSFER_COLUMNS }, rowsOf(transfers));
}

function* rowsOf(transfers: readonly Transfer[]) {
  for (const transfer of transfers) {
    const bookedAt = transfer.bookedAt.toISOString();
    yield [
      transfer.bucket,
      transfer.ledgerDay,
      transfer.id,
      transfer.developerId,
      transfer.appId,
      transfer.businessDay,
      transfer.period,
      transfer.currency,
      transfer.debit,
      transfer.credit,
      transfer.amountNanos,
      transfer.reason,
      transfer.runId,
      transfer.decisionId,
      transfer.version,
      transfer.linkId,
      transfer.providerId,
      transfer.fundId,
      transfer.correctsId,
      bookedAt,
    ];
  }
}
