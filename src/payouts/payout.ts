import type { BusinessDay } from '../domain/business-day.ts';
import type { OwnerId } from '../domain/ids.ts';
import { type Nanos, nanos } from '../domain/nanos.ts';
import type { Period } from '../domain/period.ts';
import type { Flow, TransferReason } from '../domain/transfer.ts';

/** What is recorded of a payout; until there is a step, and while none of its batch is decided, it is `due`. */
export const STEP_STATUSES = ['approved', 'sent', 'paid', 'returned', 'cancelled'] as const;

export type StepStatus = (typeof STEP_STATUSES)[number];

/** As people are told it: `proposed` while an open decision names the batch of one that is due. */
export const PAYOUT_STATUSES = ['due', 'proposed', ...STEP_STATUSES] as const;

export type PayoutStatus = (typeof PAYOUT_STATUSES)[number];

/** What one payout of a batch pays, and what it went by. Amounts are whole minor units, but for what an exchange comes to. */
export interface Payout {
  readonly bucket: number;
  readonly payoutId: string;
  readonly reference: string;
  readonly batchId: string;
  readonly ownerId: OwnerId;
  readonly currency: string;
  readonly period: Period;
  /** What leaves `payable`. */
  readonly amountNanos: Nanos;
  readonly destination: string;
  readonly payeeImport: number;
  readonly country: string;
  readonly payee: 'individual' | 'company';
  readonly invoiceRequired: boolean;
  /** The table of tax; null where nothing is withheld. */
  readonly withholding: { readonly withholdingId: string; readonly importNo: number } | null;
  readonly taxNanos: Nanos;
  readonly netNanos: Nanos;
  readonly sentCurrency: string;
  readonly sentNanos: Nanos;
  /** Null for a payout in the book's own currency. */
  readonly exchange: PayoutExchange | null;
}

export interface PayoutExchange {
  /** Units of the currency sent for one of the book's. */
  readonly rate: string;
  readonly day: BusinessDay;
  readonly source: string;
  readonly importNo: number;
  /** The net amount to the nano, before it is rounded down to what is sent. */
  readonly exchangedNanos: Nanos;
}

/** Something that happened to a payout, once. */
export interface PayoutStep {
  readonly stepNo: number;
  readonly status: StepStatus;
  readonly at: Date;
  readonly ledgerDay: BusinessDay;
  readonly actor: string;
  /** What caused it: the decision, the file of payouts, or the file of the bank's answers. */
  readonly decisionId: string | null;
  readonly paymentFileId: string | null;
  readonly answerFileId: string | null;
  readonly bankReference: string | null;
  readonly reason: string | null;
  /** Of the tax withheld, what goes back to `payable` with it. */
  readonly taxReturnedNanos: Nanos;
}

/** What a step moves in the payout's book. */
export interface PayoutFlow extends Flow {
  readonly currency: string;
  readonly reason: TransferReason;
}

/** What a step of a payout moves, in this order; the halves of an exchange are the two with the account `fx`. */
export function stepFlows(
  payout: Payout,
  { status, stepNo, taxReturnedNanos }: Pick<PayoutStep, 'status' | 'stepNo' | 'taxReturnedNanos'>,
): PayoutFlow[] {
  if (status === 'approved') return approvalFlows(payout);
  const sent = { currency: payout.sentCurrency, amountNanos: payout.sentNanos };
  if (status === 'sent') return [{ ...sent, debit: 'payout_due', credit: 'payout_sent', reason: 'payout_sent' }];
  if (status === 'paid') return [{ ...sent, debit: 'payout_sent', credit: 'paid', reason: 'payout_paid' }];
  // One that was never approved has moved nothing.
  if (status === 'cancelled' && stepNo === 1) return [];
  const reason = status === 'cancelled' ? 'payout_cancelled' : 'payout_returned';
  const lies = status === 'cancelled' ? 'payout_due' : stepNo === 3 ? 'payout_sent' : 'paid';
  const tax = { currency: payout.currency, amountNanos: taxReturnedNanos };
  return [
    { ...sent, debit: lies, credit: 'payable', reason } as const,
    { ...tax, debit: 'withheld_tax', credit: 'payable', reason } as const,
  ].filter(flow => flow.amountNanos > 0n);
}

function approvalFlows({ currency, amountNanos, taxNanos, netNanos, exchange, ...payout }: Payout): PayoutFlow[] {
  const flows: PayoutFlow[] = [
    { currency, debit: 'payable', credit: 'payout_due', amountNanos, reason: 'payout' },
    { currency, debit: 'payout_due', credit: 'withheld_tax', amountNanos: taxNanos, reason: 'withholding' },
  ];
  if (exchange !== null) {
    const { sentCurrency, sentNanos } = payout;
    const { exchangedNanos } = exchange;
    const restNanos = nanos(exchangedNanos - sentNanos);
    const rest = { debit: 'payout_due', credit: 'fx_rounding', reason: 'exchange_rounding' } as const;
    flows.push(
      { currency, debit: 'payout_due', credit: 'fx', amountNanos: netNanos, reason: 'exchange' },
      { currency: sentCurrency, debit: 'fx', credit: 'payout_due', amountNanos: exchangedNanos, reason: 'exchange' },
      { currency: sentCurrency, amountNanos: restNanos, ...rest },
    );
  }
  return flows.filter(flow => flow.amountNanos > 0n);
}

/** What goes to the tax office of what was withheld from a payout. */
export function remittanceFlow({ currency, taxNanos }: Pick<Payout, 'currency' | 'taxNanos'>): PayoutFlow {
  return { currency, debit: 'withheld_tax', credit: 'tax_remitted', amountNanos: taxNanos, reason: 'tax_remitted' };
}
