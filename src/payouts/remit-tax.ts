import type pg from 'pg';
import { copyRows } from '../db/copy.ts';
import type { BusinessDay } from '../domain/business-day.ts';
import { Refusal } from '../domain/errors.ts';
import type { Period } from '../domain/period.ts';
import { parsePeriod } from '../domain/period.ts';
import { type Payout, remittanceFlow } from './payout.ts';
import { type Booking, postFlows } from './post-steps.ts';
import { standingPayouts } from './stored-payouts.ts';

/** Whose tax goes to the tax office. */
export interface Remittance {
  readonly currency: string;
  /** Withheld up to the end of this period. */
  readonly through: Period;
  /** Of payees of this country only; null: of all. */
  readonly country: string | null;
}

/**
 * Payouts of a bucket whose tax was withheld up to the end of the period and still lies in `withheld_tax`: that of a payout which was
 * cancelled or came back has left it.
 */
async function unremitted(
  tx: pg.ClientBase,
  { bucket, currency, through, country }: Remittance & { readonly bucket: number },
): Promise<Payout[]> {
  const { lastDay } = parsePeriod(through);
  const standing = await standingPayouts(tx, {
    bucket,
    currency,
    statuses: ['approved', 'sent', 'paid'],
    unremittedOnly: true,
  });
  const open = standing.filter(payout => country === null || payout.country === country);
  const withheldOn = await approvalDays(tx, { bucket, payoutIds: open.map(payout => payout.payoutId) });
  return open.filter(({ payoutId }) => (withheldOn.get(payoutId) ?? '9999') <= lastDay);
}

async function approvalDays(
  tx: pg.ClientBase,
  { bucket, payoutIds }: { readonly bucket: number; readonly payoutIds: readonly string[] },
): Promise<Map<string, BusinessDay>> {
  const { rows } = await tx.query<{ payoutId: string; day: BusinessDay }>(
    `select payout_id as "payoutId", ledger_date as day
     from payout_steps
     where bucket = $1 and payout_id = any ($2::uuid[]) and status = 'approved'`,
    [bucket, payoutIds],
  );
  return new Map(rows.map(row => [row.payoutId, row.day]));
}

/**
 * What would be remitted now.
 * @throws Refusal `nothing_withheld`
 */
export async function remittable(
  tx: pg.ClientBase,
  { bucketCount, ...asked }: Remittance & { readonly bucketCount: number },
): Promise<Payout[]> {
  const payouts: Payout[] = [];
  for (let bucket = 0; bucket < bucketCount; bucket += 1) {
    for (const payout of await unremitted(tx, { bucket, ...asked })) payouts.push(payout);
  }
  if (payouts.length > 0) return payouts;
  const { currency, through, country } = asked;
  throw new Refusal({
    code: 'nothing_withheld',
    message: `no tax in ${currency}${country === null ? '' : ` of ${country}`} withheld up to ${through} waits to be remitted`,
    remedy: 'see what is there with: npx apportion ledger balances --account withheld_tax',
    details: { currency, through, country },
  });
}

/** Remits the tax of these payouts. The caller holds the turns of all buckets, and had them when `remittable` found the payouts. */
export async function remitTax(
  tx: pg.ClientBase,
  payouts: readonly Payout[],
  { decisionId, at, ledgerDay }: Pick<Booking, 'at' | 'ledgerDay'> & { readonly decisionId: string },
): Promise<void> {
  await copyRows(
    tx,
    {
      table: 'tax_remittances',
      columns: ['bucket', 'payout_id', 'decision_id', 'amount_nanos', 'remitted_at', 'ledger_date'],
    },
    payouts.map(payout => [
      ...[payout.bucket, payout.payoutId, decisionId, payout.taxNanos, at.toISOString(), ledgerDay],
    ]),
  );
  for (const [bucket, ofBucket] of Map.groupBy(payouts, payout => payout.bucket)) {
    const moves = ofBucket.map(payout => ({ payout, flows: [remittanceFlow(payout)] }));
    await postFlows(tx, { bucket, cause: { decisionId }, at, ledgerDay }, moves);
  }
}
