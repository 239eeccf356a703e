import type { Queryable } from '../db/database.ts';
import type { BusinessDay } from '../domain/business-day.ts';
import { type Money, money } from '../domain/money.ts';
import { type StoredWithholdingTier, storedWithholdingTiers } from '../domain/withholding.ts';
import { invoiceRules, type PayeeType, payoutTerms, withholdingTables } from './payout-terms.ts';
import { type RecordedBy, recordedBy } from './recorded-by.ts';

interface InForce extends RecordedBy {
  readonly effective_from: BusinessDay;
  readonly effective_to: BusinessDay | null;
}

export interface CurrencyRow extends InForce {
  readonly list: 'currencies';
  readonly currency: string;
  readonly threshold: Money;
  readonly net_days: number;
}

export interface WithholdingRow extends InForce {
  readonly list: 'withholding';
  readonly id: string;
  readonly country: string;
  readonly payee: PayeeType;
  readonly currency: string;
  readonly tiers: readonly StoredWithholdingTier[];
}

export interface InvoiceRow extends InForce {
  readonly list: 'invoices';
  readonly country: string;
  readonly required: boolean;
}

export type TermsRow = CurrencyRow | WithholdingRow | InvoiceRow;

/** The terms that hold, list by list, in the words of the file; `on`: only what is in force on that day, null for all. */
export async function listPayoutTerms(q: Queryable, { on }: { readonly on: BusinessDay | null }): Promise<TermsRow[]> {
  const currencies = await payoutTerms(q, { on });
  const withholding = await withholdingTables(q, { on });
  const invoices = await invoiceRules(q, { on });
  const recorded = await recordedBy(q, [...currencies, ...withholding, ...invoices]);
  const days = (entry: (typeof currencies | typeof withholding | typeof invoices)[number]) => ({
    effective_from: entry.effectiveFrom,
    effective_to: entry.effectiveTo,
    ...recorded(entry),
  });
  return [
    ...currencies.map(
      (terms): CurrencyRow => ({
        list: 'currencies',
        currency: terms.currency,
        threshold: money(terms.thresholdNanos, terms.currency),
        net_days: terms.netDays,
        ...days(terms),
      }),
    ),
    ...withholding.map(
      (table): WithholdingRow => ({
        list: 'withholding',
        id: table.withholdingId,
        country: table.country,
        payee: table.payee,
        currency: table.currency,
        tiers: storedWithholdingTiers(table.tiers, table.currency),
        ...days(table),
      }),
    ),
    ...invoices.map(
      (rule): InvoiceRow => ({ list: 'invoices', country: rule.country, required: rule.required, ...days(rule) }),
    ),
  ];
}
