import { exchanged } from '../domain/exchange.ts';
import { downToMinor } from '../domain/minor-unit.ts';
import { type Nanos, nanos } from '../domain/nanos.ts';
import { withheld } from '../domain/withholding.ts';
import type { ExchangeRate } from './exchange-rates.ts';
import type { Payee } from './payees.ts';
import type { Payout } from './payout.ts';
import type { PayoutTerms, Recorded } from './payout-terms.ts';
import type { TaxTreatment } from './tax-treatment.ts';

/** Why a book is paid nothing for a period, in the order in which it is asked; what it is owed carries over. */
export const CARRY_REASONS = [
  'negative',
  'no_terms',
  'below_threshold',
  'own_hold',
  'below_minimum',
  'no_destination',
  'no_rate',
] as const;

export type CarryReason = (typeof CARRY_REASONS)[number];

/** What is payable in a book, in nanos of its currency; money that is held stands on another account and is never in it. */
export interface BookPayable {
  /** At the end of the closed period. */
  readonly sealedNanos: bigint;
  /** What was booked since. */
  readonly sinceNanos: bigint;
  /** Of that, what payouts took and gave back: it was payable at the end of the period as far as they took it. */
  readonly byPayoutsNanos: bigint;
  /** Of payouts that are drawn up and not yet approved or cancelled. */
  readonly drawnNanos: bigint;
}

/**
 * What may be paid of a book for the period: what was payable at its end and still is, less what payouts of it have taken since and
 * what is drawn up already. Negative where the book owes.
 */
export function available({ sealedNanos, sinceNanos, byPayoutsNanos, drawnNanos }: BookPayable): bigint {
  const left = sealedNanos + (byPayoutsNanos < 0n ? byPayoutsNanos : 0n);
  const now = sealedNanos + sinceNanos;
  return (left < now ? left : now) - drawnNanos;
}

/** What is on record for a book, of the day on which it is drawn up. */
export interface BookTerms {
  readonly terms: Recorded<PayoutTerms> | null;
  readonly payee: Recorded<Payee> | null;
  readonly tax: TaxTreatment | null;
  /** Into the currency that the payee wants. */
  readonly rate: Recorded<ExchangeRate> | null;
}

/** The part of a payout that follows from amount and terms. */
export type Terms = Omit<Payout, 'bucket' | 'payoutId' | 'reference' | 'batchId' | 'ownerId' | 'currency' | 'period'>;

/** What a book is paid, or why it isn't. */
export function judgeBook(
  payable: BookPayable,
  { currency, terms, payee, tax, rate }: BookTerms & { readonly currency: string },
): { readonly pays: Terms } | { readonly carries: CarryReason } {
  const availableNanos = available(payable);
  if (payable.sealedNanos + payable.sinceNanos < 0n) return { carries: 'negative' };
  // Of an individual whose country has no table nobody knows what is to be withheld.
  if (terms === null || tax === null || (tax.payee === 'individual' && tax.table === null)) {
    return { carries: 'no_terms' };
  }
  if (availableNanos < terms.thresholdNanos) return { carries: 'below_threshold' };
  if (payee?.onHold === true) return { carries: 'own_hold' };
  if (payee !== null && payee.minimumNanos !== null && availableNanos < payee.minimumNanos) {
    return { carries: 'below_minimum' };
  }
  if (payee === null || payee.destination === null) return { carries: 'no_destination' };
  const sentCurrency = payee.currency ?? currency;
  if (sentCurrency !== currency && rate === null) return { carries: 'no_rate' };
  const amountNanos = downToMinor(nanos(availableNanos), currency);
  const taxNanos = tax.table === null ? nanos(0n) : withheld({ amountNanos, tiers: tax.table.tiers, currency });
  const netNanos = nanos(amountNanos - taxNanos);
  const sent = sentOf(netNanos, { currency, sentCurrency, rate });
  // Tax or exchange leave nothing that could be sent.
  if (sent.sentNanos === 0n) return { carries: 'below_threshold' };
  return {
    pays: {
      ...{ amountNanos, taxNanos, netNanos, sentCurrency, ...sent },
      ...{ destination: payee.destination, payeeImport: payee.importNo },
      ...{ country: tax.country, payee: tax.payee, invoiceRequired: tax.invoiceRequired },
      withholding: tax.table === null ? null : { withholdingId: tax.table.withholdingId, importNo: tax.table.importNo },
    },
  };
}

function sentOf(
  netNanos: Nanos,
  {
    currency,
    sentCurrency,
    rate: of,
  }: { readonly currency: string; readonly sentCurrency: string; readonly rate: Recorded<ExchangeRate> | null },
): Pick<Payout, 'sentNanos' | 'exchange'> {
  if (sentCurrency === currency || of === null) return { sentNanos: netNanos, exchange: null };
  const { rate, day, source, importNo } = of;
  const { targetNanos, minorNanos } = exchanged({ amountNanos: netNanos, rate, currency: sentCurrency });
  return { sentNanos: minorNanos, exchange: { rate, day, source, importNo, exchangedNanos: targetNanos } };
}
