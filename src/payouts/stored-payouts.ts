import type pg from 'pg';
import { type CopyValue, copyRows } from '../db/copy.ts';
import type { Queryable } from '../db/database.ts';
import type { BusinessDay } from '../domain/business-day.ts';
import { parseRate } from '../domain/exchange.ts';
import { nanos } from '../domain/nanos.ts';
import type { Period } from '../domain/period.ts';
import type { Payout, StepStatus } from './payout.ts';

const COLUMNS = [
  ...['bucket', 'payout_id', 'reference', 'batch_id', 'owner_id', 'currency', 'period', 'amount_nanos', 'destination'],
  ...['payee_import', 'country', 'payee', 'invoice_required', 'withholding_id', 'withholding_import', 'tax_nanos'],
  ...['net_nanos', 'sent_currency', 'sent_nanos', 'rate', 'rate_day', 'rate_source', 'rate_import', 'exchanged_nanos'],
] as const;

/** What is stored of a payout, in the order of the columns: what a batch's digest covers. */
export function payoutRow(payout: Payout): CopyValue[] {
  const { withholding, exchange } = payout;
  return [
    ...[payout.bucket, payout.payoutId, payout.reference, payout.batchId, payout.ownerId, payout.currency],
    ...[payout.period, payout.amountNanos, payout.destination, payout.payeeImport, payout.country, payout.payee],
    ...[String(payout.invoiceRequired), withholding?.withholdingId ?? null, withholding?.importNo ?? null],
    ...[payout.taxNanos, payout.netNanos, payout.sentCurrency, payout.sentNanos, exchange?.rate ?? null],
    ...[exchange?.day ?? null, exchange?.source ?? null, exchange?.importNo ?? null, exchange?.exchangedNanos ?? null],
  ];
}

export async function insertPayouts(tx: pg.ClientBase, payouts: readonly Payout[]): Promise<void> {
  await copyRows(tx, { table: 'payouts', columns: COLUMNS }, payouts.map(payoutRow));
}

/** A payout with the last of its steps; a due one has none. */
export interface StandingPayout extends Payout {
  readonly lastStepNo: number;
  readonly status: StepStatus | null;
  /** When the last step was. */
  readonly statusAt: Date | null;
  readonly statusReason: string | null;
  /** Whether its tax has been remitted. */
  readonly isRemitted: boolean;
}

interface Row {
  readonly bucket: number;
  readonly payout_id: string;
  readonly reference: string;
  readonly batch_id: string;
  readonly owner_id: string;
  readonly currency: string;
  readonly period: string;
  readonly amount_nanos: string;
  readonly destination: string;
  readonly payee_import: number;
  readonly country: string;
  readonly payee: 'individual' | 'company';
  readonly invoice_required: boolean;
  readonly withholding_id: string | null;
  readonly withholding_import: number | null;
  readonly tax_nanos: string;
  readonly net_nanos: string;
  readonly sent_currency: string;
  readonly sent_nanos: string;
  readonly rate: string | null;
  readonly rate_day: BusinessDay | null;
  readonly rate_source: string | null;
  readonly rate_import: number | null;
  readonly exchanged_nanos: string | null;
  readonly step_no: number | null;
  readonly status: StepStatus | null;
  readonly status_at: Date | null;
  readonly status_reason: string | null;
  readonly is_remitted: boolean;
}

/** Which payouts of a bucket; null: whichever. */
export interface PayoutsAsked {
  readonly bucket: number;
  readonly batchId?: string | null;
  readonly references?: readonly string[] | null;
  readonly payoutIds?: readonly string[] | null;
  readonly ownerIds?: readonly string[] | null;
  readonly periods?: readonly Period[] | null;
  readonly currency?: string | null;
  /** In any of these, `due` being those without a step. */
  readonly statuses?: readonly (StepStatus | 'due')[] | null;
  readonly batchIds?: readonly string[] | null;
  /** In none of these. */
  readonly notBatchIds?: readonly string[];
  /** Only those from which tax was to be withheld that has not been remitted. */
  readonly unremittedOnly?: boolean;
  /** Behind this reference. */
  readonly after?: string;
  readonly limit?: number | null;
}

/** Payouts of a bucket with where they stand, by reference. */
export async function standingPayouts(q: Queryable, asked: PayoutsAsked): Promise<StandingPayout[]> {
  const { rows } = await q.query<Row>(
    `select ${COLUMNS.map(column => `payouts.${column}`).join(', ')}, last.step_no, last.status, last.at as status_at,
       last.reason as status_reason,
       remitted.payout_id is not null as is_remitted
     from payouts
     left join lateral (
       select step_no, status, at, reason
       from payout_steps
       where payout_steps.bucket = payouts.bucket and payout_steps.payout_id = payouts.payout_id
       order by step_no desc
       limit 1
     ) as last on true
     left join tax_remittances as remitted
       on remitted.bucket = payouts.bucket and remitted.payout_id = payouts.payout_id
     where payouts.bucket = $1
       and ($2::text is null or batch_id = $2)
       and ($3::text[] is null or reference = any ($3))
       and ($4::text[] is null or owner_id = any ($4))
       and ($5::text[] is null or period = any ($5))
       and ($6::text is null or payouts.currency = $6)
       and ($7::text[] is null or coalesce(last.status, 'due') = any ($7))
       and ($8::text[] is null or batch_id = any ($8))
       and reference collate "C" > $9
       and ($12::uuid[] is null or payouts.payout_id = any ($12))
       and batch_id <> all ($13)
       and (not $11 or tax_nanos > 0 and remitted.payout_id is null)
     order by reference collate "C"
     limit $10`,
    [
      ...[asked.bucket, asked.batchId ?? null, asked.references ?? null, asked.ownerIds ?? null, asked.periods ?? null],
      ...[asked.currency ?? null, asked.statuses ?? null, asked.batchIds ?? null],
      ...[
        asked.after ?? '',
        asked.limit ?? null,
        asked.unremittedOnly ?? false,
        asked.payoutIds ?? null,
        asked.notBatchIds ?? [],
      ],
    ],
  );
  return rows.map(standingPayout);
}

function standingPayout(row: Row): StandingPayout {
  const { withholding_id: withholdingId, withholding_import: withholdingImport } = row;
  return {
    bucket: row.bucket,
    payoutId: row.payout_id,
    reference: row.reference,
    batchId: row.batch_id,
    ownerId: row.owner_id as Payout['ownerId'],
    currency: row.currency,
    period: row.period as Period,
    amountNanos: nanos(BigInt(row.amount_nanos)),
    destination: row.destination,
    payeeImport: row.payee_import,
    country: row.country,
    payee: row.payee,
    invoiceRequired: row.invoice_required,
    withholding:
      withholdingId === null || withholdingImport === null ? null : { withholdingId, importNo: withholdingImport },
    taxNanos: nanos(BigInt(row.tax_nanos)),
    netNanos: nanos(BigInt(row.net_nanos)),
    sentCurrency: row.sent_currency,
    sentNanos: nanos(BigInt(row.sent_nanos)),
    exchange: exchangeOf(row),
    lastStepNo: row.step_no ?? 0,
    status: row.status,
    statusAt: row.status_at,
    statusReason: row.status_reason,
    isRemitted: row.is_remitted,
  };
}

function exchangeOf({ rate, rate_day, rate_source, rate_import, exchanged_nanos }: Row): Payout['exchange'] {
  if (rate === null || rate_day === null || rate_source === null || rate_import === null || exchanged_nanos === null) {
    return null;
  }
  const exchangedNanos = nanos(BigInt(exchanged_nanos));
  return { rate: parseRate(rate), day: rate_day, source: rate_source, importNo: rate_import, exchangedNanos };
}

/** What of a book is drawn up already. */
export interface DrawnOfBook {
  readonly ownerId: string;
  readonly currency: string;
  /** Of payouts that are still due. */
  readonly drawnNanos: bigint;
  /** It has a payout of the period, whatever became of it. */
  readonly hasOfPeriod: boolean;
}

/** What is drawn up of the books of a bucket. Reads the payouts of the period and of batches that are not approved, no others. */
export async function drawnOfBooks(
  q: Queryable,
  { bucket, period }: { readonly bucket: number; readonly period: Period },
): Promise<DrawnOfBook[]> {
  const { rows } = await q.query<Omit<DrawnOfBook, 'drawnNanos'> & { drawn: string }>(
    `select owner_id as "ownerId", currency, coalesce(sum(amount_nanos) filter (where step_no is null), 0) as drawn,
       bool_or(period = $2) as "hasOfPeriod"
     from payouts
     left join payout_steps
       on payout_steps.bucket = payouts.bucket and payout_steps.payout_id = payouts.payout_id and step_no = 1
     where payouts.bucket = $1 and batch_id = any ($3) and (step_no is null or period = $2)
     group by owner_id, currency`,
    [bucket, period, await batchesAtHand(q, { bucket, period })],
  );
  return rows.map(({ drawn, ...row }) => ({ ...row, drawnNanos: BigInt(drawn) }));
}

/**
 * Approval leaves nothing of a batch due, so one payout that was approved tells that all were decided. It is looked for among the first
 * few; a batch of which these were all cancelled is read once more.
 */
async function batchesAtHand(
  q: Queryable,
  { bucket, period }: { readonly bucket: number; readonly period: Period },
): Promise<string[]> {
  const { rows } = await q.query<{ batchId: string }>(
    `select batch_id as "batchId"
     from payout_batches as batch
     where period = $2 or (
       select bool_or(status = 'approved')
       from (
         -- In the order of the index: in no other way would the planner always find them by it.
         select payout_id, batch_id
         from payouts
         where bucket = $1 and payouts.batch_id >= batch.batch_id
         order by payouts.batch_id
         limit 3
       ) as first
       join payout_steps on payout_steps.bucket = $1 and payout_steps.payout_id = first.payout_id and step_no = 1
       where first.batch_id = batch.batch_id
     ) is not true`,
    [bucket, period],
  );
  return rows.map(row => row.batchId);
}
