import { randomUUIDv7 } from 'node:crypto';
import type pg from 'pg';
import { lockReference } from '../catalog/reference-version.ts';
import { takeTurn } from '../db/turn.ts';
import { Refusal } from '../domain/errors.ts';
import { shown } from '../domain/shown.ts';
import { prepareLedger } from '../ledger/posting.ts';
import type { PayoutDeps } from './draw-up.ts';
import { invoicedPayouts } from './invoices.ts';
import { payeesOf } from './payees.ts';
import {
  insertPaymentFile,
  intactFile,
  type PaymentFile,
  paymentCsv,
  paymentFiles,
  sentTotals,
} from './payment-file.ts';
import { postSteps } from './post-steps.ts';
import { knownBatch } from './stored-batches.ts';
import { type StandingPayout, standingPayouts } from './stored-payouts.ts';

/** Why an approved payout is not sent with the others of its batch. */
export const WAIT_REASONS = {
  no_invoice: 'its invoice has not been recorded',
  own_hold: 'the payee asks for nothing to be paid',
  destination_changed: 'the payee has given another destination; cancel it, and it is paid with a later period',
} as const;

export type WaitReason = keyof typeof WAIT_REASONS;

export interface WaitingPayout {
  readonly payout: StandingPayout;
  readonly why: WaitReason;
}

/** A file of payouts to be written. */
export interface SentFile {
  readonly file: PaymentFile;
  readonly content: Buffer;
  /** False: it was made before, under this name, and nothing was changed. */
  readonly fresh: boolean;
  /** Approved payouts of the batch that no file has yet. */
  readonly waiting: readonly WaitingPayout[];
  /** Approved payouts that could be sent by another file, of another name. */
  readonly ready: number;
}

/**
 * Sends what is approved of a batch: the file of payouts is stored and what it pays moves to `payout_sent` in one transaction, so
 * the file can be written whatever happens afterwards. The same name again gives the same file.
 * @throws Refusal `unknown_batch`, `file_exists`, `not_due_yet`, `nothing_to_send`
 */
export async function sendBatch(
  { db, bucketCount, calendar, now }: PayoutDeps,
  {
    batchId,
    name,
    existingSha256,
    actor,
  }: {
    readonly batchId: string;
    readonly name: string;
    /** Of what stands where the file is to be written; null: nothing does. */
    readonly existingSha256: string | null;
    readonly actor: string;
  },
): Promise<SentFile> {
  const at = now();
  const ledgerDay = calendar.dayOf(at.getTime());
  await prepareLedger(db, ledgerDay);
  return await db.transaction(async tx => {
    await lockReference(tx, 'shared');
    for (let bucket = 0; bucket < bucketCount; bucket += 1) await takeTurn(tx, bucket);
    const { dueOn } = await knownBatch(tx, batchId);
    const files = await paymentFiles(tx, [batchId]);
    const { ready, waiting } = await approvedOf(tx, { batchId, bucketCount });
    const before = files.find(file => file.name === name);
    if (before !== undefined) {
      const { file, content } = await intactFile(tx, before.fileId);
      if (existingSha256 !== null && existingSha256 !== file.sha256) throw fileExists(name);
      return { file, content, fresh: false, waiting, ready: ready.length };
    }
    if (existingSha256 !== null) throw fileExists(name);
    if (ledgerDay < dueOn) throw notDueYet(batchId, dueOn);
    if (ready.length === 0) throw nothingToSend(batchId, { waiting, files });
    const content = paymentCsv(ready);
    const file = await insertPaymentFile(
      tx,
      {
        ...{ fileId: randomUUIDv7(), batchId, fileNo: files.length + 1, name, payouts: ready.length },
        ...{ totals: sentTotals(ready), sentAt: at, actor },
      },
      content,
    );
    const booking = { cause: { paymentFileId: file.fileId }, actor, at, ledgerDay };
    for (const [bucket, ofBucket] of Map.groupBy(ready, payout => payout.bucket)) {
      const steps = ofBucket.map(payout => ({ payout, stepNo: 2, status: 'sent' as const }));
      await postSteps(tx, { bucket, ...booking }, steps);
    }
    return { file, content, fresh: true, waiting, ready: 0 };
  });
}

/** Approved payouts of a batch, those that can be sent in the order of their references. */
async function approvedOf(
  tx: pg.ClientBase,
  { batchId, bucketCount }: { readonly batchId: string; readonly bucketCount: number },
): Promise<{ ready: StandingPayout[]; waiting: WaitingPayout[] }> {
  const ready: StandingPayout[] = [];
  const waiting: WaitingPayout[] = [];
  for (let bucket = 0; bucket < bucketCount; bucket += 1) {
    const approved = await standingPayouts(tx, { bucket, batchId, statuses: ['approved'] });
    if (approved.length === 0) continue;
    const ownerIds = approved.map(payout => payout.ownerId);
    const payees = await payeesOf(tx, ownerIds);
    const invoiced = await invoicedPayouts(tx, { bucket, payoutIds: approved.map(payout => payout.payoutId) });
    for (const payout of approved) {
      const payee = payees.get(payout.ownerId);
      if (payout.invoiceRequired && !invoiced.has(payout.payoutId)) waiting.push({ payout, why: 'no_invoice' });
      else if (payee?.onHold === true) waiting.push({ payout, why: 'own_hold' });
      else if (payee?.destination !== payout.destination) waiting.push({ payout, why: 'destination_changed' });
      else ready.push(payout);
    }
  }
  ready.sort((a, b) => (a.reference < b.reference ? -1 : 1));
  return { ready, waiting };
}

function fileExists(name: string): Refusal {
  return new Refusal({
    code: 'file_exists',
    message: `there is a file ${shown(name)} already, and it is not this one`,
    remedy: 'give another name',
    details: { file: shown(name) },
  });
}

function notDueYet(batchId: string, dueOn: string): Refusal {
  return new Refusal({
    code: 'not_due_yet',
    message: `batch ${batchId} is due on ${dueOn}`,
    remedy: 'send it on that day or later',
    details: { batch: batchId, due_on: dueOn },
  });
}

function nothingToSend(
  batchId: string,
  { waiting, files }: { readonly waiting: readonly WaitingPayout[]; readonly files: readonly PaymentFile[] },
): Refusal {
  const last = files.at(-1);
  const made =
    last === undefined
      ? ''
      : `; file ${last.fileId} was made before: npx apportion payouts file ${last.fileId} --out FILE`;
  return new Refusal({
    code: 'nothing_to_send',
    message: `no approved payout of batch ${batchId} can be sent, and ${waiting.length} wait${made}`,
    remedy: `see them with: npx apportion payouts list --batch ${batchId}`,
    details: {
      batch: batchId,
      waiting: waiting.slice(0, 20).map(({ payout, why }) => ({ payout: payout.reference, why })),
      files: files.map(file => file.fileId),
    },
  });
}
