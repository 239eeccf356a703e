import type pg from 'pg';
import type { BusinessCalendar } from '../domain/business-day.ts';
import { AcceptedEvents } from './accepted-events.ts';
import type { AcceptedEvent } from './accepted-rows.ts';
import { batchesAt } from './batches-of-day.ts';
import { EVER, type EventName, identitiesOf } from './find-accepted.ts';
import { findIdentities } from './identities.ts';
import { claimedAt } from './identity.ts';

/** The batch that an event came in. */
export interface BatchOfEvent {
  readonly batchId: string;
  readonly seq: number;
  readonly referenceVersion: number;
  readonly ingestId: string;
  /** The file, as it was given to `ingest`. */
  readonly source: string;
  readonly acceptedAt: Date;
  readonly processedAt: Date;
}

/** A line with an event's identity and other content: the first with that content. */
export interface ConflictOfEvent {
  readonly seq: number;
  /** From 1. */
  readonly lineNo: number;
  readonly source: string;
  readonly processedAt: Date;
  /** The event that it would be, as a line of NDJSON. */
  readonly line: string;
}

export interface TracedEvent {
  readonly accepted: AcceptedEvent;
  readonly batch: BatchOfEvent;
  readonly conflicts: readonly ConflictOfEvent[];
}

/**
 * An accepted event by its name: the identities tell its batch, which is the only one that is read. Null: none was accepted by the
 * place `cutoffSeq` in the bucket's recorded order. `tx` is a snapshot.
 */
export async function traceEvent(
  tx: pg.ClientBase,
  {
    bucket,
    developerId,
    name,
    cutoffSeq,
    calendar,
  }: {
    readonly bucket: number;
    readonly developerId: string;
    readonly name: EventName;
    readonly cutoffSeq: number;
    readonly calendar: BusinessCalendar;
  },
): Promise<TracedEvent | null> {
  const identities = identitiesOf(developerId, [name]);
  const found = await findIdentities(tx, bucket, [identities]);
  const place = found.find(identities, 0);
  if (place < 0) return null;
  const { identity, seq } = claimedAt(found.entriesFrom(0), place);
  const [batch] = await batchesAt(tx, { bucket, seqs: [seq] });
  if (batch === undefined || seq > cutoffSeq) return null;
  const held: AcceptedEvent[] = [];
  const events = new AcceptedEvents(tx, { bucket, calendar, cutoffSeq: seq, developerIds: new Set([developerId]) });
  await events.scanBatch(batch, { ...EVER, type: name.type }, each => {
    if (each.event.id === name.id) held.push(each);
  });
  const [accepted] = held;
  if (accepted === undefined)
    throw new Error(`batch ${batch.batchId} claimed ${name.type} ${name.id}, which it does not hold`);
  const conflicts = await conflictsOf(tx, { bucket, identity, cutoffSeq });
  return { accepted, batch: { ...batch, ...(await originOf(tx, batch)) }, conflicts };
}

async function originOf(
  tx: pg.ClientBase,
  { bucket, batchId }: { readonly bucket: number; readonly batchId: string },
): Promise<Pick<BatchOfEvent, 'ingestId' | 'acceptedAt'>> {
  const { rows } = await tx.query<Pick<BatchOfEvent, 'ingestId' | 'acceptedAt'>>(
    `select ingest_id as "ingestId", accepted_at as "acceptedAt"
     from inbox_batches
     where bucket = $1 and batch_id = $2`,
    [bucket, batchId],
  );
  return rows[0] as Pick<BatchOfEvent, 'ingestId' | 'acceptedAt'>;
}

/** There may be as many as somebody sends; the first ones tell what happened. */
const MOST_CONFLICTS = 100;

async function conflictsOf(
  tx: pg.ClientBase,
  { bucket, identity, cutoffSeq }: { readonly bucket: number; readonly identity: string; readonly cutoffSeq: number },
): Promise<ConflictOfEvent[]> {
  const { rows } = await tx.query<Omit<ConflictOfEvent, 'line'> & { line: Buffer }>(
    `select conflicting.seq, conflicting.line_no as "lineNo", batch.source, batch.processed_at as "processedAt", conflicting.line
     from conflicting_lines as conflicting
     join inbox_batches as batch on batch.bucket = conflicting.bucket and batch.seq = conflicting.seq
     where conflicting.bucket = $1 and conflicting.identity = $2::uuid and conflicting.seq <= $3
     order by conflicting.seq, conflicting.line_no
     limit $4`,
    [bucket, identity, cutoffSeq, MOST_CONFLICTS],
  );
  return rows.map(row => ({ ...row, line: row.line.toString('utf8') }));
}
