import type { z } from 'zod';
import { strictEntry } from '../../catalog/file-entries.ts';
import { textField } from '../../catalog/file-fields.ts';
import { formatAmount, nanos } from '../../domain/nanos.ts';
import { bucketOfReference } from '../../domain/payout-reference.ts';
import { movedByDecision } from '../../ledger/moved-by-runs.ts';
import { cancellation, cancelPayout } from '../../payouts/cancel-payout.ts';
import { stepFlows } from '../../payouts/payout.ts';
import { movedBy } from '../../payouts/summary.ts';
import type { DecisionKind } from '../kind.ts';

/** Our reference of the payout. */
const parameters = strictEntry({ payout: textField(35) });

/** A payout that must not be sent; what was set aside for it is payable again, in the currency in which it lies. */
export const cancelPayoutKind: DecisionKind<z.output<typeof parameters>> = {
  name: 'cancel_payout',
  parameters,
  locks: ({ payout }, { bucketCount }) => {
    const bucket = bucketOfReference(payout, bucketCount);
    return { reference: 'shared', buckets: bucket === null ? [] : [bucket] };
  },
  ledgerDays: (_parameters, { calendar, at }) => [calendar.dayOf(at.getTime())],
  preview: async (tx, { payout: reference }, { bucketCount }) => {
    const { payout, ...step } = await cancellation(tx, { reference, bucketCount });
    const flows = stepFlows(payout, { ...step, taxReturnedNanos: nanos(step.taxReturnedNanos ?? 0n) });
    const what = `payout ${reference} of ${formatAmount(payout.amountNanos, payout.currency)} ${payout.currency}`;
    const notes = [`${what} to ${payout.ownerId} would be cancelled`];
    return { transfers: [], due: [], summary: { moved: movedBy(flows), notes } };
  },
  apply: async (
    tx,
    { decisionId, approvedBy, reason, parameters: { payout: reference } },
    { bucketCount, calendar, at },
  ) => {
    const ledgerDay = calendar.dayOf(at.getTime());
    const booking = { cause: { decisionId }, actor: approvedBy, at, ledgerDay };
    await cancelPayout(tx, { reference, bucketCount, reason, ...booking });
  },
  summary: async (tx, { decisionId, parameters: { payout } }) => ({
    moved: await movedByDecision(tx, decisionId),
    notes: [`payout ${payout} was cancelled`],
  }),
};
