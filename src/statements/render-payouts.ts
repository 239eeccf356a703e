import { formatAmount, nanos } from '../domain/nanos.ts';
import { type BatchRow, batchRow } from '../payouts/batches.ts';
import type { CarriedSum, DrawUp } from '../payouts/draw-up.ts';
import type { AnswersImport } from '../payouts/import-answers.ts';
import { UNMATCHED_REASONS } from '../payouts/judge-answer.ts';
import type { CarriedRow } from '../payouts/list-carried.ts';
import type { PayoutRow } from '../payouts/list-payouts.ts';
import { type SentFile, WAIT_REASONS } from '../payouts/send-batch.ts';
import type { ShownPayout } from '../payouts/show-payout.ts';
import type { UnmatchedAnswer } from '../payouts/unmatched.ts';
import { decimal, grouped, left, right, secondOf, textTable } from './text-table.ts';

/** Rows of a list within a text; JSON has them all. */
const SHOWN_ROWS = 20;

export function renderDrawUp({ period, batches, carried }: DrawUp): string {
  const drawn =
    batches.length === 0
      ? [`${period}: nothing to draw up`]
      : batchesTable(batches.map(batch => batchRow({ ...batch, byStatus: { due: batch.payouts }, files: [] })));
  return [drawn.join('\n'), ...(carried.length === 0 ? [] : [carriedText(carried)])].join('\n\n');
}

function carriedText(carried: readonly CarriedSum[]): string {
  const table = textTable(
    [left('Carried over'), right('Books'), decimal('Amount'), left('Currency')],
    carried.map(({ reason, books, amountNanos, currency }) => [
      ...[reason, grouped(books), grouped(formatAmount(nanos(amountNanos), currency)), currency],
    ]),
  );
  return table.join('\n');
}

export function renderBatches(rows: readonly BatchRow[]): string {
  if (rows.length === 0) return 'no batches of payouts';
  const files = rows.flatMap(row => row.files.map(file => ({ ...file, batch: row.id })));
  const fileTable = textTable(
    [left('File'), left('Batch'), left('Name'), right('Payouts'), left('Sent'), left('By')],
    files.map(file => [
      ...[file.id, file.batch, file.name, grouped(file.payouts), secondOf(file.sent_at), file.sent_by],
    ]),
  );
  return [batchesTable(rows).join('\n'), ...(files.length === 0 ? [] : [fileTable.join('\n')])].join('\n\n');
}

function batchesTable(rows: readonly BatchRow[]): string[] {
  return textTable(
    [left('Batch'), right('Payouts'), decimal('Amount'), left('Currency'), left('Due on'), left('Status')],
    rows.map(row => [
      ...[row.id, grouped(row.payouts), grouped(row.amount.amount), row.amount.currency, row.due_on],
      Object.entries(row.by_status)
        .map(([status, count]) => `${grouped(count)} ${status}`)
        .join(', '),
    ]),
  );
}

export function renderPayoutList(rows: readonly PayoutRow[]): string {
  if (rows.length === 0) return 'no payouts';
  return textTable(
    [
      ...[left('Reference'), left('Book'), left('Status'), decimal('Amount'), decimal('Tax'), decimal('Sent')],
      left('Currency'),
    ],
    rows.map(row => [
      ...[row.reference, row.book, row.status, grouped(row.amount.amount), grouped(row.tax.amount)],
      ...[grouped(row.sent.amount), currenciesOf(row)],
    ]),
  ).join('\n');
}

function currenciesOf({ amount, sent }: PayoutRow): string {
  return amount.currency === sent.currency ? sent.currency : `${amount.currency} > ${sent.currency}`;
}

export function renderPayout(payout: ShownPayout): string {
  const { amount, tax, net, sent } = payout;
  const lines: [string, string][] = [
    ['Payout', payout.reference],
    ['Book', `${payout.book} (${payout.payee}, ${payout.country})`],
    ['Period', payout.period],
    ['Batch', payout.batch],
    ['Status', payout.status],
    ['Amount', `${grouped(amount.amount)} ${amount.currency}`],
  ];
  if (payout.withholding !== null) {
    lines.push(['Tax', `${grouped(tax.amount)} ${tax.currency} by table ${payout.withholding}`]);
    lines.push(['Net', `${grouped(net.amount)} ${net.currency}`]);
  }
  if (payout.rate !== null) lines.push(['Rate', `${payout.rate} of ${payout.rate_day}, ${payout.rate_source}`]);
  lines.push(['Sent', `${grouped(sent.amount)} ${sent.currency} to ${safe(payout.destination)}`]);
  if (payout.invoice !== null) {
    lines.push([
      'Invoice',
      `${safe(payout.invoice.number)}, ${secondOf(payout.invoice.recorded_at)} by ${payout.invoice.by}`,
    ]);
  } else if (payout.invoice_required) lines.push(['Invoice', 'required, not recorded yet']);
  if (payout.tax_remitted_by !== null) lines.push(['Remitted', `by decision ${payout.tax_remitted_by}`]);
  const head = lines.map(([label, text]) => `${label.padEnd(10)}${text}`).join('\n');
  return [head, stepsText(payout), movesText(payout)].filter(text => text !== '').join('\n\n');
}

function stepsText({ steps }: ShownPayout): string {
  if (steps.length === 0) return '';
  return textTable(
    [left('Step'), left('At'), left('By'), left('Bank reference'), left('Cause'), left('Reason')],
    steps.map(step => [
      ...[step.status, secondOf(step.at), step.by, step.bank_reference ?? ''],
      step.decision ?? step.payment_file ?? step.answer_file ?? '',
      safe(step.reason),
    ]),
  ).join('\n');
}

function movesText({ transfers }: ShownPayout): string {
  if (transfers.length === 0) return '';
  return textTable(
    [left('Transfer'), left('Debit'), left('Credit'), decimal('Amount'), left('Currency'), left('Period')],
    transfers.map(each => [
      ...[each.reason, each.debit, each.credit, grouped(each.amount.amount), each.amount.currency, each.period],
    ]),
  ).join('\n');
}

export function renderCarried(rows: readonly CarriedRow[]): string {
  if (rows.length === 0) return 'nothing carries over';
  return textTable(
    [left('Book'), decimal('Amount'), left('Currency'), left('Reason')],
    rows.map(row => [row.book, grouped(row.amount.amount), row.amount.currency, row.reason]),
  ).join('\n');
}

/** What was written where, and what waits. */
export function renderSent({ file, fresh, waiting, ready }: SentFile, out: string): string {
  const totals = file.totals.map(each => `${grouped(formatAmount(each.amountNanos, each.currency))} ${each.currency}`);
  const lines = [
    `${out}: ${grouped(file.payouts)} ${file.payouts === 1 ? 'payout' : 'payouts'}, ${totals.join(', ')}${fresh ? '' : ' (sent before; nothing was changed)'}`,
    `file ${file.fileId}, SHA-256 ${file.sha256}`,
  ];
  if (ready > 0) lines.push(`${grouped(ready)} more can be sent: give that file another name`);
  const rows = waiting
    .slice(0, SHOWN_ROWS)
    .map(({ payout, why }) => [
      ...[payout.reference, payout.ownerId, grouped(formatAmount(payout.sentNanos, payout.sentCurrency))],
      ...[payout.sentCurrency, WAIT_REASONS[why]],
    ]);
  if (rows.length === 0) return lines.join('\n');
  const columns = [left('Not sent'), left('Book'), decimal('Amount'), left('Currency'), left('Why')];
  const more = waiting.length > rows.length ? [`… and ${grouped(waiting.length - rows.length)} more`] : [];
  return [lines.join('\n'), [...textTable(columns, rows), ...more].join('\n')].join('\n\n');
}

export function renderAnswers({ rows, paid, returned, repeated, unmatched }: AnswersImport): string {
  const summary = `${grouped(rows)} rows: ${grouped(paid)} paid, ${grouped(returned)} returned, ${grouped(repeated)} known already, ${grouped(unmatched.length)} unmatched`;
  if (unmatched.length === 0) return summary;
  const table = textTable(
    [right('Line'), left('Reference'), left('Status'), left('Why')],
    unmatched
      .slice(0, SHOWN_ROWS)
      .map(({ lineNo, row, why }) => [
        ...[String(lineNo), printable(row.reference), printable(row.status), UNMATCHED_REASONS[why]],
      ]),
  );
  const more = unmatched.length > SHOWN_ROWS ? ['… all of them: npx apportion payouts unmatched'] : [];
  return [summary, [...table, ...more].join('\n')].join('\n\n');
}

export function renderUnmatched(rows: readonly UnmatchedAnswer[]): string {
  if (rows.length === 0) return 'every answer of the bank has moved its payout';
  return textTable(
    [
      left('File'),
      right('Line'),
      left('Reference'),
      left('Status'),
      right('Amount'),
      left('Bank reference'),
      left('Why'),
    ],
    rows.map(row => [
      ...[printable(row.file), String(row.line), printable(row.reference), printable(row.status)],
      ...[`${printable(row.amount)} ${printable(row.currency)}`.trim(), printable(row.bank_reference)],
      UNMATCHED_REASONS[row.why],
    ]),
  ).join('\n');
}

const KEPT_WIDTH = 40;

/** A text from outside without what could move a terminal's cursor. */
function safe(text: string | null): string {
  return text?.replaceAll(/\p{C}/gu, '?') ?? '';
}

/** The same, not too long for a table. */
function printable(text: string | null): string {
  if (text === null) return '';
  const plain = safe(text);
  return plain.length > KEPT_WIDTH ? `${plain.slice(0, KEPT_WIDTH)}…` : plain;
}
