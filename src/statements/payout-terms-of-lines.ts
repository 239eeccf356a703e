import type pg from 'pg';
import { money } from '../domain/money.ts';
import type { BookTransfer } from '../ledger/book-transfers.ts';
import type { Payout } from '../payouts/payout.ts';
import { standingPayouts } from '../payouts/stored-payouts.ts';
import type { PayoutTermsOfLine } from './payouts.ts';

/** What the payouts among the transfers are, which never changes. */
export async function readPayouts(
  client: pg.ClientBase,
  bucket: number,
  transfers: readonly BookTransfer[],
): Promise<(payoutId: string) => PayoutTermsOfLine> {
  const ownerIds = new Set(transfers.flatMap(each => (each.payoutId === null ? [] : [each.ownerId])));
  const payouts = ownerIds.size === 0 ? [] : await standingPayouts(client, { bucket, ownerIds: [...ownerIds] });
  const lines = new Map(payouts.map(payout => [payout.payoutId, termsOf(payout)]));
  return payoutId => {
    const line = lines.get(payoutId);
    if (line === undefined) throw new Error(`transfers are of the payout ${payoutId}, which is not recorded`);
    return line;
  };
}

function termsOf(payout: Payout): PayoutTermsOfLine {
  const { payoutId, reference, period, currency, exchange } = payout;
  const paid = money(payout.sentNanos, payout.sentCurrency);
  return {
    payoutId,
    reference,
    period,
    amount: money(payout.amountNanos, currency),
    tax: money(payout.taxNanos, currency),
    net: money(payout.netNanos, currency),
    exchange: exchange === null ? null : { rate: exchange.rate, day: exchange.day, source: exchange.source, paid },
  };
}
