import type pg from 'pg';
import { copyOutBinary, listOfUuids, uuidOf } from '../db/copy.ts';
import type { BusinessDay } from '../domain/business-day.ts';
import type { BatchKey, LineCounts } from './inbox.ts';

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

const STORED = `batch_id as "batchId", clock, line_count as "lineCount", first_date as "firstDay", last_date as "lastDay",
  payload_digest as "payloadDigest"`;

/** A bucket's processed batches in their recorded order. */
export async function* processedBatches(client: pg.ClientBase, bucket: number): AsyncGenerator<StoredProcessedBatch> {
  let after = Number.MIN_SAFE_INTEGER;
  for (;;) {
    const { rows } = await client.query<
      Omit<StoredBatch, 'payload'> & LineCounts & { seq: number; referenceVersion: number; repeated: Buffer | null }
    >(
      `select ${STORED}, seq, reference_version as "referenceVersion", accepted, duplicates, conflicts, rejected,
         coalesce(invalid, '{}') as invalid, repeated
       from inbox_batches
       where bucket = $1 and seq > $2
       order by seq
       limit ${BATCHES_AT_A_TIME}`,
      [bucket, after],
    );
    const payloads = await payloadsOf(client, bucket, rows);
    for (const { accepted, invalid, duplicates, conflicts, rejected, ...batch } of rows) {
      const payload = payloads.get(batch.batchId) as Buffer;
      yield { ...batch, payload, counts: { accepted, invalid, duplicates, conflicts, rejected } };
      after = batch.seq;
    }
    if (rows.length < BATCHES_AT_A_TIME) return;
  }
}

/**
 * A bucket's batches that wait to be processed, in the order in which they were handed in; `untouched` unless one bears a mark of
 * having been.
 */
export async function* pendingBatches(
  client: pg.ClientBase,
  bucket: number,
): AsyncGenerator<StoredBatch & { readonly untouched: boolean }> {
  let after = '00000000-0000-0000-0000-000000000000';
  for (;;) {
    const { rows } = await client.query<Omit<StoredBatch, 'payload'> & { untouched: boolean }>(
      `select ${STORED}, num_nulls(reference_version, processed_at, accepted, duplicates, conflicts, rejected, invalid, repeated) = 8 as untouched
       from inbox_batches
       where bucket = $1 and seq is null and batch_id > $2
       order by batch_id
       limit ${BATCHES_AT_A_TIME}`,
      [bucket, after],
    );
    const payloads = await payloadsOf(client, bucket, rows);
    for (const batch of rows) yield { ...batch, payload: payloads.get(batch.batchId) as Buffer };
    after = rows.at(-1)?.batchId ?? after;
    if (rows.length < BATCHES_AT_A_TIME) return;
  }
}

/** @throws Error if the bucket has no such batch */
export async function payloadOf(client: pg.ClientBase, { bucket, batchId }: BatchKey): Promise<Buffer> {
  const payload = (await payloadsOf(client, bucket, [{ batchId }])).get(batchId);
  if (payload === undefined) throw new Error(`batch ${batchId} is not in bucket ${bucket}`);
  return payload;
}

/** Of a few batches, by id. Read to their end at once, for nothing else can be asked of the connection in between. */
async function payloadsOf(
  client: pg.ClientBase,
  bucket: number,
  batches: readonly Pick<StoredBatch, 'batchId'>[],
): Promise<Map<string, Buffer>> {
  const payloads = new Map<string, Buffer>();
  if (batches.length === 0) return payloads;
  const rows = copyOutBinary(
    client,
    `select batch_id, payload
     from inbox_batches
     where bucket = ${Number(bucket)} and batch_id in (${listOfUuids(batches.map(batch => batch.batchId))})`,
  );
  for await (const [batchId, payload] of rows) payloads.set(uuidOf(batchId as Buffer), payload as Buffer);
  return payloads;
}
