import type { z } from 'zod';
import { strictEntry } from '../../catalog/file-entries.ts';
import { idField } from '../../catalog/file-fields.ts';
import { bucketOf } from '../../domain/bucket.ts';
import type { OwnerId } from '../../domain/ids.ts';
import { formatAmount, nanos } from '../../domain/nanos.ts';
import { lockFund, takeStep } from '../../funds/grant-step.ts';
import { findFund, recordFundChange } from '../../funds/stored-funds.ts';
import { standingOf } from '../../funds/stored-grants.ts';
import type { PlannedTransfer } from '../../ledger/decision-transfers.ts';
import { openFund } from '../endowment.ts';
import type { DecisionKind } from '../kind.ts';

const parameters = strictEntry({ fund: idField });

/** Ends a fund before its time: what it has left goes back at once, by a step of the fund; what was awarded stays. */
export const fundClose: DecisionKind<z.output<typeof parameters>> = {
  name: 'fund_close',
  parameters,
  locks: ({ fund }, { bucketCount }) => ({ reference: 'exclusive', buckets: [bucketOf(fund, bucketCount)] }),
  ledgerDays: (_parameters, { calendar, at }) => [calendar.dayOf(at.getTime())],
  preview: async (tx, { fund: fundId }) => {
    const fund = await openFund(tx, fundId);
    const { awardedNanos, returnedNanos } = await standingOf(tx, fundId);
    const leftNanos = fund.budgetNanos - awardedNanos - returnedNanos;
    return { transfers: leftNanos === 0n ? [] : [goingBack(fundId, fund.currency, leftNanos)], due: [] };
  },
  apply: async (tx, { decisionId, parameters: { fund: fundId } }, context) => {
    await openFund(tx, fundId);
    await lockFund(tx, fundId);
    await recordFundChange(tx, { fundId, decisionId, change: 'close', amountNanos: 0n }, context.at);
    const fund = (await findFund(tx, fundId)) ?? missing(fundId);
    await takeStep(tx, fund, { ...context, cause: 'close' });
  },
  summary: async (tx, { parameters: { fund: fundId } }) => {
    const { returnedNanos } = await standingOf(tx, fundId);
    const { currency } = (await findFund(tx, fundId)) ?? missing(fundId);
    const returned = formatAmount(nanos(returnedNanos), currency);
    return { moved: [], notes: [`Fund ${fundId} is closed and has given ${returned} ${currency} back.`] };
  },
};

function missing(fundId: string): never {
  throw new Error(`fund ${fundId} is gone`);
}

function goingBack(fundId: string, currency: string, leftNanos: bigint): PlannedTransfer {
  return {
    ownerId: fundId as OwnerId,
    appId: null,
    businessDay: null,
    currency,
    debit: 'fund_available',
    credit: 'fund_source',
    amountNanos: nanos(leftNanos),
    reason: 'endowment',
    why: '',
  };
}
