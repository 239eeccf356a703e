import type { z } from 'zod';
import { strictEntry } from '../../catalog/file-entries.ts';
import { textField } from '../../catalog/file-fields.ts';
import { nanos } from '../../domain/nanos.ts';
import { movedByDecision } from '../../ledger/moved-by-runs.ts';
import { approveBatch, batchApproval } from '../../payouts/approve-batch.ts';
import { tellNewDestinations } from '../../payouts/new-destinations.ts';
import { stepFlows } from '../../payouts/payout.ts';
import { countSteps, movedBy, stepsOfDecision, tellRates, tellSteps } from '../../payouts/summary.ts';
import type { DecisionKind } from '../kind.ts';

const parameters = strictEntry({ batch: textField(64) });

/** The payouts of a batch that are due: their money is set aside, tax withheld and, where it is sent in another currency, exchanged. */
export const payouts: DecisionKind<z.output<typeof parameters>> = {
  name: 'payouts',
  parameters,
  locks: (_parameters, { bucketCount }) => ({
    reference: 'shared',
    buckets: Array.from({ length: bucketCount }, (_, bucket) => bucket),
  }),
  ledgerDays: (_parameters, { calendar, at }) => [calendar.dayOf(at.getTime())],
  preview: async (tx, { batch: batchId }, { bucketCount }) => {
    const steps = await batchApproval(tx, { batchId, bucketCount });
    const approved = steps.filter(step => step.status === 'approved').map(step => step.payout);
    const flows = steps.flatMap(({ payout, ...step }) => stepFlows(payout, { ...step, taxReturnedNanos: nanos(0n) }));
    return {
      transfers: [],
      due: [],
      summary: {
        moved: movedBy(flows),
        notes: [
          ...tellSteps(countSteps(steps), { isDone: false }),
          ...tellRates(approved),
          ...(await tellNewDestinations(tx, approved)),
        ],
      },
    };
  },
  apply: async (tx, { decisionId, approvedBy, parameters: { batch: batchId } }, { bucketCount, calendar, at }) => {
    const ledgerDay = calendar.dayOf(at.getTime());
    await approveBatch(tx, { batchId, bucketCount, cause: { decisionId }, actor: approvedBy, at, ledgerDay });
  },
  summary: async (tx, { decisionId, parameters: { batch: batchId } }) => ({
    moved: await movedByDecision(tx, decisionId),
    notes: tellSteps(await stepsOfDecision(tx, { decisionId, batchId }), { isDone: true }),
  }),
};
