import type pg from 'pg';
import { Refusal } from '../domain/errors.ts';
import { payableAfter } from '../ledger/payable-after.ts';
import { balancesThrough } from '../ledger/stored-seals.ts';
import { payeesOf } from './payees.ts';
import { periodOfPayouts } from './period-of-payouts.ts';
import { type Booking, type NewStep, postSteps } from './post-steps.ts';
import { knownBatch } from './stored-batches.ts';
import { standingPayouts } from './stored-payouts.ts';

/** Why a payout that was drawn up is cancelled when its batch is approved. */
export const CANCEL_REASONS = {
  payable_fell: 'less is payable than it was drawn up for',
  own_hold: 'the payee asks for nothing to be paid',
  destination_changed: 'the payee has given another destination',
} as const;

export type CancelReason = keyof typeof CANCEL_REASONS;

/**
 * What approving a batch does to the payouts of a bucket that are still due: those whose money is still there are approved, the others
 * cancelled, with the reason.
 */
export async function approvalSteps(
  tx: pg.ClientBase,
  { bucket, batchId }: { readonly bucket: number; readonly batchId: string },
): Promise<NewStep[]> {
  const due = await standingPayouts(tx, { bucket, batchId, statuses: ['due'] });
  if (due.length === 0) return [];
  const ownerIds = due.map(payout => payout.ownerId);
  const payable = await payableNow(tx, bucket);
  const payees = await payeesOf(tx, ownerIds);
  return due.map(payout => {
    const { ownerId, currency, amountNanos, destination } = payout;
    const payee = payees.get(ownerId);
    const reason: CancelReason | null =
      (payable.get(`${ownerId}\0${currency}`) ?? 0n) < amountNanos
        ? 'payable_fell'
        : payee?.onHold === true
          ? 'own_hold'
          : payee?.destination !== destination
            ? 'destination_changed'
            : null;
    return { payout, stepNo: 1, status: reason === null ? 'approved' : 'cancelled', reason };
  });
}

/**
 * Approves what is due of a batch. The caller holds the turns of all buckets.
 * @throws Refusal `unknown_batch`, `nothing_due`
 */
export async function approveBatch(
  tx: pg.ClientBase,
  { batchId, bucketCount, ...booking }: Booking & { readonly batchId: string; readonly bucketCount: number },
): Promise<void> {
  await knownBatch(tx, batchId);
  let steps = 0;
  for (let bucket = 0; bucket < bucketCount; bucket += 1) {
    const ofBucket = await approvalSteps(tx, { bucket, batchId });
    await postSteps(tx, { bucket, ...booking }, ofBucket);
    steps += ofBucket.length;
  }
  if (steps === 0) throw nothingDue(batchId);
}

/**
 * What approving a batch would do now, bucket by bucket.
 * @throws Refusal `unknown_batch`, `nothing_due`
 */
export async function batchApproval(
  tx: pg.ClientBase,
  { batchId, bucketCount }: { readonly batchId: string; readonly bucketCount: number },
): Promise<NewStep[]> {
  await knownBatch(tx, batchId);
  const steps: NewStep[] = [];
  for (let bucket = 0; bucket < bucketCount; bucket += 1) {
    for (const step of await approvalSteps(tx, { bucket, batchId })) steps.push(step);
  }
  if (steps.length === 0) throw nothingDue(batchId);
  return steps;
}

/** The balance of `payable` of a bucket's books, by `owner\0currency`. */
async function payableNow(tx: pg.ClientBase, bucket: number): Promise<Map<string, bigint>> {
  const period = await periodOfPayouts(tx);
  const payable = new Map<string, bigint>();
  for (const [book, sealed] of await balancesThrough(tx, { bucket, period })) {
    payable.set(book, BigInt(sealed.payable ?? 0));
  }
  for (const { ownerId, currency, sinceNanos } of await payableAfter(tx, { bucket, period })) {
    const book = `${ownerId}\0${currency}`;
    payable.set(book, (payable.get(book) ?? 0n) + sinceNanos);
  }
  return payable;
}

function nothingDue(batchId: string): Refusal {
  return new Refusal({
    code: 'nothing_due',
    message: `no payout of batch ${batchId} is due any more`,
    remedy: `see what became of them with: npx apportion payouts list --batch ${batchId}`,
    details: { batch: batchId },
  });
}
