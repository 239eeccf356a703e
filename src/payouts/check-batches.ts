import type pg from 'pg';
import { formatAmount, nanos } from '../domain/nanos.ts';
import { payoutReference } from '../domain/payout-reference.ts';
import { type PaymentFile, paymentFile, paymentFiles } from './payment-file.ts';
import { BatchDigest, type StoredBatch, storedBatches } from './stored-batches.ts';
import { standingPayouts } from './stored-payouts.ts';

interface Damage {
  readonly table: 'payouts' | 'payout_batches' | 'payment_files' | 'payout_steps';
  readonly where: string;
  readonly expected: string;
  readonly found: string;
}

interface BatchesCheck {
  readonly bucketCount: number;
  readonly report: (damage: Damage) => void;
}

/**
 * Whether each batch is what was drawn up: its digest over its payouts, their number and sum, their references; and whether each file
 * of payouts is what was sent.
 */
export async function checkBatches(tx: pg.ClientBase, { bucketCount, report }: BatchesCheck): Promise<void> {
  const batches = await storedBatches(tx, {});
  for (const batch of batches) await checkBatch(tx, batch, { bucketCount, report });
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
  const sent = await sentByFiles(tx);
  const files = await paymentFiles(tx, null);
  for (const file of files) await checkFile(tx, file, { sent, report });
  for (const [fileId, payouts] of sent) {
    if (files.some(file => file.fileId === fileId)) continue;
    report({ table: 'payment_files', where: `file ${fileId}`, expected: payouts, found: 'no file' });
  }
}

async function checkBatch(tx: pg.ClientBase, batch: StoredBatch, { bucketCount, report }: BatchesCheck): Promise<void> {
  const { batchId, currency } = batch;
  const digest = new BatchDigest(batch);
  let payouts = 0;
  let amountNanos = 0n;
  for (let bucket = 0; bucket < bucketCount; bucket += 1) {
    for (const payout of await standingPayouts(tx, { bucket, batchId })) {
      digest.add(payout);
      payouts += 1;
      amountNanos += payout.amountNanos;
      const expected = payoutReference(payout);
      if (payout.reference !== expected) {
        report({ table: 'payouts', where: `payout ${payout.payoutId}`, expected, found: payout.reference });
      }
    }
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

async function sentByFiles(tx: pg.ClientBase): Promise<Map<string, string>> {
  const { rows } = await tx.query<{ fileId: string; payouts: number; amounts: string }>(
    `select payment_file_id as "fileId", sum(payouts) as payouts, string_agg(sent_currency || ' ' || sent, ', ' order by sent_currency) as amounts
     from (
       select payment_file_id, sent_currency, count(*) as payouts, sum(sent_nanos) as sent
       from payout_steps
       join payouts using (bucket, payout_id)
       where payment_file_id is not null
       group by payment_file_id, sent_currency
     ) as sent
     group by payment_file_id`,
  );
  return new Map(rows.map(row => [row.fileId, `${row.payouts} payouts, ${row.amounts}`]));
}

async function checkFile(
  tx: pg.ClientBase,
  { fileId, payouts, totals }: PaymentFile,
  { sent, report }: Pick<BatchesCheck, 'report'> & { readonly sent: ReadonlyMap<string, string> },
): Promise<void> {
  const where = `file ${fileId}`;
  const { intact } = await paymentFile(tx, fileId);
  if (!intact) report({ table: 'payment_files', where, expected: 'the bytes that were sent', found: 'others' });
  const amounts = totals.map(({ currency, amountNanos }) => `${currency} ${amountNanos}`).join(', ');
  const [expected, found] = [`${payouts} payouts, ${amounts}`, sent.get(fileId) ?? 'nothing'];
  if (expected !== found) report({ table: 'payment_files', where, expected: found, found: expected });
}
