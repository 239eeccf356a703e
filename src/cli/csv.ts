import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { stringify } from 'csv-stringify';
import type { Money } from '../domain/money.ts';

type Cell = string | number | null | Money;

/** Prints rows as CSV with a header, as they come; money becomes two columns, the amount and `currency`. */
export async function printCsv(
  columns: readonly string[],
  rows: AsyncIterable<object> | Iterable<object>,
): Promise<void> {
  const text = stringify({ header: true, columns: [...columns] });
  await pipeline(Readable.from(flattened(rows)), text, process.stdout, { end: false });
}

/**
 * A text from outside as a spreadsheet shows it: what would be taken for a formula gets an apostrophe before it. For texts that people
 * read; an amount such as -0.50 is none.
 */
export function csvText(text: string | null): string | null {
  return text !== null && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
}

async function* flattened(rows: AsyncIterable<object> | Iterable<object>): AsyncGenerator<Record<string, unknown>> {
  for await (const row of rows) {
    const flat: Record<string, unknown> = {};
    for (const [name, value] of Object.entries(row) as [string, Cell][]) {
      if (typeof value === 'object' && value !== null) {
        flat[name] = value.amount;
        flat.currency = value.currency;
      } else {
        flat[name] = value;
      }
    }
    yield flat;
  }
}
