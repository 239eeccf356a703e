import { randomUUIDv7 } from 'node:crypto';
import type pg from 'pg';
import type { Queryable } from '../db/database.ts';
import { bucketOf } from '../domain/bucket.ts';
import type { BusinessCalendar, BusinessDay } from '../domain/business-day.ts';
import type { AppId, OwnerId } from '../domain/ids.ts';
import { type Nanos, nanos } from '../domain/nanos.ts';
import type { Period } from '../domain/period.ts';
import type { AccountKind, Flow } from '../domain/transfer.ts';
import { uuidSequence } from '../domain/uuid-sequence.ts';
import { postDecisionTransfers } from './posting.ts';

/** What a decision moves in one book; where and when it is filed follows from the day of booking. */
export interface PlannedTransfer extends Flow {
  readonly ownerId: OwnerId;
  readonly appId: AppId | null;
  /** The day that it refers to, if any. */
  readonly businessDay: BusinessDay | null;
  readonly currency: string;
  readonly reason: 'adjustment' | 'write_off' | 'hold' | 'release' | 'forfeiture' | 'forfeiture_kept' | 'endowment';
  /** In the words of who proposed it; empty: the decision's reason says it. */
  readonly why: string;
}

/** When a decision is booked, and by which buckets and days the ledger is filed. */
export interface Booking {
  readonly bucketCount: number;
  readonly calendar: BusinessCalendar;
  readonly at: Date;
}

/** A planned transfer with its place in the ledger. */
export interface FiledTransfer extends PlannedTransfer {
  readonly bucket: number;
  /** The business day, or the day of booking where there is none. */
  readonly ledgerDay: BusinessDay;
}

export function filed(transfer: PlannedTransfer, { bucketCount, calendar, at }: Booking): FiledTransfer {
  const ledgerDay = transfer.businessDay ?? calendar.dayOf(at.getTime());
  return { ...transfer, bucket: bucketOf(transfer.ownerId, bucketCount), ledgerDay };
}

/**
 * Posts what a decision moves. The transfers' ids rise in the order given, so that each can be told from the others. The caller
 * holds the turns of their buckets.
 */
export async function postDecision(
  tx: pg.ClientBase,
  { decisionId, ...booking }: Booking & { readonly decisionId: string },
  planned: readonly PlannedTransfer[],
): Promise<void> {
  const nextId = uuidSequence(randomUUIDv7);
  const transfers = planned.map(each => {
    const { ownerId, why: _, ...transfer } = filed(each, booking);
    return { ...transfer, ...UNVERSIONED, id: nextId(), developerId: ownerId, decisionId, bookedAt: booking.at };
  });
  await postDecisionTransfers(tx, decisionId, transfers);
}

const UNVERSIONED = {
  ...{ runId: null, version: null, linkId: null, providerId: null, fundId: null, payoutId: null, correctsId: null },
};

/** A transfer that a decision has posted. */
export interface DecisionTransfer extends Omit<FiledTransfer, 'reason' | 'why'> {
  readonly transferId: string;
  readonly decisionId: string;
  readonly period: Period;
  readonly reason: string;
  readonly bookedAt: Date;
}

/**
 * What decisions posted in these buckets, in the order of posting: all of them, or some, and in all books or the given ones. Steps of
 * payouts are not among them: payouts' own records tell of these.
 */
export async function postedByDecisions(
  q: Queryable,
  {
    buckets,
    ownerIds = null,
    decisionIds = null,
  }: {
    readonly buckets: readonly number[];
    readonly ownerIds?: readonly string[] | null;
    readonly decisionIds?: readonly string[] | null;
  },
): Promise<DecisionTransfer[]> {
  const { rows } = await q.query<Omit<DecisionTransfer, 'amountNanos'> & { amount: string }>(
    `select bucket, ledger_date as "ledgerDay", transfer_id as "transferId", developer_id as "ownerId", app_id as "appId",
       business_date as "businessDay", period, currency, debit, credit, amount_nanos as amount, reason,
       decision_id as "decisionId", booked_at as "bookedAt"
     from transfers
     where bucket = any ($1) and decision_id is not null and payout_id is null and ($2::text[] is null or developer_id = any ($2))
       and ($3::text[] is null or decision_id = any ($3))
     order by transfer_id`,
    [buckets, ownerIds, decisionIds],
  );
  return rows.map(({ amount, ...row }) => ({ ...row, amountNanos: nanos(BigInt(amount)) }));
}

/** The balance of one account, credits − debits, from all of the book's transfers. */
export async function balanceOf(
  q: Queryable,
  {
    bucket,
    ownerId,
    currency,
    account,
  }: {
    readonly bucket: number;
    readonly ownerId: string;
    readonly currency: string;
    readonly account: AccountKind;
  },
): Promise<Nanos> {
  const { rows } = await q.query<{ balance: string }>(
    `select coalesce(sum(case when credit = $4 then amount_nanos else -amount_nanos end), 0) as balance
     from transfers
     where bucket = $1 and developer_id = $2 and currency = $3 and (debit = $4 or credit = $4)`,
    [bucket, ownerId, currency, account],
  );
  return nanos(BigInt(rows[0]?.balance ?? 0));
}
