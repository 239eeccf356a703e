import type { Queryable } from '../db/database.ts';
import { aboutInstant } from '../domain/about-instant.ts';
import type { BusinessDay } from '../domain/business-day.ts';
import { nanos } from '../domain/nanos.ts';
import { type StoredWithholdingTier, withholdingTiersOf } from '../domain/withholding.ts';
import type { Effective, InvoiceRule, PayoutTerms, Recorded, WithholdingTable } from './payout-terms.ts';

/** What was in force on a day by all imports up to one. */
export interface TermsInForce {
  readonly terms: readonly Recorded<PayoutTerms>[];
  readonly tables: readonly Recorded<WithholdingTable>[];
  readonly rules: readonly Recorded<InvoiceRule>[];
}

/** All that was ever recorded of terms, tables of tax and rules on invoices, for what was known at another time. */
export class RecordedTerms {
  readonly #imports: readonly { readonly importNo: number; readonly recordedAt: Date }[];
  readonly #all: TermsInForce;
  readonly #inForce = new Map<string, TermsInForce>();

  private constructor(imports: readonly { importNo: number; recordedAt: Date }[], all: TermsInForce) {
    this.#imports = imports;
    this.#all = all;
  }

  static async read(q: Queryable): Promise<RecordedTerms> {
    const { rows: imports } = await q.query<{ importNo: number; recordedAt: Date }>(
      'select import_no as "importNo", recorded_at as "recordedAt" from payout_imports order by import_no',
    );
    const { rows: terms } = await q.query<Omit<Recorded<PayoutTerms>, 'thresholdNanos'> & { threshold: string }>(
      `select currency, effective_from as "effectiveFrom", effective_to as "effectiveTo", threshold_nanos as threshold,
         net_days as "netDays", import_no as "importNo"
       from payout_terms
       order by import_no`,
    );
    const { rows: tables } = await q.query<
      Omit<Recorded<WithholdingTable>, 'tiers'> & { tiers: readonly StoredWithholdingTier[] }
    >(
      `select withholding_id as "withholdingId", country, payee, currency, effective_from as "effectiveFrom",
         effective_to as "effectiveTo", tiers, import_no as "importNo"
       from withholding_tables
       order by import_no`,
    );
    const { rows: rules } = await q.query<Recorded<InvoiceRule>>(
      `select country, effective_from as "effectiveFrom", effective_to as "effectiveTo", required, import_no as "importNo"
       from invoice_rules
       order by import_no`,
    );
    return new RecordedTerms(imports, {
      terms: terms.map(({ threshold, ...row }) => ({ ...row, thresholdNanos: nanos(BigInt(threshold)) })),
      tables: tables.map(({ tiers, ...row }) => ({ ...row, tiers: withholdingTiersOf(tiers) })),
      rules,
    });
  }

  /** The last import that was known to what was done at an instant; several where nobody can tell, the last first. */
  lastKnownTo(at: Date): number[] {
    const { surely, perhaps } = aboutInstant(at);
    const lastUpTo = (instant: Date) =>
      this.#imports.findLast(({ recordedAt }) => recordedAt <= instant)?.importNo ?? 0;
    const [first, last] = [lastUpTo(surely), lastUpTo(perhaps)];
    return Array.from({ length: last - first + 1 }, (_, before) => last - before);
  }

  inForce({ importNo, day }: { readonly importNo: number; readonly day: BusinessDay }): TermsInForce {
    const key = `${importNo} ${day}`;
    const known = this.#inForce.get(key);
    if (known !== undefined) return known;
    const of = { importNo, day };
    const inForce: TermsInForce = {
      terms: onDay(this.#all.terms, terms => `${terms.currency} ${terms.effectiveFrom}`, of),
      tables: onDay(this.#all.tables, table => table.withholdingId, of),
      rules: onDay(this.#all.rules, rule => `${rule.country} ${rule.effectiveFrom}`, of),
    };
    this.#inForce.set(key, inForce);
    return inForce;
  }
}

/** Of the rows with one key the last recorded up to the import holds; `rows` stand in the order of their imports. */
function onDay<Row extends Recorded<Effective>>(
  rows: readonly Row[],
  keyOf: (row: Row) => string,
  { importNo, day }: { readonly importNo: number; readonly day: BusinessDay },
): Row[] {
  const last = new Map<string, Row>();
  for (const row of rows) if (row.importNo <= importNo) last.set(keyOf(row), row);
  return [...last.values()].filter(
    ({ effectiveFrom, effectiveTo }) => effectiveFrom <= day && (effectiveTo === null || effectiveTo >= day),
  );
}
