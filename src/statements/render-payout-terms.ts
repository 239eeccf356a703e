import type { PayeeRow } from '../payouts/list-payees.ts';
import type { RateRow } from '../payouts/list-rates.ts';
import type { CurrencyRow, InvoiceRow, TermsRow, WithholdingRow } from '../payouts/list-terms.ts';
import { percentOf } from './rates.ts';
import { decimal, grouped, left, right, textTable } from './text-table.ts';

const RECORDED = [left('Recorded'), left('By')];

export function renderPayoutTerms(rows: readonly TermsRow[]): string {
  const tables = [
    currencyTable(rows.filter(row => row.list === 'currencies')),
    withholdingTable(rows.filter(row => row.list === 'withholding')),
    invoiceTable(rows.filter(row => row.list === 'invoices')),
  ].filter(lines => lines.length > 0);
  if (tables.length === 0) return 'no payout terms: nothing is paid out';
  return tables.map(lines => lines.join('\n')).join('\n\n');
}

function currencyTable(rows: readonly CurrencyRow[]): string[] {
  if (rows.length === 0) return [];
  return textTable(
    [left('Currency'), decimal('Threshold'), right('Due after'), left('In force'), ...RECORDED],
    rows.map(row => [
      row.currency,
      grouped(row.threshold.amount),
      `${row.net_days} ${row.net_days === 1 ? 'day' : 'days'}`,
      daysOf(row),
      ...recordedOf(row),
    ]),
  );
}

/** A line for each tier, the first with what the table is for. */
function withholdingTable(rows: readonly WithholdingRow[]): string[] {
  if (rows.length === 0) return [];
  return textTable(
    [left('Withholding'), left('For'), right('Up to'), right('Rate'), left('In force'), ...RECORDED],
    rows.flatMap(row =>
      row.tiers.map(({ up_to: upTo, rate }, index) => {
        const tier = [upTo === undefined ? 'more' : grouped(upTo), percentOf(rate)];
        if (index > 0) return ['', '', ...tier];
        return [row.id, `${row.country} ${row.payee} ${row.currency}`, ...tier, daysOf(row), ...recordedOf(row)];
      }),
    ),
  );
}

function invoiceTable(rows: readonly InvoiceRow[]): string[] {
  if (rows.length === 0) return [];
  return textTable(
    [left('Companies of'), left('Invoice'), left('In force'), ...RECORDED],
    rows.map(row => [row.country, row.required ? 'before payment' : 'not asked for', daysOf(row), ...recordedOf(row)]),
  );
}

export function renderPayees(rows: readonly PayeeRow[]): string {
  if (rows.length === 0) return 'no payees: nothing is paid out';
  return textTable(
    [left('Payee'), left('Destination'), left('Currency'), decimal('Minimum'), left('Hold'), ...RECORDED],
    rows.map(row => [
      row.id,
      row.destination ?? 'none',
      row.currency ?? "the book's",
      row.minimum === null ? '' : grouped(row.minimum),
      row.hold ? 'on hold' : '',
      ...recordedOf(row),
    ]),
  ).join('\n');
}

export function renderRates(rows: readonly RateRow[]): string {
  if (rows.length === 0) return 'no rates of exchange';
  return textTable(
    [left('Of'), left('In'), left('Day'), decimal('Rate'), left('Published by'), ...RECORDED],
    rows.map(row => [
      row.source_currency,
      row.target_currency,
      row.day,
      grouped(row.rate),
      row.source,
      ...recordedOf(row),
    ]),
  ).join('\n');
}

function daysOf({ effective_from: from, effective_to: to }: CurrencyRow | WithholdingRow | InvoiceRow): string {
  return to === null ? `from ${from}` : `${from} to ${to}`;
}

function recordedOf({
  recorded_at: at,
  recorded_by: by,
}: {
  readonly recorded_at: string;
  readonly recorded_by: string;
}) {
  return [at, by];
}
