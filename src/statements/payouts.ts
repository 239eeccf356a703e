import { type Money, money } from '../domain/money.ts';
import { nanos } from '../domain/nanos.ts';
import type { Period } from '../domain/period.ts';
import type { AccountKind, TransferReason } from '../domain/transfer.ts';
import { type BookTransfer, movedOn } from '../ledger/book-transfers.ts';
import type { AccountBalances } from '../ledger/opening-balances.ts';
import { instantOf } from './corrections.ts';

/** A payout that moved in the period. */
export interface StatementPayout {
  readonly payout_id: string;
  /** What the bank's transfer bears. */
  readonly reference: string;
  /** Of whose end it pays out. */
  readonly period: Period;
  /** Where it stood at the end of the statement's period. */
  readonly status: PayoutStatus;
  /** When it came to that. */
  readonly booked_at: string;
  /** In the currency of the book: amount − tax = net. */
  readonly amount: Money;
  readonly tax: Money;
  readonly net: Money;
  /** What the net came to in another currency; null where it is paid in its own. */
  readonly exchange: StatementExchange | null;
  /** Of what is payable in the statement's currency, in the period. */
  readonly change: Money;
}

export interface StatementExchange {
  readonly rate: string;
  /** The day that the rate is of, and where it is from. */
  readonly day: string;
  readonly source: string;
  readonly paid: Money;
}

export type PayoutStatus = 'approved' | 'sent' | 'paid' | 'returned' | 'cancelled';

/** Tax: opening + withheld − remitted − given_back = closing. */
export interface StatementWithholding {
  /** Withheld, and not yet remitted to the tax office. */
  readonly opening: Money;
  readonly withheld: Money;
  readonly remitted: Money;
  /** Of payouts that were cancelled or came back. */
  readonly given_back: Money;
  readonly closing: Money;
}

export interface UnderWay {
  readonly opening: Money;
  readonly closing: Money;
}

/** What a payout is, which never changes. */
export interface PayoutTermsOfLine {
  readonly payoutId: string;
  readonly reference: string;
  readonly period: Period;
  readonly amount: Money;
  readonly tax: Money;
  readonly net: Money;
  readonly exchange: StatementExchange | null;
}

const STATUS_OF: Partial<Record<TransferReason, PayoutStatus>> = {
  payout: 'approved',
  payout_sent: 'sent',
  payout_paid: 'paid',
  payout_returned: 'returned',
  payout_cancelled: 'cancelled',
};

export function isOfPayout({ payoutId }: Pick<BookTransfer, 'payoutId'>): boolean {
  return payoutId !== null;
}

/**
 * The payouts among transfers of one currency, in the order in which they first moved. Their status is the last step that the
 * book's transfers of the period show, in whichever currency, so that it stays what it was at the end of the period.
 */
export function payoutsAmong(
  transfers: readonly BookTransfer[],
  {
    ofPeriod,
    termsOf,
  }: { readonly ofPeriod: readonly BookTransfer[]; readonly termsOf: (payoutId: string) => PayoutTermsOfLine },
): StatementPayout[] {
  const steps = transfers.filter(isStep);
  return [...Map.groupBy(steps, each => each.payoutId as string)].flatMap(([payoutId, ofPayout]) => {
    const last = ofPeriod.findLast(each => each.payoutId === payoutId && isStep(each));
    const [{ currency } = { currency: '' }] = ofPayout;
    if (last === undefined) return [];
    const { reference, period, amount, tax, net, exchange } = termsOf(payoutId);
    return [
      {
        payout_id: payoutId,
        reference,
        period,
        status: STATUS_OF[last.reason] as PayoutStatus,
        booked_at: instantOf(last),
        amount,
        tax,
        net,
        exchange,
        change: money(movedOn('payable', ofPayout), currency),
      },
    ];
  });
}

function isStep({ payoutId, reason }: BookTransfer): boolean {
  return payoutId !== null && STATUS_OF[reason] !== undefined;
}

export function withholdingAmong(
  transfers: readonly BookTransfer[],
  { currency, opening }: { readonly currency: string; readonly opening: AccountBalances },
): StatementWithholding | null {
  const tax = transfers.filter(each => each.debit === 'withheld_tax' || each.credit === 'withheld_tax');
  const openingNanos = opening.get('withheld_tax') ?? nanos(0n);
  if (openingNanos === 0n && tax.length === 0) return null;
  const to = (credit: AccountKind) => {
    const moved = tax.filter(each => each.debit === 'withheld_tax' && each.credit === credit);
    return money(movedOn(credit, moved), currency);
  };
  const withheld = tax.filter(each => each.credit === 'withheld_tax');
  return {
    opening: money(openingNanos, currency),
    withheld: money(movedOn('withheld_tax', withheld), currency),
    remitted: to('tax_remitted'),
    given_back: to('payable'),
    closing: money(nanos(openingNanos + movedOn('withheld_tax', tax)), currency),
  };
}

export function underWay({
  currency,
  opening,
  closing,
}: {
  readonly currency: string;
  readonly opening: AccountBalances;
  readonly closing: AccountBalances;
}): UnderWay | null {
  const [before, after] = [onTheWay(opening), onTheWay(closing)];
  if (before === 0n && after === 0n) return null;
  return { opening: money(nanos(before), currency), closing: money(nanos(after), currency) };
}

function onTheWay(accounts: AccountBalances): bigint {
  return (accounts.get('payout_due') ?? 0n) + (accounts.get('payout_sent') ?? 0n);
}
