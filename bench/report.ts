import { isMoreBetter, judgedValues, type Row, spreadOf, type Target, type Unit, verdictOf } from './row.ts';

const HEAD = ['figure', 'median', 'reference', 'ratio', 'spread', 'runs', 'at least', 'aim', 'met'];

/** The rows as a table for people. */
export function tableOf(rows: readonly Row[]): string {
  const cells = [HEAD, ...rows.map(cellsOf)];
  const widths = HEAD.map((_, column) => Math.max(...cells.map(row => (row[column] ?? '').length)));
  const rule = widths.map(width => '─'.repeat(width)).join('  ');
  const lines = cells.map(row =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
  return [lines[0], rule, ...lines.slice(1)].join('\n');
}

/** A row with what follows from it, as the JSON file has it. */
export function dataOf(row: Row): object {
  return { ...row, median: spreadOf(row.values).median, judged: spreadOf(judgedValues(row)), met: verdictOf(row) };
}

function cellsOf(row: Row): string[] {
  const { unit, reference, target } = row;
  const judged = spreadOf(judgedValues(row));
  const shown = (value: number) => (reference === undefined ? format(value, unit) : ratio(value));
  return [
    row.figure,
    withUnit(spreadOf(row.values).median, unit),
    reference === undefined ? '' : `${reference.name} ${format(spreadOf(reference.values).median, unit)}`,
    reference === undefined ? '' : `${ratio(judged.median)} ×`,
    row.values.length < 2 ? '' : `${shown(judged.min)}–${shown(judged.max)}`,
    String(row.values.length),
    target === undefined ? '' : bound(target, 'limit', reference === undefined),
    target === undefined ? '' : bound(target, 'aim', reference === undefined),
    verdictOf(row) ?? '',
  ];
}

function bound(target: Target, which: 'limit' | 'aim', absolute: boolean): string {
  const sign = isMoreBetter(target.limit, target.aim) ? '≥' : '≤';
  return `${sign} ${ratio(target[which])}${absolute ? '' : ' ×'}`;
}

function withUnit(value: number, unit: Unit): string {
  return `${format(value, unit)} ${unit}`;
}

/** Three significant digits, without exponents. */
function format(value: number, unit: Unit): string {
  if (value >= 100 || unit === 'events/s') return Math.round(value).toLocaleString('en-US');
  return value.toPrecision(3);
}

function ratio(value: number): string {
  if (value >= 100) return Math.round(value).toLocaleString('en-US');
  return String(Number(value.toPrecision(3)));
}
