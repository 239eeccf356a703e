import type pg from 'pg';
import { z } from 'zod';
import { strictEntry } from '../../catalog/file-entries.ts';
import { currencyField, parsedField } from '../../catalog/file-fields.ts';
import { Refusal } from '../../domain/errors.ts';
import { formatAmount, nanos, parseAmount } from '../../domain/nanos.ts';
import { type Period, parsePeriod } from '../../domain/period.ts';
import { movedByDecision } from '../../ledger/moved-by-runs.ts';
import { type Payout, remittanceFlow } from '../../payouts/payout.ts';
import { remitTax, remittable } from '../../payouts/remit-tax.ts';
import { movedBy } from '../../payouts/summary.ts';
import { positiveAmountField } from '../amount-field.ts';
import type { DecisionKind } from '../kind.ts';

const PERIOD = 'write a half-month, such as "2018-04-H1"';
const COUNTRY = 'write two capitals, such as "CN"';

const parameters = strictEntry({
  currency: currencyField,
  through: parsedField(PERIOD, (text): Period | null => {
    const { halves } = parsePeriod(text);
    return halves.length === 1 ? (halves[0] ?? null) : null;
  }),
  country: z
    .string(COUNTRY)
    .regex(/^[A-Z]{2}$/, COUNTRY)
    .nullable()
    .default(null),
  amount: positiveAmountField.nullable().default(null),
});

type RemitTax = z.output<typeof parameters>;

/** Tax that was withheld from payouts goes to the tax office. */
export const remitTaxKind: DecisionKind<RemitTax> = {
  name: 'remit_tax',
  parameters,
  locks: (_parameters, { bucketCount }) => ({
    reference: 'shared',
    buckets: Array.from({ length: bucketCount }, (_, bucket) => bucket),
  }),
  ledgerDays: (_parameters, { calendar, at }) => [calendar.dayOf(at.getTime())],
  preview: async (tx, given, { bucketCount }) => {
    const payouts = await payoutsToRemit(tx, given, bucketCount);
    const moved = movedBy(payouts.map(remittanceFlow));
    const notes = [`the tax of ${payouts.length} ${payouts.length === 1 ? 'payout' : 'payouts'} would be remitted`];
    return { transfers: [], due: [], summary: { moved, notes } };
  },
  apply: async (tx, { decisionId, parameters: given }, { bucketCount, calendar, at }) => {
    const payouts = await payoutsToRemit(tx, given, bucketCount);
    await remitTax(tx, payouts, { decisionId, at, ledgerDay: calendar.dayOf(at.getTime()) });
  },
  summary: async (tx, { decisionId }) => ({ moved: await movedByDecision(tx, decisionId), notes: [] }),
};

/** @throws Refusal `nothing_withheld`, `amount_differs` */
async function payoutsToRemit(
  tx: pg.ClientBase,
  { amount, ...asked }: RemitTax,
  bucketCount: number,
): Promise<Payout[]> {
  const payouts = await remittable(tx, { ...asked, bucketCount });
  const sum = payouts.reduce((nanosSum, payout) => nanosSum + payout.taxNanos, 0n);
  if (amount === null || parseAmount(amount) === sum) return payouts;
  const { currency } = asked;
  const found = formatAmount(nanos(sum), currency);
  throw new Refusal({
    code: 'amount_differs',
    message: `the tax that waits to be remitted is ${found} ${currency}, not ${amount}`,
    remedy: 'propose that amount, or leave the amount out',
    details: { amount: { amount: found, currency } },
  });
}
