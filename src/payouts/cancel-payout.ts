import type pg from 'pg';
import { Refusal } from '../domain/errors.ts';
import { bucketOfReference } from '../domain/payout-reference.ts';
import { shown } from '../domain/shown.ts';
import { type Booking, type NewStep, postSteps } from './post-steps.ts';
import { type StandingPayout, standingPayouts } from './stored-payouts.ts';

/** @throws Refusal `unknown_payout` */
export async function knownPayout(
  tx: pg.ClientBase,
  { reference, bucketCount }: { readonly reference: string; readonly bucketCount: number },
): Promise<StandingPayout> {
  const bucket = bucketOfReference(reference, bucketCount);
  const [payout] = bucket === null ? [] : await standingPayouts(tx, { bucket, references: [reference] });
  if (payout !== undefined) return payout;
  throw new Refusal({
    code: 'unknown_payout',
    message: `there is no payout ${shown(reference)}`,
    remedy: 'give a reference that "apportion payouts list" shows',
    details: { payout: shown(reference) },
  });
}

/**
 * The step that cancels a payout before it is sent: what was approved of it goes back to `payable`, with the tax that has not been
 * remitted.
 * @throws Refusal `unknown_payout`, `too_late_to_cancel`
 */
export async function cancellation(
  tx: pg.ClientBase,
  of: { readonly reference: string; readonly bucketCount: number },
): Promise<NewStep> {
  const payout = await knownPayout(tx, of);
  const { reference, status, statusAt, lastStepNo } = payout;
  if (status === null || status === 'approved') {
    const taxReturnedNanos = status === null ? 0n : returnedTax(payout);
    return { payout, stepNo: lastStepNo + 1, status: 'cancelled', taxReturnedNanos };
  }
  throw new Refusal({
    code: 'too_late_to_cancel',
    message: `payout ${reference} is ${status} since ${statusAt?.toISOString()}`,
    remedy:
      status === 'sent' || status === 'paid'
        ? 'have the bank return it, and import its answer'
        : 'there is nothing left to cancel',
    details: { payout: reference, status },
  });
}

/** The caller holds the turn of the payout's bucket. @throws Refusal as `cancellation` */
export async function cancelPayout(
  tx: pg.ClientBase,
  {
    reference,
    bucketCount,
    reason,
    ...booking
  }: Booking & {
    readonly reference: string;
    readonly bucketCount: number;
    readonly reason: string;
  },
): Promise<void> {
  const step = await cancellation(tx, { reference, bucketCount });
  await postSteps(tx, { bucket: step.payout.bucket, ...booking }, [{ ...step, reason }]);
}

/** Of the tax withheld from a payout, what still lies with us. */
export function returnedTax({ taxNanos, isRemitted }: Pick<StandingPayout, 'taxNanos' | 'isRemitted'>): bigint {
  return isRemitted ? 0n : taxNanos;
}
