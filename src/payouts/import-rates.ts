import type pg from 'pg';
import { z } from 'zod';
import { type Entry, parseEntry } from '../catalog/file-entries.ts';
import { currencyField, dayField, parsedField, textField } from '../catalog/file-fields.ts';
import { FileProblems } from '../catalog/file-problems.ts';
import { readCsv } from '../db/read-csv.ts';
import type { BusinessDay } from '../domain/business-day.ts';
import { parseRate } from '../domain/exchange.ts';
import type { ExchangeRate } from './exchange-rates.ts';
import { type PayoutImport, type Recording, recordPayoutImport } from './record-import.ts';

export const BAD_RATES = 'bad_rates';

const MOST_ROWS = 100_000;
const COLUMNS = ['source_currency', 'target_currency', 'day', 'rate', 'source'] as const;
const RATE = 'write a decimal number above 0 with at most 9 digits before the point and 12 after it, such as 0.1454';

const rateEntry = z.strictObject({
  source_currency: currencyField,
  target_currency: currencyField,
  day: dayField,
  rate: parsedField(RATE, parseRate),
  source: textField(140),
});

/**
 * Records the rates of a CSV text that are new or say something else than the one of the same currencies and day. A second import of
 * the same changes nothing; payouts that are drawn up keep their rate. `today` is the business day of the import.
 * @throws Refusal `bad_csv`, `bad_rates` naming the row
 */
export async function importExchangeRates(
  tx: pg.ClientBase,
  { text, source, today }: { readonly text: string; readonly source: string; readonly today: BusinessDay },
  recording: Recording,
): Promise<PayoutImport> {
  const problems = new FileProblems({ source, code: BAD_RATES });
  const rates = checked(problems, { lines: await readCsv(tx, { text, source }, COLUMNS), today });
  problems.refuseIfAny();
  const rows = rates.map(rate => [rate.sourceCurrency, rate.targetCurrency, rate.day, rate.rate, rate.source]);
  return await recordPayoutImport(tx, { kind: 'rates', tables: [{ table: 'exchange_rates', rows }] }, recording);
}

function checked(
  problems: FileProblems,
  { lines, today }: { readonly lines: readonly object[]; readonly today: BusinessDay },
): ExchangeRate[] {
  if (lines.length > MOST_ROWS) {
    const remedy = `hand in at most ${MOST_ROWS} at a time`;
    problems.add({ place: 'the file', value: lines, fault: `of ${lines.length} rows`, remedy });
    return [];
  }
  const rates: ExchangeRate[] = [];
  const placeOf = new Map<string, string>();
  for (const [index, line] of lines.entries()) {
    const entry = parseEntry(line, { place: `row ${index + 1}`, schema: rateEntry, problems });
    if (entry === null) continue;
    const { source_currency: sourceCurrency, target_currency: targetCurrency, day, rate, source } = entry.value;
    checkRow(problems, entry, today);
    const key = `${sourceCurrency} ${targetCurrency} ${day}`;
    const before = placeOf.get(key);
    if (before !== undefined) {
      const fault = `the day of ${before} too, for the same currencies`;
      problems.add({ place: `${entry.place}.day`, value: day, fault, remedy: 'keep one of them' });
    }
    placeOf.set(key, entry.place);
    rates.push({ sourceCurrency, targetCurrency, day, rate, source });
  }
  return rates;
}

function checkRow(
  problems: FileProblems,
  { place, value: { source_currency: from, target_currency: to, day } }: Entry<z.output<typeof rateEntry>>,
  today: BusinessDay,
): void {
  if (from === to) {
    const remedy = 'name two currencies';
    problems.add({ place: `${place}.target_currency`, value: to, fault: 'the source too', remedy });
  }
  if (day > today) {
    const fault = `after today, ${today}`;
    problems.add({ place: `${place}.day`, value: day, fault, remedy: 'record a rate once it is published' });
  }
}
