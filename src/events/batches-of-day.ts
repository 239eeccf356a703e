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
}

interface DayOfBucket {
  readonly bucket: number;
  readonly day: BusinessDay;
}

/** Processed batches whose events reach over the day, in the recorded order, at most `limit`; and how many there are in all. */
export async function batchesOfDay(
  tx: pg.ClientBase,
  { bucket, day, limit }: DayOfBucket & { readonly limit: number },
): Promise<{ batches: BatchOfDay[]; total: number }> {
  const { rows } = await tx.query<Omit<BatchOfDay, 'bucket'> & { total: number }>(
    `select batch_id as "batchId", seq, source, processed_at as "processedAt", reference_version as "referenceVersion",
       line_count as "lineCount", count(*) over () as total
     from inbox_batches
     where bucket = $1 and seq is not null and $2 between first_date and last_date
     order by seq
     limit $3`,
    [bucket, day, limit],
  );
  return { batches: rows.map(({ total: _, ...batch }) => ({ bucket, ...batch })), total: rows[0]?.total ?? 0 };
}

/** Accepted batches with events of the day that nobody has processed yet. */
export async function countWaitingBatches(tx: pg.ClientBase, { bucket, day }: DayOfBucket): Promise<number> {
  const { rows } = await tx.query<{ waiting: number }>(
    `select count(*) as waiting
     from inbox_batches
     where bucket = $1 and seq is null and $2 between first_date and last_date`,
    [bucket, day],
  );
  return rows[0]?.waiting ?? 0;
}

export async function payloadOf(tx: pg.ClientBase, { bucket, batchId }: BatchKey): Promise<Buffer> {
  const { rows } = await tx.query<{ payload: Buffer }>(
    'select payload from inbox_batches where bucket = $1 and batch_id = $2',
    [bucket, batchId],
  );
  const [batch] = rows;
  if (batch === undefined) throw new Error(`batch ${batchId} is not in bucket ${bucket}`);
  return batch.payload;
}
