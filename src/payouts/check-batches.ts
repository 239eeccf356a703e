import type pg from 'pg';
import { bucketOf } from '../domain/bucket.ts';
import type { BusinessCalendar } from '../domain/business-day.ts';
import { formatAmount, nanos } from '../domain/nanos.ts';
import { payoutReference } from '../domain/payout-reference.ts';
import { DrawUpCheck } from './check-draw-up.ts';
import { RecordedTerms } from './recorded-terms.ts';
import { BatchDigest, type StoredBatch, storedBatches } from './stored-batches.ts';
import { standingPayouts } from './stored-payouts.ts';

interface Damage {
  readonly table: 'payouts' | 'payout_batches';
  readonly where: string;
  readonly expected: string;
  readonly found: string;
}

interface BatchesCheck {
  readonly bucketCount: number;
  readonly calendar: BusinessCalendar;
  readonly report: (damage: Damage) => void;
}

/**
 * Whether each batch is what was drawn up: its digest over its payouts, their number and sum, their references, and what follows from
 * the terms of then.
 */
export async function checkBatches(tx: pg.ClientBase, check: BatchesCheck): Promise<void> {
  const { report } = check;
  const batches = await storedBatches(tx, {});
  const terms = await RecordedTerms.read(tx);
  for (const batch of batches) await checkBatch(tx, batch, { ...check, terms });
  const known = new Set(batches.map(batch => batch.batchId));
  for (const { where, payouts } of await batchesNamed(tx)) {
    if (known.has(where)) continue;
    report({
      table: 'payout_batches',
      where: `batch ${where}`,
      expected: 'a batch',
      found: `${payouts} payouts alone`,
    });
  }
}

async function checkBatch(
  tx: pg.ClientBase,
  batch: StoredBatch,
  { bucketCount, ...check }: BatchesCheck & { readonly terms: RecordedTerms },
): Promise<void> {
  const { batchId, currency } = batch;
  const { report } = check;
  const digest = new BatchDigest(batch);
  const drawUp = new DrawUpCheck(batch, check);
  drawUp.checkBatch();
  let payouts = 0;
  let amountNanos = 0n;
  for (let bucket = 0; bucket < bucketCount; bucket += 1) {
    const ofBucket = await standingPayouts(tx, { bucket, batchId });
    for (const payout of ofBucket) {
      digest.add(payout);
      payouts += 1;
      amountNanos += payout.amountNanos;
      const expected = `${payoutReference(payout)} in bucket ${bucketOf(payout.ownerId, bucketCount)}`;
      const found = `${payout.reference} in bucket ${bucket}`;
      if (found !== expected) report({ table: 'payouts', where: `payout ${payout.payoutId}`, expected, found });
    }
    await drawUp.checkPayouts(tx, bucket, ofBucket);
  }
  const tell = (of: { readonly payouts: number; readonly amountNanos: bigint }) =>
    `${of.payouts} payouts of ${formatAmount(nanos(of.amountNanos), currency)} ${currency}`;
  const [expected, found] = [tell(batch), tell({ payouts, amountNanos })];
  const where = `batch ${batchId}`;
  if (expected !== found) report({ table: 'payouts', where, expected, found });
  else if (digest.end() !== batch.digest) {
    report({ table: 'payouts', where, expected: 'what was drawn up', found: 'something else' });
  }
}

async function batchesNamed(tx: pg.ClientBase): Promise<{ where: string; payouts: number }[]> {
  const { rows } = await tx.query<{ where: string; payouts: number }>(
    `select batch_id as "where", count(*) as payouts
     from payouts
     group by batch_id
     order by batch_id`,
  );
  return rows;
}
