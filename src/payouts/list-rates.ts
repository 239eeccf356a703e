import type { Queryable } from '../db/database.ts';
import { type BusinessDay, parseBusinessDay } from '../domain/business-day.ts';
import { checkLimit, DEFAULT_LIMIT, readCursor, writeCursor } from '../domain/page-cursor.ts';
import { ratesInOrder } from './exchange-rates.ts';
import { type RecordedBy, recordedBy } from './recorded-by.ts';

export interface RateRow extends RecordedBy {
  readonly source_currency: string;
  readonly target_currency: string;
  readonly day: BusinessDay;
  readonly rate: string;
  readonly source: string;
}

export interface RatesAsked {
  readonly sourceCurrency?: string | undefined;
  readonly targetCurrency?: string | undefined;
  readonly limit?: number;
  readonly after?: string | undefined;
}

const CURSOR = [/^[A-Z]{3}$/, /^[A-Z]{3}$/, /^\d{4}-\d\d-\d\d$/];

/** The rates that hold, by currencies and day. Refuses (`bad_limit`, `bad_cursor`, `bad_date`) a page that can't be given. */
export async function listRates(
  q: Queryable,
  { sourceCurrency, targetCurrency, limit = DEFAULT_LIMIT, after }: RatesAsked,
): Promise<{ items: RateRow[]; next: string | null }> {
  const most = checkLimit(limit);
  const found = await ratesInOrder(q, {
    sourceCurrency: sourceCurrency ?? null,
    targetCurrency: targetCurrency ?? null,
    after: after === undefined ? null : keyOf(after),
    limit: most + 1,
  });
  const page = found.slice(0, most);
  const recorded = await recordedBy(q, page);
  const items = page.map(rate => ({
    source_currency: rate.sourceCurrency,
    target_currency: rate.targetCurrency,
    day: rate.day,
    rate: rate.rate,
    source: rate.source,
    ...recorded(rate),
  }));
  const last = items.at(-1);
  const next = found.length > most && last !== undefined;
  return { items, next: next ? writeCursor([last.source_currency, last.target_currency, last.day]) : null };
}

function keyOf(cursor: string) {
  const [sourceCurrency = '', targetCurrency = '', day = ''] = readCursor(cursor, CURSOR);
  return { sourceCurrency, targetCurrency, day: parseBusinessDay(day) };
}
