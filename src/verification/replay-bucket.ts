import type pg from 'pg';
import { loadRateCards, type RateCards } from '../catalog/rate-cards.ts';
import { bucketOf } from '../domain/bucket.ts';
import type { BusinessCalendar } from '../domain/business-day.ts';
import { unpackBatch } from '../events/batch.ts';
import { BatchFold, prepareBatch } from '../events/batch-fold.ts';
import { digestOf, type LineCounts } from '../events/inbox.ts';
import {
  poisonousLines,
  processedBatches,
  referenceVersionsUsed,
  type StoredBatch,
} from '../events/stored-evidence.ts';
import type { Difference } from './difference.ts';

export interface Replay {
  readonly fold: BatchFold;
  readonly batches: number;
  readonly lines: number;
}

export interface ReplayOptions {
  readonly bucket: number;
  readonly bucketCount: number;
  readonly calendar: BusinessCalendar;
  readonly report: (difference: Difference) => void;
}

/** Processes a bucket's batches once more, in their recorded order and from nothing, and compares what each recorded of itself. */
export async function replayBucket(client: pg.ClientBase, options: ReplayOptions): Promise<Replay> {
  const { bucket, bucketCount, calendar, report } = options;
  const poisonous = await poisonousLines(client, bucket);
  const cards = await rateCardsByVersion(client, bucket);
  const fold = new BatchFold(new Map());
  const developers = new Set<string>();
  let seq = 0;
  let batches = 0;
  let lines = 0;
  for await (const batch of processedBatches(client, bucket)) {
    seq += 1;
    batches += 1;
    const where = `bucket ${bucket} batch ${batch.batchId}`;
    const differs = (expected: string, found: string) => report({ table: 'inbox_batches', where, expected, found });
    if (batch.seq !== seq) differs(`seq ${seq}`, `seq ${batch.seq}`);
    seq = batch.seq;
    if (!digestOf(batch.payload).equals(batch.payloadDigest)) {
      differs('a payload as it was accepted', 'another payload');
      continue;
    }
    const content = await unpackBatch(batch.payload);
    for (const { developerId } of content.events) developers.add(developerId);
    const rateCards = cards.get(batch.referenceVersion);
    if (rateCards === undefined)
      throw new Error(`no rate cards were read for reference version ${batch.referenceVersion}`);
    const counts = fold.add(prepareBatch(content, { seq: batch.seq, calendar, rateCards }), poisonous.get(batch.seq));
    const expected = tellCounts(counts, content.events.length + content.refused.length);
    if (expected !== tellStored(batch)) differs(expected, tellStored(batch));
    lines += batch.lineCount;
  }
  for (const developerId of developers) {
    const right = bucketOf(developerId, bucketCount);
    if (right !== bucket) {
      report({
        table: 'installation',
        where: `developer ${developerId}`,
        expected: `bucket ${right}`,
        found: `bucket ${bucket}`,
      });
    }
  }
  return { fold, batches, lines };
}

/** Read before the batches are streamed, for a cursor has its connection to itself. */
async function rateCardsByVersion(client: pg.ClientBase, bucket: number): Promise<Map<number, RateCards>> {
  const cards = new Map<number, RateCards>();
  for (const version of await referenceVersionsUsed(client, bucket))
    cards.set(version, await loadRateCards(client, version));
  return cards;
}

function tellStored({ counts, lineCount }: StoredBatch): string {
  return tellCounts(counts, lineCount);
}

function tellCounts({ accepted, duplicates, conflicts, rejected }: LineCounts, lineCount: number): string {
  return `${lineCount} lines: ${accepted} accepted, ${duplicates} duplicates, ${conflicts} conflicts, ${rejected} rejected`;
}
