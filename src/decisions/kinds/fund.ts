import { z } from 'zod';
import { strictEntry } from '../../catalog/file-entries.ts';
import { currencyField, dayField, idField, parsedField, textField } from '../../catalog/file-fields.ts';
import { kindOfBook } from '../../catalog/fund-ids.ts';
import { bucketOf } from '../../domain/bucket.ts';
import { daysBetween } from '../../domain/business-day.ts';
import { Refusal } from '../../domain/errors.ts';
import { shown } from '../../domain/shown.ts';
import { formatShare, parseShare } from '../../domain/tiers.ts';
import { type DueExtent, markDueWhere } from '../../earnings/due-days.ts';
import { recordFund } from '../../funds/stored-funds.ts';
import { postDecision } from '../../ledger/decision-transfers.ts';
import { positiveAmountField } from '../amount-field.ts';
import { endowment } from '../endowment.ts';
import type { DecisionKind } from '../kind.ts';

const NEW_APP_DAYS = 30;
const MOST_NEW_APP_DAYS = 3_653;
const MOST_DAYS = 36_525;
const POINTS = 'write a decimal string above "0", at most "1", with at most 6 decimals, such as "0.05"';
const CATEGORIES = 'write a list of 1 to 100 different categories, such as ["games", "tools"]';
const DAYS = `write a whole number from 1 to ${MOST_NEW_APP_DAYS}`;
const RULE =
  'write {"points": "0.05"} or {"bonus": "50.00", "floor": "200.00"}, with "categories" or "new_app_days" or both';

const pointsField = parsedField(POINTS, text => (parseShare(text) > 0n ? formatShare(parseShare(text)) : null));

const rule = strictEntry({
  points: pointsField.nullable().default(null),
  bonus: positiveAmountField.nullable().default(null),
  floor: positiveAmountField.nullable().default(null),
  categories: z
    .array(textField(64), CATEGORIES)
    .min(1, CATEGORIES)
    .max(100, CATEGORIES)
    .refine(list => new Set(list).size === list.length, CATEGORIES)
    .nullable()
    .default(null),
  new_app_days: z.int(DAYS).min(1, DAYS).max(MOST_NEW_APP_DAYS, DAYS).nullable().default(null),
})
  .refine(({ points, bonus, floor }) => (points === null) === (bonus !== null && floor !== null), RULE)
  .refine(({ points, bonus, floor }) => points === null || (bonus === null && floor === null), RULE)
  .refine(
    ({ points, categories, new_app_days }) => points === null || categories !== null || new_app_days !== null,
    RULE,
  )
  // A bonus is for new apps.
  .transform(given =>
    given.points === null && given.new_app_days === null ? { ...given, new_app_days: NEW_APP_DAYS } : given,
  );

const END = 'put the last day there: on or after start, at most a century later';

const parameters = strictEntry({
  // Owns a book, in the one namespace of developers and service providers.
  fund: idField,
  currency: currencyField,
  budget: positiveAmountField,
  start: dayField,
  end: dayField,
  rule,
}).refine(({ start, end }) => end >= start && daysBetween({ from: start, to: end }) < MOST_DAYS, {
  message: END,
  path: ['end'],
});

type NewFund = z.output<typeof parameters>;

/** An incentive fund, with its whole budget. Days of its own that were settled already become due, for their claims. */
export const fund: DecisionKind<NewFund> = {
  name: 'fund',
  parameters,
  locks: ({ fund: fundId }, { bucketCount }) => ({ reference: 'exclusive', buckets: [bucketOf(fundId, bucketCount)] }),
  ledgerDays: (_parameters, { calendar, at }) => [calendar.dayOf(at.getTime())],
  preview: async (tx, given) => {
    await refuseTaken(tx, given.fund);
    return { transfers: [endowmentOf(given)], due: [extentOf(given)] };
  },
  apply: async (tx, { decisionId, parameters: given }, context) => {
    await refuseTaken(tx, given.fund);
    const { fund: fundId, currency, start: startDay, end: endDay } = given;
    const transfer = endowmentOf(given);
    const { amountNanos } = transfer;
    await recordFund(tx, { fundId, decisionId, currency, startDay, endDay, rule: given.rule, amountNanos }, context.at);
    await markDueWhere(tx, [extentOf(given)]);
    await postDecision(tx, { decisionId, ...context }, [transfer]);
  },
  posted: given => [endowmentOf(given)],
};

function endowmentOf({ fund: fundId, currency, budget }: NewFund) {
  return endowment({ fundId, currency, amount: budget });
}

function extentOf({ currency, start: fromDay, end: toDay }: NewFund): DueExtent {
  return { developerId: null, appId: null, currency, fromDay, toDay };
}

/** @throws Refusal `id_taken` */
async function refuseTaken(tx: Parameters<typeof kindOfBook>[0], fundId: string): Promise<void> {
  const kind = await kindOfBook(tx, fundId);
  if (kind === null) return;
  throw new Refusal({
    code: 'id_taken',
    message: `${shown(fundId)} is the id of a ${kind} already`,
    remedy: kind === 'fund' ? 'give another id, or top that fund up with "fund_top_up"' : 'give the fund another id',
    details: { fund: fundId, kind },
  });
}
