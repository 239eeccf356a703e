import type pg from 'pg';
import type { Queryable } from '../db/database.ts';
import { takeTurn } from '../db/turn.ts';
import { Refusal } from '../domain/errors.ts';
import { formatAmount, type Nanos, nanos } from '../domain/nanos.ts';
import { shown } from '../domain/shown.ts';
import { knownPayout } from './cancel-payout.ts';
import type { PayoutDeps } from './draw-up.ts';

/** A company's invoice for a payout, in the currency of its book. */
export interface Invoice {
  readonly number: string;
  readonly amountNanos: Nanos;
  readonly recordedAt: Date;
  readonly actor: string;
}

/** Those of the payouts whose invoices are recorded. */
export async function invoicedPayouts(
  q: Queryable,
  { bucket, payoutIds }: { readonly bucket: number; readonly payoutIds: readonly string[] },
): Promise<Map<string, Invoice>> {
  const { rows } = await q.query<{ payoutId: string; amount: string } & Omit<Invoice, 'amountNanos'>>(
    `select payout_id as "payoutId", invoice_number as number, amount_nanos as amount, recorded_at as "recordedAt", actor
     from payout_invoices
     where bucket = $1 and payout_id = any ($2::uuid[])`,
    [bucket, payoutIds],
  );
  return new Map(
    rows.map(({ payoutId, amount, ...invoice }) => [payoutId, { ...invoice, amountNanos: nanos(BigInt(amount)) }]),
  );
}

/**
 * Records that a company's invoice for a payout has come; the same one again changes nothing. It must be over the payout's amount.
 * @throws Refusal `unknown_payout`, `invoice_differs`, `invoice_recorded`, `invoice_used`, `payout_ended`
 */
export async function recordInvoice(
  { db, bucketCount, now }: PayoutDeps,
  {
    reference,
    number,
    amountNanos,
    actor,
  }: { readonly reference: string; readonly number: string; readonly amountNanos: Nanos; readonly actor: string },
): Promise<{ readonly fresh: boolean }> {
  return await db.transaction(async tx => {
    const { bucket } = await knownPayout(tx, { reference, bucketCount });
    await takeTurn(tx, bucket);
    // Once more: it may have been sent or cancelled while the turn was awaited.
    const payout = await knownPayout(tx, { reference, bucketCount });
    const { payoutId, ownerId, currency, status } = payout;
    const refuse = (code: string, message: string, remedy: string) =>
      new Refusal({ code, message, remedy, details: { payout: reference, invoice: shown(number) } });
    const before = (await invoicedPayouts(tx, { bucket, payoutIds: [payoutId] })).get(payoutId);
    if (before !== undefined) {
      if (before.number === number && before.amountNanos === amountNanos) return { fresh: false };
      throw refuse(
        'invoice_recorded',
        `payout ${reference} has invoice ${shown(before.number)} already`,
        'a payout has one invoice',
      );
    }
    if (amountNanos !== payout.amountNanos) {
      const amount = `${formatAmount(payout.amountNanos, currency)} ${currency}`;
      const given = formatAmount(amountNanos, currency);
      throw refuse(
        'invoice_differs',
        `payout ${reference} is of ${amount}, not of ${given}`,
        'have the invoice corrected, or cancel the payout',
      );
    }
    if (status !== null && status !== 'approved') {
      throw refuse('payout_ended', `payout ${reference} is ${status}`, 'an invoice comes before the payout is sent');
    }
    await refuseUsed(tx, { bucket, ownerId, number }, refuse);
    await tx.query(
      `insert into payout_invoices (bucket, payout_id, owner_id, invoice_number, amount_nanos, recorded_at, actor)
       values ($1, $2, $3, $4, $5, $6, $7)`,
      [bucket, payoutId, ownerId, number, String(amountNanos), now(), actor],
    );
    return { fresh: true };
  });
}

async function refuseUsed(
  tx: pg.ClientBase,
  { bucket, ownerId, number }: { readonly bucket: number; readonly ownerId: string; readonly number: string },
  refuse: (code: string, message: string, remedy: string) => Refusal,
): Promise<void> {
  const { rows } = await tx.query<{ reference: string }>(
    `select reference
     from payout_invoices
     join payouts using (bucket, payout_id)
     where bucket = $1 and payout_invoices.owner_id = $2 and invoice_number = $3`,
    [bucket, ownerId, number],
  );
  const [used] = rows;
  if (used === undefined) return;
  throw refuse(
    'invoice_used',
    `invoice ${shown(number)} of ${shown(ownerId)} is for payout ${used.reference}`,
    'an invoice is for one payout',
  );
}
