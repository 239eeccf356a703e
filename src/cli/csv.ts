import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { stringify } from 'csv-stringify';
import type { Money } from '../domain/money.ts';

/**
 * Prints rows as CSV with a header, as they come; money becomes two columns, the amount and `currency`, any other object its JSON.
 * No text is left that a spreadsheet would take for a formula.
 */
export async function printCsv(
  columns: readonly string[],
  rows: AsyncIterable<object> | Iterable<object>,
): Promise<void> {
  const csv = stringify({ header: true, columns: [...columns], cast: { boolean: String } });
  await pipeline(Readable.from(flattened(rows)), csv, process.stdout, { end: false });
}

async function* flattened(rows: AsyncIterable<object> | Iterable<object>): AsyncGenerator<Record<string, unknown>> {
  for await (const row of rows) {
    const flat: Record<string, unknown> = {};
    for (const [name, value] of Object.entries(row) as [string, unknown][]) {
      if (isMoney(value)) {
        flat[name] = value.amount;
        flat.currency = value.currency;
      } else if (typeof value === 'object' && value !== null) flat[name] = JSON.stringify(value);
      else flat[name] = typeof value === 'string' ? csvText(value) : value;
    }
    yield flat;
  }
}

function isMoney(value: unknown): value is Money {
  return typeof value === 'object' && value !== null && 'amount' in value && 'currency' in value;
}

/**
 * What would be taken for a formula gets an apostrophe before it. Every text is looked at, whatever its column: ids, reasons and
 * categories come from outside too. A negative amount is none.
 */
function csvText(text: string): string {
  return /^[=+\-@\t\r]/.test(text) && !/^-\d+(\.\d+)?$/.test(text) ? `'${text}` : text;
}
