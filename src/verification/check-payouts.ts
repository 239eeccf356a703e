import type pg from 'pg';
import { countDecidedPayoutTransfers, strayPayoutTransfers } from '../ledger/payout-transfers.ts';
import { wrongAnswers } from '../payouts/check-files.ts';
import { checkPayouts } from '../payouts/check-payouts.ts';
import { wrongSteps } from '../payouts/wrong-steps.ts';
import type { Difference } from './difference.ts';

interface PayoutsCheck {
  readonly bucket: number;
  /** Whether there is anything on record of payouts. */
  readonly hasPayouts: boolean;
  readonly report: (difference: Difference) => void;
}

/**
 * Compares what payouts of a bucket moved with what their records say, and looks for steps out of their order and for money on payouts'
 * accounts that is no payout's. Returns the number of transfers that decisions on payouts posted in the bucket.
 */
export async function checkPayoutsOfBucket(
  client: pg.ClientBase,
  { bucket, hasPayouts, report }: PayoutsCheck,
): Promise<number> {
  for (const difference of await checkPayouts(client, { bucket })) report({ table: 'transfers', ...difference });
  for (const transferId of await strayPayoutTransfers(client, bucket)) {
    const where = `bucket ${bucket} transfer ${transferId}`;
    report({ table: 'transfers', where, expected: 'a payout', found: 'none' });
  }
  if (!hasPayouts) return 0;
  for (const { where, expected, found } of await wrongSteps(client, bucket)) {
    report({ table: 'payout_steps', where: `bucket ${bucket} ${where}`, expected, found });
  }
  for (const { where, expected, found } of await wrongAnswers(client, bucket)) {
    report({ table: 'payout_answers', where: `bucket ${bucket} ${where}`, expected, found });
  }
  return await countDecidedPayoutTransfers(client, bucket);
}
