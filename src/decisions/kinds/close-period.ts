import type { z } from 'zod';
import { strictEntry } from '../../catalog/file-entries.ts';
import { parsedField } from '../../catalog/file-fields.ts';
import { closePeriod } from '../../closing/close-period.ts';
import { sealBefore } from '../../closing/period-order.ts';
import { whatBlocks } from '../../closing/what-blocks.ts';
import { type Period, parsePeriod } from '../../domain/period.ts';
import { periodSeal } from '../../ledger/period-closings.ts';
import type { DecisionKind } from '../kind.ts';

const HALF_MONTH = 'write a half-month, such as "2018-04-H1"';

const parameters = strictEntry({ period: parsedField(HALF_MONTH, halfMonth) });

/**
 * Closes a period for good. Its cut is the instant of the proposal: whatever was accepted or recorded up to it must be settled before
 * it can be approved, what came later may stay due.
 */
export const closePeriodKind: DecisionKind<z.output<typeof parameters>> = {
  name: 'close_period',
  parameters,
  locks: () => ({ reference: 'shared', buckets: [] }),
  preview: async (tx, { period }, { proposedAt, ...context }) => {
    const closing = { period, cut: proposedAt };
    await sealBefore(tx, closing, context);
    const notes = [
      `${period} would be closed for good; what is posted later for its days goes to the period open then`,
    ];
    return { transfers: [], due: [], blocks: await whatBlocks(tx, closing), summary: { moved: [], notes } };
  },
  apply: async (tx, { decisionId, proposedAt, parameters: { period } }, context) => {
    await closePeriod(tx, { period, cut: proposedAt, decisionId }, context);
  },
  summary: async (tx, { parameters: { period } }) => {
    const seal = await periodSeal(tx, period);
    const notes =
      seal === null
        ? []
        : [`${period} is closed, with ${seal.transfers} transfers in ${seal.books} books: seal ${seal.digest}`];
    return { moved: [], notes };
  },
};

function halfMonth(text: string): Period | null {
  const { halves } = parsePeriod(text);
  return halves.length === 1 ? (halves[0] ?? null) : null;
}
