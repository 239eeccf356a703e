import type pg from 'pg';
import type { BusinessDay } from '../domain/business-day.ts';
import type { Period } from '../domain/period.ts';
import { payableAfter } from '../ledger/payable-after.ts';
import { balancesThrough } from '../ledger/stored-seals.ts';
import { type ExchangeRate, ratesOn } from './exchange-rates.ts';
import { available, type BookPayable, type CarryReason, judgeBook, type Terms } from './judge-book.ts';
import { payeesOf } from './payees.ts';
import { type PayoutTerms, payoutTerms, type Recorded } from './payout-terms.ts';
import { drawnOfBooks } from './stored-payouts.ts';
import { withholdingFor } from './tax-treatment.ts';

/** A book that has no payout of the period yet, and what becomes of what it is owed. */
export interface JudgedBook {
  readonly ownerId: string;
  readonly currency: string;
  /** What may be paid of it, or the negative balance that it carries on. */
  readonly availableNanos: bigint;
  readonly pays: Terms | null;
  readonly carries: CarryReason | null;
}

/** Terms and rates of a day, read once for all buckets. */
export class DayTerms {
  readonly day: BusinessDay;
  readonly #terms: ReadonlyMap<string, Recorded<PayoutTerms>>;
  readonly #rates = new Map<string, Map<string, Recorded<ExchangeRate>>>();

  private constructor(day: BusinessDay, terms: readonly Recorded<PayoutTerms>[]) {
    this.day = day;
    this.#terms = new Map(terms.map(each => [each.currency, each]));
  }

  static async read(tx: pg.ClientBase, day: BusinessDay): Promise<DayTerms> {
    return new DayTerms(day, await payoutTerms(tx, { on: day }));
  }

  of(currency: string): Recorded<PayoutTerms> | null {
    return this.#terms.get(currency) ?? null;
  }

  async rates(tx: pg.ClientBase, sourceCurrency: string): Promise<Map<string, Recorded<ExchangeRate>>> {
    let rates = this.#rates.get(sourceCurrency);
    if (rates === undefined) {
      rates = await ratesOn(tx, { sourceCurrency, day: this.day });
      this.#rates.set(sourceCurrency, rates);
    }
    return rates;
  }
}

/** Judges the books of a bucket for a closed period, in the order of owner and currency. `tx` reads one snapshot. */
export async function judgedBooks(
  tx: pg.ClientBase,
  { bucket, period, dayTerms }: { readonly bucket: number; readonly period: Period; readonly dayTerms: DayTerms },
): Promise<JudgedBook[]> {
  const judged: JudgedBook[] = [];
  for (const [currency, books] of await payablesByCurrency(tx, { bucket, period })) {
    const ownerIds = [...books.keys()];
    const payees = await payeesOf(tx, ownerIds);
    const taxes = await withholdingFor(tx, { ownerIds, currency, day: dayTerms.day });
    const rates = await dayTerms.rates(tx, currency);
    for (const [ownerId, payable] of books) {
      const payee = payees.get(ownerId) ?? null;
      const rate = rates.get(payee?.currency ?? currency) ?? null;
      const tax = taxes.get(ownerId) ?? null;
      const judgement = judgeBook(payable, { currency, terms: dayTerms.of(currency), payee, tax, rate });
      judged.push({
        ...{ ownerId, currency, availableNanos: available(payable) },
        ...{ pays: null, carries: null, ...judgement },
      });
    }
  }
  return judged.sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
}

/** Of books that were owed or owe anything and have no payout of the period, by currency and owner. */
async function payablesByCurrency(
  tx: pg.ClientBase,
  { bucket, period }: { readonly bucket: number; readonly period: Period },
): Promise<Map<string, Map<string, BookPayable>>> {
  const books = new Map<string, { ownerId: string; currency: string } & BookPayable>();
  const change = (of: { readonly ownerId: string; readonly currency: string }, changes: Partial<BookPayable>) => {
    const { ownerId, currency } = of;
    const before = books.get(keyOf(of)) ?? { ownerId, currency, ...NOTHING };
    books.set(keyOf(of), { ...before, ...changes });
  };
  for (const [book, { payable = '0' }] of await balancesThrough(tx, { bucket, period })) {
    const [ownerId = '', currency = ''] = book.split('\0');
    change({ ownerId, currency }, { sealedNanos: BigInt(payable) });
  }
  for (const { sinceNanos, byPayoutsNanos, ...of } of await payableAfter(tx, { bucket, period })) {
    change(of, { sinceNanos, byPayoutsNanos });
  }
  for (const { drawnNanos, hasOfPeriod, ...of } of await drawnOfBooks(tx, { bucket, period })) {
    if (hasOfPeriod) books.delete(keyOf(of));
    else change(of, { drawnNanos });
  }
  const byCurrency = new Map<string, Map<string, BookPayable>>();
  for (const { ownerId, currency, ...payable } of books.values()) {
    // Nothing is left of what was owed at the end of the period, but nothing is owed to us either.
    if (available(payable) <= 0n && payable.sealedNanos + payable.sinceNanos >= 0n) continue;
    const ofCurrency = byCurrency.get(currency) ?? new Map<string, BookPayable>();
    byCurrency.set(currency, ofCurrency.set(ownerId, payable));
  }
  return byCurrency;
}

const NOTHING: BookPayable = { sealedNanos: 0n, sinceNanos: 0n, byPayoutsNanos: 0n, drawnNanos: 0n };

function keyOf({ ownerId, currency }: { readonly ownerId: string; readonly currency: string }): string {
  return `${ownerId}\0${currency}`;
}
