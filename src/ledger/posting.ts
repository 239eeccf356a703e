import type pg from 'pg';
import { copyRows } from '../db/copy.ts';
import type { Queryable } from '../db/database.ts';
import type { BusinessDay } from '../domain/business-day.ts';
import { openPeriodOf, type Period } from '../domain/period.ts';
import type { UnpostedTransfer } from '../domain/transfer.ts';
import { addUpMovements, type Movement } from './movements.ts';
import { firstOpenPeriod, lockPeriods } from './period-closings.ts';

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
  'payout_id',
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
 * added, under keys that no other bucket's run can have. Gives each its period, which nobody closes before the transaction ends: take
 * no turn and no reference lock after it.
 */
export async function postTransfers(
  tx: pg.ClientBase,
  { bucket, runId }: { readonly bucket: number; readonly runId: string },
  unposted: readonly UnpostedTransfer[],
): Promise<void> {
  if (unposted.length === 0) return;
  const periodOn = await writeTransfers(tx, unposted);
  const movements = addUpMovements(unposted, periodOn);
  await copyRows(
    tx,
    {
      table: 'posting_totals',
      columns: ['bucket', 'run_id', 'source_bucket', ...MOVEMENT_COLUMNS],
    },
    movements.map(each => [each.bucket, runId, bucket, ...movementRow(each)]),
  );
}

/**
 * Writes a decision's transfers to the ledger, with the movement they make on each kind of account. The caller holds the turns of
 * their buckets, and takes none after it.
 */
export async function postDecisionTransfers(
  tx: pg.ClientBase,
  decisionId: string,
  unposted: readonly UnpostedTransfer[],
): Promise<void> {
  const periodOn = await writeTransfers(tx, unposted);
  await copyRows(
    tx,
    {
      table: 'decision_totals',
      columns: ['bucket', 'decision_id', ...MOVEMENT_COLUMNS],
    },
    addUpMovements(unposted, periodOn).map(each => [each.bucket, decisionId, ...movementRow(each)]),
  );
}

const MOVEMENT_COLUMNS = [
  ...['period', 'currency', 'account', 'debit_nanos', 'credit_nanos', 'booked_at', 'first_day', 'last_day'],
] as const;

function movementRow(each: Movement) {
  const amounts = [each.debitNanos, each.creditNanos];
  return [
    each.period,
    each.currency,
    each.account,
    ...amounts,
    each.bookedAt.toISOString(),
    each.firstDay,
    each.lastDay,
  ];
}

/** The only writer of transfers, and the only one who says in which period they are: by their ledger day. */
async function writeTransfers(tx: pg.ClientBase, unposted: readonly UnpostedTransfer[]): Promise<PeriodOn> {
  await lockPeriods(tx, 'shared');
  const periodOn = openPeriods(await firstOpenPeriod(tx));
  await copyRows(tx, { table: 'transfers', columns: TRANSFER_COLUMNS }, rowsOf(unposted, periodOn));
  return periodOn;
}

type PeriodOn = (ledgerDay: BusinessDay) => Period;

/** Most of a posting are of one day. */
function openPeriods(firstOpen: Period | null): PeriodOn {
  const periods = new Map<BusinessDay, Period>();
  return day => {
    const known = periods.get(day);
    if (known !== undefined) return known;
    const period = openPeriodOf(day, firstOpen);
    periods.set(day, period);
    return period;
  };
}

function* rowsOf(unposted: readonly UnpostedTransfer[], periodOn: PeriodOn) {
  for (const transfer of unposted) {
    const bookedAt = transfer.bookedAt.toISOString();
    yield [
      transfer.bucket,
      transfer.ledgerDay,
      transfer.id,
      transfer.developerId,
      transfer.appId,
      transfer.businessDay,
      periodOn(transfer.ledgerDay),
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
      transfer.payoutId,
      transfer.correctsId,
      bookedAt,
    ];
  }
}
