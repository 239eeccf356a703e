import type { z } from 'zod';
import { strictEntry } from '../../catalog/file-entries.ts';
import { currencyField, idField } from '../../catalog/file-fields.ts';
import { bucketOf } from '../../domain/bucket.ts';
import { Refusal } from '../../domain/errors.ts';
import { recordFundChange } from '../../funds/stored-funds.ts';
import { postDecision } from '../../ledger/decision-transfers.ts';
import { positiveAmountField } from '../amount-field.ts';
import { endowment, openFund } from '../endowment.ts';
import type { DecisionKind } from '../kind.ts';

const parameters = strictEntry({ fund: idField, currency: currencyField, amount: positiveAmountField });

type TopUp = z.output<typeof parameters>;

/** More money for a fund; what older days lack is met with it by the fund's next step. */
export const fundTopUp: DecisionKind<TopUp> = {
  name: 'fund_top_up',
  parameters,
  locks: ({ fund }, { bucketCount }) => ({ reference: 'exclusive', buckets: [bucketOf(fund, bucketCount)] }),
  ledgerDays: (_parameters, { calendar, at }) => [calendar.dayOf(at.getTime())],
  preview: async (tx, given) => {
    await check(tx, given);
    return { transfers: [transferOf(given)], due: [] };
  },
  apply: async (tx, { decisionId, parameters: given }, context) => {
    await check(tx, given);
    const transfer = transferOf(given);
    const change = { fundId: given.fund, decisionId, change: 'top_up', amountNanos: transfer.amountNanos } as const;
    await recordFundChange(tx, change, context.at);
    await postDecision(tx, { decisionId, ...context }, [transfer]);
  },
  posted: given => [transferOf(given)],
};

function transferOf({ fund, currency, amount }: TopUp) {
  return endowment({ fundId: fund, currency, amount });
}

/** @throws Refusal `unknown_fund`, `fund_ended`, `currency_differs` */
async function check(tx: Parameters<typeof openFund>[0], { fund: fundId, currency }: TopUp): Promise<void> {
  const fund = await openFund(tx, fundId);
  if (fund.currency === currency) return;
  throw new Refusal({
    code: 'currency_differs',
    message: `fund ${fundId} is in ${fund.currency}, not in ${currency}`,
    remedy: `give an amount in ${fund.currency}`,
    details: { fund: fundId, currency: fund.currency },
  });
}
