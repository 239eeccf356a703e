import type pg from 'pg';
import { streamRows } from '../db/stream-rows.ts';
import type { BusinessDay } from '../domain/business-day.ts';
import type { LineCounts } from './inbox.ts';

const BATCHES_AT_A_TIME = 16;

/** A batch as it is stored. */
export interface StoredBatch {
  readonly batchId: string;
  readonly clock: Date;
  readonly lineCount: number;
  /** The first and last business day of its events; null without events. */
  readonly firstDay: BusinessDay | null;
  readonly lastDay: BusinessDay | null;
  readonly payload: Buffer;
  readonly payloadDigest: Buffer;
}

export interface StoredProcessedBatch extends StoredBatch {
  readonly seq: number;
  readonly referenceVersion: number;
  readonly counts: LineCounts;
  readonly repeated: Buffer | null;
}

const STORED = `batch_id as "batchId", clock, line_count as "lineCount", first_date as "firstDay", last_date as "lastDay", payload,
  payload_digest as "payloadDigest"`;

/** A bucket's processed batches in their recorded order. */
export async function* processedBatches(client: pg.ClientBase, bucket: number): AsyncGenerator<StoredProcessedBatch> {
  const rows = streamRows<
    StoredBatch & LineCounts & { seq: number; referenceVersion: number; repeated: Buffer | null }
  >(
    client,
    `select ${STORED}, seq, reference_version as "referenceVersion", accepted, duplicates, conflicts, rejected,
       coalesce(invalid, '{}') as invalid, repeated
     from inbox_batches
     where bucket = $1 and seq is not null
     order by seq`,
    [bucket],
    BATCHES_AT_A_TIME,
  );
  for await (const { accepted, invalid, duplicates, conflicts, rejected, ...batch } of rows) {
    yield { ...batch, counts: { accepted, invalid, duplicates, conflicts, rejected } };
  }
}

/** A bucket's batches that wait to be processed; `untouched` unless one bears a mark of having been. */
export async function* pendingBatches(
  client: pg.ClientBase,
  bucket: number,
): AsyncGenerator<StoredBatch & { readonly untouched: boolean }> {
  yield* streamRows<StoredBatch & { untouched: boolean }>(
    client,
    `select ${STORED}, num_nulls(reference_version, processed_at, accepted, duplicates, conflicts, rejected, invalid, repeated) = 8 as untouched
     from inbox_batches
     where bucket = $1 and seq is null
     order by batch_id`,
    [bucket],
    BATCHES_AT_A_TIME,
  );
}
