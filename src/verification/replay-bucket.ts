import type pg from 'pg';
import { bucketOf } from '../domain/bucket.ts';
import type { BusinessCalendar } from '../domain/business-day.ts';
import { BatchFold, prepareBatch } from '../events/batch-fold.ts';
import { IdentityTable } from '../events/identity-table.ts';
import { countAccepted, type LineCounts } from '../events/inbox.ts';
import { pendingBatches, processedBatches, type StoredBatch } from '../events/stored-batches.ts';
import { poisonousLines } from '../events/stored-evidence.ts';
import { ALONE_REASONS } from '../traffic/checks.ts';
import { checkBatch } from './check-batch.ts';
import type { Difference } from './difference.ts';
import type { EventReferences } from './event-references.ts';
import type { KnownAtCutoffs } from './known-at-cutoffs.ts';
import type { ReplayedEvents } from './replayed-events.ts';

const MOST_ENTRIES_AT_FIRST = 16_777_216;

export interface Replay {
  readonly fold: BatchFold;
  /** The identities that the batches claim. */
  readonly claimed: IdentityTable;
  readonly batches: number;
  readonly lines: number;
  /** Batches that wait to be processed. */
  readonly pendingBatches: number;
}

export interface ReplayOptions {
  readonly bucket: number;
  readonly bucketCount: number;
  readonly calendar: BusinessCalendar;
  readonly references: EventReferences;
  /** The last version of catalog and plans. */
  readonly referenceVersion: number;
  /** Filled on the way. */
  readonly knownAtCutoffs: KnownAtCutoffs;
  /** Filled on the way too; null where nobody asks for events. */
  readonly events: ReplayedEvents | null;
  readonly report: (difference: Difference) => void;
}

/**
 * Processes a bucket's batches once more, in their recorded order and from nothing, and compares what each recorded of itself.
 * Batches that wait are evidence already, so they are checked too.
 */
export async function replayBucket(client: pg.ClientBase, options: ReplayOptions): Promise<Replay> {
  const { bucket, bucketCount, calendar, knownAtCutoffs, events, report } = options;
  const poisonous = await poisonousLines(client, bucket);
  // As large as it will be, if what is recorded of the batches is right.
  const claimed = new IdentityTable({ entries: Math.min(await countAccepted(client, bucket), MOST_ENTRIES_AT_FIRST) });
  const fold = new BatchFold(claimed);
  const owners = new Set<string>();
  let seq = 0;
  let version = 0;
  let batches = 0;
  let lines = 0;
  for await (const batch of processedBatches(client, bucket)) {
    seq += 1;
    batches += 1;
    const differs = reporterOf(batch, options);
    if (batch.seq !== seq) differs(`seq ${seq}`, `seq ${batch.seq}`);
    seq = batch.seq;
    if (batch.referenceVersion < version || batch.referenceVersion > options.referenceVersion) {
      differs(`a reference version from ${version} to ${options.referenceVersion}`, String(batch.referenceVersion));
    }
    version = Math.max(version, batch.referenceVersion);
    knownAtCutoffs.keepBefore(seq, fold.earnings);
    const content = checkBatch(batch, { calendar, owners, differs });
    if (content === null) continue;
    const reference = await options.references.at(client, batch.referenceVersion);
    const prepared = prepareBatch(content, { seq: batch.seq, calendar, ...reference });
    const { counts, repeated } = fold.add(prepared, poisonous.get(batch.seq));
    events?.add(batch, { prepared, judge: reference.judge, counts, repeated, poisonous: poisonous.get(batch.seq) });
    if (!isSame(repeated, batch.repeated)) differs('other repeated rows', tellRepeated(batch.repeated));
    if (tellCounts(counts) !== tellCounts(batch.counts)) differs(tellCounts(counts), tellCounts(batch.counts));
    lines += batch.lineCount;
  }
  knownAtCutoffs.keepBefore(Number.POSITIVE_INFINITY, fold.earnings);
  const pending = await checkPending(client, options, owners);
  for (const ownerId of owners) {
    const right = bucketOf(ownerId, bucketCount);
    if (right === bucket) continue;
    report({
      table: 'installation',
      where: `owner ${ownerId}`,
      expected: `bucket ${right}`,
      found: `bucket ${bucket}`,
    });
  }
  return { fold, claimed, batches, lines, pendingBatches: pending };
}

async function checkPending(client: pg.ClientBase, options: ReplayOptions, owners: Set<string>): Promise<number> {
  let batches = 0;
  for await (const batch of pendingBatches(client, options.bucket)) {
    batches += 1;
    const differs = reporterOf(batch, options);
    checkBatch(batch, { calendar: options.calendar, owners, differs });
    if (!batch.untouched) differs('no results before it is processed', 'some');
  }
  return batches;
}

function reporterOf({ batchId }: StoredBatch, { bucket, report }: ReplayOptions) {
  const where = `bucket ${bucket} batch ${batchId}`;
  return (expected: string, found: string) => report({ table: 'inbox_batches', where, expected, found });
}

function isSame(expected: Buffer | null, found: Buffer | null): boolean {
  return expected === null || found === null ? expected === found : expected.equals(found);
}

function tellRepeated(repeated: Buffer | null): string {
  return repeated === null ? 'none' : repeated.toString('hex').slice(0, 64);
}

function tellCounts({ accepted, invalid, duplicates, conflicts, rejected }: LineCounts): string {
  const reasons = ALONE_REASONS.map(reason => `${invalid[reason] ?? 0} ${reason}`).join(', ');
  return `${accepted} accepted (${reasons}), ${duplicates} duplicates, ${conflicts} conflicts, ${rejected} rejected`;
}
