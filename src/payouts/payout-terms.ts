import type { Queryable } from '../db/database.ts';
import type { BusinessDay } from '../domain/business-day.ts';
import { type Nanos, nanos } from '../domain/nanos.ts';
import { type StoredWithholdingTier, type WithholdingTier, withholdingTiersOf } from '../domain/withholding.ts';

/** Both days inclusive; without the last, it has no end. */
export interface Effective {
  readonly effectiveFrom: BusinessDay;
  readonly effectiveTo: BusinessDay | null;
}

/** When a book of a currency is paid out. */
export interface PayoutTerms extends Effective {
  readonly currency: string;
  /** At least one minor unit, and no part of one. */
  readonly thresholdNanos: Nanos;
  /** From the last day of the period to the day on which its payouts are due. */
  readonly netDays: number;
}

export type PayeeType = 'individual' | 'company';

/** The tax that is withheld from payouts of a currency to payees of a country. */
export interface WithholdingTable extends Effective {
  readonly withholdingId: string;
  readonly country: string;
  readonly payee: PayeeType;
  readonly currency: string;
  readonly tiers: readonly WithholdingTier[];
}

/** Whether companies of a country have to send an invoice before they are paid. */
export interface InvoiceRule extends Effective {
  readonly country: string;
  readonly required: boolean;
}

/** With the number of the import that recorded it. */
export type Recorded<Value> = Value & { readonly importNo: number };

/** Entries that hold, of the days around `on` alone unless that is null. */
export interface TermsAsked {
  readonly on: BusinessDay | null;
  readonly currency?: string;
}

/** The terms of a currency in force on the day; null: nothing may be paid out. */
export async function payoutTermsOn(
  q: Queryable,
  { day, currency }: { readonly day: BusinessDay; readonly currency: string },
): Promise<Recorded<PayoutTerms> | null> {
  return (await payoutTerms(q, { on: day, currency }))[0] ?? null;
}

/** By currency and first day. */
export async function payoutTerms(q: Queryable, { on, currency }: TermsAsked): Promise<Recorded<PayoutTerms>[]> {
  const { rows } = await q.query<Omit<Recorded<PayoutTerms>, 'thresholdNanos'> & { threshold: string }>(
    `select currency, effective_from as "effectiveFrom", effective_to as "effectiveTo", threshold_nanos as threshold,
       net_days as "netDays", import_no as "importNo"
     from (
       select distinct on (currency, effective_from)
         currency, effective_from, effective_to, threshold_nanos, net_days, import_no
       from payout_terms
       order by currency, effective_from, import_no desc
     ) as last_recorded
     where ${IN_FORCE} and ($2::text is null or currency = $2)
     order by currency, effective_from`,
    [on, currency ?? null],
  );
  return rows.map(({ threshold, ...row }) => ({ ...row, thresholdNanos: nanos(BigInt(threshold)) }));
}

/** By country, payee, currency and first day. */
export async function withholdingTables(
  q: Queryable,
  { on, currency }: TermsAsked,
): Promise<Recorded<WithholdingTable>[]> {
  const { rows } = await q.query<
    Omit<Recorded<WithholdingTable>, 'tiers'> & { readonly tiers: readonly StoredWithholdingTier[] }
  >(
    `select withholding_id as "withholdingId", country, payee, currency, effective_from as "effectiveFrom",
       effective_to as "effectiveTo", tiers, import_no as "importNo"
     from (
       select distinct on (withholding_id)
         withholding_id, country, payee, currency, effective_from, effective_to, tiers, import_no
       from withholding_tables
       order by withholding_id, import_no desc
     ) as last_recorded
     where ${IN_FORCE} and ($2::text is null or currency = $2)
     order by country, payee, currency, effective_from`,
    [on, currency ?? null],
  );
  return rows.map(({ tiers, ...row }) => ({ ...row, tiers: withholdingTiersOf(tiers) }));
}

/** By country and first day. */
export async function invoiceRules(q: Queryable, { on }: Pick<TermsAsked, 'on'>): Promise<Recorded<InvoiceRule>[]> {
  const { rows } = await q.query<Recorded<InvoiceRule>>(
    `select country, effective_from as "effectiveFrom", effective_to as "effectiveTo", required, import_no as "importNo"
     from (
       select distinct on (country, effective_from)
         country, effective_from, effective_to, required, import_no
       from invoice_rules
       order by country, effective_from, import_no desc
     ) as last_recorded
     where ${IN_FORCE}
     order by country, effective_from`,
    [on],
  );
  return rows;
}

const IN_FORCE = `($1::date is null or effective_from <= $1 and (effective_to is null or effective_to >= $1))`;
