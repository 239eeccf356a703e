import { hash } from 'node:crypto';
import type pg from 'pg';
import { copyOutBinary, listOfUuids } from '../db/copy.ts';
import type { Queryable } from '../db/database.ts';
import type { BusinessDay } from '../domain/business-day.ts';
import type { AloneReason } from '../traffic/checks.ts';
import type { LineFormat } from './line-formats.ts';

const MOST_LOOKED_AT = 1_000;
/** A statement takes 65,535 parameters, and a row has twelve. */
const INSERTED_AT_ONCE = 1_000;
/** And Postgres a message of 1 GiB. */
const BYTES_AT_ONCE = 1 << 26;

export interface BatchKey {
  readonly bucket: number;
  readonly batchId: string;
}

export interface NewBatch extends BatchKey {
  readonly ingestId: string;
  readonly source: string;
  /** How its rejected lines are to be read. */
  readonly format: LineFormat;
  readonly clock: Date;
  readonly acceptedAt: Date;
  readonly lineCount: number;
  readonly days: { readonly first: BusinessDay; readonly last: BusinessDay } | null;
  readonly payload: Buffer;
}

export interface PendingBatch extends BatchKey {
  readonly payload: Buffer;
}

export type InvalidCounts = Readonly<Partial<Record<AloneReason, number>>>;

export interface LineCounts {
  readonly accepted: number;
  /** Of the accepted events, those found invalid alone, by reason. */
  readonly invalid: InvalidCounts;
  readonly duplicates: number;
  readonly conflicts: number;
  readonly rejected: number;
}

export interface ProcessedBatch extends BatchKey {
  readonly seq: number;
  readonly referenceVersion: number;
  readonly counts: LineCounts;
  /** See `isRepeated`. */
  readonly repeated: Buffer | null;
}

export function digestOf(payload: Buffer): Buffer {
  return hash('sha256', payload, 'buffer');
}

/** Many in one statement: whoever reads a file meanwhile looks at answers only now and then. */
export async function insertBatches(tx: pg.ClientBase, batches: readonly NewBatch[]): Promise<void> {
  let some: NewBatch[] = [];
  let bytes = 0;
  for (const batch of batches) {
    some.push(batch);
    bytes += batch.payload.length;
    if (some.length < INSERTED_AT_ONCE && bytes < BYTES_AT_ONCE) continue;
    await insertSome(tx, some);
    some = [];
    bytes = 0;
  }
  if (some.length > 0) await insertSome(tx, some);
}

async function insertSome(tx: pg.ClientBase, batches: readonly NewBatch[]): Promise<void> {
  const values: unknown[] = [];
  const rows = batches.map(batch => {
    const row = [
      ...[batch.bucket, batch.batchId, batch.ingestId, batch.source, batch.clock, batch.acceptedAt, batch.lineCount],
      ...[batch.days?.first ?? null, batch.days?.last ?? null],
      ...[batch.payload, digestOf(batch.payload), batch.format],
    ];
    return `(${row.map(value => `$${values.push(value)}`).join(', ')})`;
  });
  await tx.query(
    `insert into inbox_batches (bucket, batch_id, ingest_id, source, clock, accepted_at, line_count, first_date, last_date,
       payload, payload_digest, format)
     values ${rows.join(', ')}`,
    values,
  );
}

/**
 * The bucket's oldest unprocessed batches, in the order in which they were handed in, up to about `maxLines`; at least one if
 * there is any. `areAll` tells that no other waits. The caller holds the bucket's turn.
 */
export async function takePending(
  tx: pg.ClientBase,
  { bucket, maxLines }: { readonly bucket: number; readonly maxLines: number },
): Promise<{ readonly batches: readonly PendingBatch[]; readonly areAll: boolean }> {
  const { rows } = await tx.query<{ batch_id: string; waiting: number }>(
    `select batch_id, waiting
     from (
       select batch_id, sum(line_count) over (order by batch_id) - line_count as lines_before, count(*) over () as waiting
       from (
         select batch_id, line_count
         from inbox_batches
         where bucket = $1 and seq is null
         order by batch_id
         limit ${MOST_LOOKED_AT}
       ) as oldest
     ) as pending
     where lines_before < $2
     order by batch_id`,
    [bucket, maxLines],
  );
  if (rows.length === 0) return { batches: [], areAll: true };
  const waiting = rows[0]?.waiting ?? 0;
  const batches: PendingBatch[] = [];
  const payloads = copyOutBinary(
    tx,
    `select payload
     from inbox_batches
     where bucket = ${Number(bucket)} and batch_id in (${listOfUuids(rows.map(row => row.batch_id))})
     order by batch_id`,
  );
  for await (const [payload] of payloads) {
    batches.push({ bucket, batchId: rows[batches.length]?.batch_id as string, payload: payload as Buffer });
  }
  if (batches.length !== rows.length) throw new Error(`read ${batches.length} of ${rows.length} payloads`);
  return { batches, areAll: rows.length === waiting && waiting < MOST_LOOKED_AT };
}

export async function isProcessed(db: Queryable, { bucket, batchId }: BatchKey): Promise<boolean> {
  const { rows } = await db.query<{ processed: boolean }>(
    'select seq is not null as processed from inbox_batches where bucket = $1 and batch_id = $2',
    [bucket, batchId],
  );
  return rows[0]?.processed ?? false;
}

/** The last place in the bucket's recorded order; 0 before the first batch. */
export async function lastSeq(db: Queryable, bucket: number): Promise<number> {
  const { rows } = await db.query<{ seq: number }>(
    'select coalesce(max(seq), 0) as seq from inbox_batches where bucket = $1',
    [bucket],
  );
  return rows[0]?.seq ?? 0;
}

export async function markProcessed(
  tx: pg.ClientBase,
  batches: readonly ProcessedBatch[],
  processedAt: Date,
): Promise<void> {
  const { rowCount } = await tx.query(
    `update inbox_batches as batch
     set seq = done.seq, reference_version = done.reference_version, processed_at = $2, accepted = done.accepted,
       duplicates = done.duplicates, conflicts = done.conflicts, rejected = done.rejected, invalid = done.invalid,
       repeated = done.repeated
     from unnest($3::uuid[], $4::bigint[], $5::int[], $6::int[], $7::int[], $8::int[], $9::int[],
       $10::jsonb[], $11::bytea[]) as done (batch_id, seq, reference_version, accepted, duplicates, conflicts, rejected, invalid, repeated)
     where batch.bucket = $1 and batch.batch_id = done.batch_id and batch.seq is null`,
    [
      batches[0]?.bucket,
      processedAt,
      batches.map(batch => batch.batchId),
      batches.map(batch => batch.seq),
      batches.map(batch => batch.referenceVersion),
      batches.map(batch => batch.counts.accepted),
      batches.map(batch => batch.counts.duplicates),
      batches.map(batch => batch.counts.conflicts),
      batches.map(batch => batch.counts.rejected),
      batches.map(({ counts: { invalid } }) => (Object.keys(invalid).length === 0 ? null : JSON.stringify(invalid))),
      batches.map(({ repeated }) => (repeated === null ? null : `\\x${repeated.toString('hex')}`)),
    ],
  );
  if (rowCount !== batches.length) throw new Error(`marked ${rowCount} of ${batches.length} batches as processed`);
}

/** The oldest unprocessed batch of each bucket that has one: what a sweep puts back into the queue. */
export async function oldestPending(db: Queryable): Promise<BatchKey[]> {
  const { rows } = await db.query<{ bucket: number; batch_id: string }>(
    `select distinct on (bucket) bucket, batch_id
     from inbox_batches
     where seq is null
     order by bucket, batch_id`,
  );
  return rows.map(row => ({ bucket: row.bucket, batchId: row.batch_id }));
}

export async function countPending(db: Queryable, ingestId: string): Promise<number> {
  const { rows } = await db.query<{ pending: number }>(
    'select count(*) as pending from inbox_batches where ingest_id = $1 and seq is null',
    [ingestId],
  );
  return rows[0]?.pending ?? 0;
}

/** Of a bucket's processed batches. */
export async function countAccepted(db: Queryable, bucket: number): Promise<number> {
  const { rows } = await db.query<{ accepted: number }>(
    'select coalesce(sum(accepted), 0)::bigint as accepted from inbox_batches where bucket = $1 and seq is not null',
    [bucket],
  );
  return rows[0]?.accepted ?? 0;
}
