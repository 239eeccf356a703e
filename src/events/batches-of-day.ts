import type pg from 'pg';
import type { BusinessDay } from '../domain/business-day.ts';
import type { BatchKey } from './inbox.ts';

/** A processed batch with events of a day, maybe among those of other days. */
export interface BatchOfDay extends BatchKey {
  readonly seq: number;
  readonly source: string;
  readonly processedAt: Date;
  readonly referenceVersion: number;
  readonly lineCount: number;
  readonly accepted: number;
  readonly duplicates: number;
  readonly conflicts: number;
  /** See `isRepeated`. */
  readonly repeated: Buffer | null;
}

const COLUMNS = `batch_id as "batchId", seq, source, processed_at as "processedAt", reference_version as "referenceVersion",
       line_count as "lineCount", accepted, duplicates, conflicts, repeated`;

/**
 * Processed batches whose events reach over any of the days from `from` to `to`, in the recorded order up to the place `upToSeq`, at
 * most `limit` (null: all of them); and how many there are in all.
 */
export async function batchesOfDays(
  tx: pg.ClientBase,
  {
    bucket,
    from,
    to,
    upToSeq,
    limit,
  }: {
    readonly bucket: number;
    readonly from: BusinessDay;
    readonly to: BusinessDay;
    readonly upToSeq: number;
    readonly limit: number | null;
  },
): Promise<{ batches: BatchOfDay[]; total: number }> {
  const { rows } = await tx.query<Omit<BatchOfDay, 'bucket'> & { total: number }>(
    `select ${COLUMNS}, count(*) over () as total
     from inbox_batches
     where bucket = $1 and seq <= $4 and first_date <= $3 and last_date >= $2
     order by seq
     limit $5`,
    [bucket, from, to, upToSeq, limit],
  );
  return { batches: rows.map(({ total: _, ...batch }) => ({ bucket, ...batch })), total: rows[0]?.total ?? 0 };
}

/** Processed batches by their places in the recorded order. */
export async function batchesAt(
  tx: pg.ClientBase,
  { bucket, seqs }: { readonly bucket: number; readonly seqs: readonly number[] },
): Promise<BatchOfDay[]> {
  const { rows } = await tx.query<Omit<BatchOfDay, 'bucket'>>(
    `select ${COLUMNS}
     from inbox_batches
     where bucket = $1 and seq = any ($2::bigint[])
     order by seq`,
    [bucket, seqs],
  );
  return rows.map(batch => ({ bucket, ...batch }));
}

/** Accepted batches with events of the day that nobody has processed yet. */
export async function countWaitingBatches(
  tx: pg.ClientBase,
  { bucket, day }: { readonly bucket: number; readonly day: BusinessDay },
): Promise<number> {
  const { rows } = await tx.query<{ waiting: number }>(
    `select count(*) as waiting
     from inbox_batches
     where bucket = $1 and seq is null and $2 between first_date and last_date`,
    [bucket, day],
  );
  return rows[0]?.waiting ?? 0;
}

/** Batches with events of the day that were accepted by an instant and processed later, or not yet. */
export async function countWaitingBatchesAt(
  tx: pg.ClientBase,
  { bucket, day, instant }: { readonly bucket: number; readonly day: BusinessDay; readonly instant: Date },
): Promise<number> {
  const { rows } = await tx.query<{ waiting: number }>(
    `select count(*) as waiting
     from inbox_batches
     where bucket = $1 and accepted_at <= $3 and (processed_at is null or processed_at > $3)
       and $2 between first_date and last_date`,
    [bucket, day, instant],
  );
  return rows[0]?.waiting ?? 0;
}
