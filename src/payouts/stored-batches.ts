import { createHash, type Hash } from 'node:crypto';
import type { Queryable } from '../db/database.ts';
import type { BusinessDay } from '../domain/business-day.ts';
import { Refusal } from '../domain/errors.ts';
import { type Nanos, nanos } from '../domain/nanos.ts';
import type { Period } from '../domain/period.ts';
import { shown } from '../domain/shown.ts';
import type { Payout } from './payout.ts';
import { payoutRow } from './stored-payouts.ts';

/** What a draw-up goes by in one currency of a period. */
export interface BatchTerms {
  /** `2018-04-H1-CNY-1`: the period, the currency and the number of the draw-up. */
  readonly batchId: string;
  readonly period: Period;
  readonly currency: string;
  readonly drawNo: number;
  readonly termsImport: number;
  readonly thresholdNanos: Nanos;
  /** Its payouts are sent from this day on. */
  readonly dueOn: BusinessDay;
  /** Of which the terms, tables and rates are. */
  readonly drawnOn: BusinessDay;
  readonly drawnAt: Date;
  readonly actor: string;
}

/** A draw-up as it is stored, with what its payouts come to. */
export interface StoredBatch extends BatchTerms {
  readonly payouts: number;
  readonly amountNanos: Nanos;
  /** SHA-256, as hex. */
  readonly digest: string;
}

/** The digest of a batch: over its terms, then each of its payouts by (bucket, reference). */
export class BatchDigest {
  readonly #hash: Hash = createHash('sha256');

  constructor({ drawnAt, thresholdNanos, ...terms }: BatchTerms) {
    const { batchId, period, currency, drawNo, termsImport, dueOn, drawnOn, actor } = terms;
    this.#add([batchId, period, currency, drawNo, termsImport, String(thresholdNanos), dueOn, drawnOn]);
    this.#add([drawnAt.toISOString(), actor]);
  }

  add(payout: Payout): void {
    this.#add(payoutRow(payout).map(value => (typeof value === 'bigint' ? String(value) : value)));
  }

  /** As hex; no payout can be added after it. */
  end(): string {
    return this.#hash.digest('hex');
  }

  #add(values: readonly unknown[]): void {
    this.#hash.update(`${JSON.stringify(values)}\n`);
  }
}

export async function insertBatch(q: Queryable, batch: StoredBatch): Promise<void> {
  await q.query(
    `insert into payout_batches (batch_id, period, currency, draw_no, terms_import, threshold_nanos, due_on, payouts,
       amount_nanos, digest, drawn_on, drawn_at, actor)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, decode($10, 'hex'), $11, $12, $13)`,
    [
      ...[batch.batchId, batch.period, batch.currency, batch.drawNo, batch.termsImport, String(batch.thresholdNanos)],
      ...[batch.dueOn, batch.payouts, String(batch.amountNanos), batch.digest, batch.drawnOn, batch.drawnAt],
      batch.actor,
    ],
  );
}

/** Batches, the last drawn up first; null stands for all. */
export async function storedBatches(
  q: Queryable,
  {
    batchIds = null,
    periods = null,
    currency = null,
    after = null,
    limit = null,
  }: {
    readonly batchIds?: readonly string[] | null;
    readonly periods?: readonly Period[] | null;
    readonly currency?: string | null;
    /** Behind this one. */
    readonly after?: Pick<BatchTerms, 'drawnAt' | 'batchId'> | null;
    readonly limit?: number | null;
  },
): Promise<StoredBatch[]> {
  const { rows } = await q.query<
    Omit<StoredBatch, 'thresholdNanos' | 'amountNanos'> & { readonly threshold: string; readonly amount: string }
  >(
    `select batch_id as "batchId", period, currency, draw_no as "drawNo", terms_import as "termsImport",
       threshold_nanos as threshold, due_on as "dueOn", payouts, amount_nanos as amount, encode(digest, 'hex') as digest,
       drawn_on as "drawnOn", drawn_at as "drawnAt", actor
     from payout_batches
     where ($1::text[] is null or batch_id = any ($1)) and ($2::text[] is null or period = any ($2))
       and ($3::text is null or currency = $3)
       and ($4::timestamptz is null or (drawn_at, batch_id) < ($4, $5))
     order by drawn_at desc, batch_id desc
     limit $6`,
    [batchIds, periods, currency, after?.drawnAt ?? null, after?.batchId ?? null, limit],
  );
  return rows.map(({ threshold, amount, ...row }) => ({
    ...row,
    thresholdNanos: nanos(BigInt(threshold)),
    amountNanos: nanos(BigInt(amount)),
  }));
}

/** @throws Refusal `unknown_batch` */
export async function knownBatch(q: Queryable, batchId: string): Promise<StoredBatch> {
  const [batch] = await storedBatches(q, { batchIds: [batchId] });
  if (batch !== undefined) return batch;
  throw new Refusal({
    code: 'unknown_batch',
    message: `there is no batch ${shown(batchId)} of payouts`,
    remedy: 'give an id that "apportion payouts batches" shows',
    details: { batch: shown(batchId) },
  });
}
