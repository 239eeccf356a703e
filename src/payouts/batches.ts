import type { Queryable } from '../db/database.ts';
import { type Money, money } from '../domain/money.ts';
import { formatAmount } from '../domain/nanos.ts';
import { checkLimit, readCursor, writeCursor } from '../domain/page-cursor.ts';
import type { Period } from '../domain/period.ts';
import { type PaymentFile, paymentFiles } from './payment-file.ts';
import type { PayoutStatus, StepStatus } from './payout.ts';
import { type StoredBatch, storedBatches } from './stored-batches.ts';

/** A batch with where its payouts stand. */
export interface PayoutBatch extends StoredBatch {
  /** How many payouts of it stand where; `due` ones are `proposed` where an open decision names the batch. */
  readonly byStatus: Readonly<Partial<Record<PayoutStatus, number>>>;
  readonly files: readonly PaymentFile[];
}

/** A batch as finance sees it. */
export interface BatchRow {
  readonly id: string;
  readonly period: Period;
  readonly currency: string;
  readonly due_on: string;
  readonly payouts: number;
  readonly amount: Money;
  readonly threshold: Money;
  readonly drawn_up_at: string;
  readonly drawn_up_by: string;
  readonly by_status: Readonly<Partial<Record<PayoutStatus, number>>>;
  readonly files: readonly FileRow[];
}

export interface FileRow {
  readonly id: string;
  readonly name: string;
  readonly payouts: number;
  readonly totals: readonly Money[];
  readonly sha256: string;
  readonly sent_at: string;
  readonly sent_by: string;
}

/** Batches by id, the last drawn up first; `proposed` are those that an open decision names. */
export async function payoutBatches(
  q: Queryable,
  { batchIds, proposed }: { readonly batchIds: readonly string[]; readonly proposed: ReadonlySet<string> },
): Promise<PayoutBatch[]> {
  return await withStanding(q, await storedBatches(q, { batchIds }), proposed);
}

const CURSOR = [/^\d{4}-\d\d-\d\dT[\d:.]+Z$/, /^[ -~]{1,64}$/];

/** A page of batches, the last drawn up first. Refuses (`bad_limit`, `bad_cursor`) a page that can't be given. */
export async function listBatches(
  q: Queryable,
  {
    periods,
    currency,
    proposed,
    limit,
    after,
  }: {
    readonly periods: readonly Period[] | null;
    readonly currency: string | null;
    readonly proposed: ReadonlySet<string>;
    readonly limit: number;
    readonly after: string | undefined;
  },
): Promise<{ readonly items: readonly BatchRow[]; readonly next: string | null }> {
  checkLimit(limit);
  const [drawnAt = '', batchId = ''] = after === undefined ? [] : readCursor(after, CURSOR);
  const behind = after === undefined ? null : { drawnAt: new Date(drawnAt), batchId };
  const found = await storedBatches(q, { periods, currency, after: behind, limit: limit + 1 });
  const page = found.slice(0, limit);
  const last = found.length > limit ? page.at(-1) : undefined;
  return {
    items: (await withStanding(q, page, proposed)).map(batchRow),
    next: last === undefined ? null : writeCursor([last.drawnAt.toISOString(), last.batchId]),
  };
}

async function withStanding(
  q: Queryable,
  batches: readonly StoredBatch[],
  proposed: ReadonlySet<string>,
): Promise<PayoutBatch[]> {
  const ids = batches.map(batch => batch.batchId);
  const counts = await countsByStatus(q, ids);
  const files = Map.groupBy(await paymentFiles(q, ids), file => file.batchId);
  return batches.map(batch => {
    const { due = 0, ...others } = counts.get(batch.batchId) ?? {};
    const undecided = due === 0 ? {} : { [proposed.has(batch.batchId) ? 'proposed' : 'due']: due };
    return { ...batch, byStatus: { ...undecided, ...others }, files: files.get(batch.batchId) ?? [] };
  });
}

async function countsByStatus(
  q: Queryable,
  batchIds: readonly string[],
): Promise<Map<string, Partial<Record<StepStatus | 'due', number>>>> {
  const { rows } = await q.query<{ batchId: string; status: StepStatus | 'due'; payouts: number }>(
    `select batch_id as "batchId", status, count(*) as payouts
     from (
       select batch_id, coalesce((array_agg(status order by step_no desc))[1], 'due') as status
       from payouts
       left join payout_steps using (bucket, payout_id)
       where batch_id = any ($1)
       group by bucket, payout_id, batch_id
     ) as standing
     group by batch_id, status
     order by batch_id, status`,
    [batchIds],
  );
  const counts = new Map<string, Partial<Record<StepStatus | 'due', number>>>();
  for (const { batchId, status, payouts } of rows) counts.set(batchId, { ...counts.get(batchId), [status]: payouts });
  return counts;
}

export function batchRow({ files, byStatus, ...batch }: PayoutBatch): BatchRow {
  return {
    id: batch.batchId,
    period: batch.period,
    currency: batch.currency,
    due_on: batch.dueOn,
    payouts: batch.payouts,
    amount: money(batch.amountNanos, batch.currency),
    threshold: money(batch.thresholdNanos, batch.currency),
    drawn_up_at: batch.drawnAt.toISOString(),
    drawn_up_by: batch.actor,
    by_status: byStatus,
    files: files.map(fileRow),
  };
}

export function fileRow({ fileId, name, payouts, totals, sha256, sentAt, actor }: PaymentFile): FileRow {
  return {
    ...{ id: fileId, name, payouts, sha256, sent_at: sentAt.toISOString(), sent_by: actor },
    totals: totals.map(({ currency, amountNanos }) => ({ amount: formatAmount(amountNanos, currency), currency })),
  };
}
