import type { PeriodRow } from '../closing/list-periods.ts';
import { grouped, left, right, textTable } from './text-table.ts';

/** Half-months with their seals, and below them what keeps the next one from being closed. */
export function periodsTable(rows: readonly PeriodRow[]): string {
  const table = textTable(
    [
      left('Period'),
      left('State'),
      left('Closes on'),
      left('Closed'),
      right('Transfers'),
      right('Books'),
      left('Seal'),
    ],
    rows.map(row => [
      row.period,
      row.state,
      row.closes_on ?? '',
      row.closed_at === null ? '' : `${row.closed_at.slice(0, 16).replace('T', ' ')}Z`,
      row.transfers === null ? '' : grouped(row.transfers),
      row.books === null ? '' : grouped(row.books),
      row.seal ?? '',
    ]),
  );
  const next = rows.findLast(row => row.state === 'over');
  const blocks = next?.blocks ?? [];
  if (next === undefined || blocks.length === 0) return table.join('\n');
  const remedies = [...new Set(blocks.map(block => block.remedy))];
  return [
    ...table,
    '',
    `${next.period} can't be closed yet:`,
    ...blocks.map(block => `  ${block.message}`),
    ...remedies.map(remedy => `  → ${remedy}`),
  ].join('\n');
}
