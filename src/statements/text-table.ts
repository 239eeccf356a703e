/** Columns of a terminal that statements and explanations keep to, where amounts let them. */
const PAGE_WIDTH = 100;

export interface Column {
  readonly title: string;
  /** `decimal`: decimal points stand below each other. */
  readonly align: 'left' | 'right' | 'decimal';
}

export const left = (title: string): Column => ({ title, align: 'left' });
export const right = (title: string): Column => ({ title, align: 'right' });
export const decimal = (title: string): Column => ({ title, align: 'decimal' });

const GAP = '  ';
const MIN_LABEL_WIDTH = 16;

/** "1234567.5" as "1,234,567.5". */
export function grouped(decimal: string | number): string {
  const [, sign = '', whole = '', fraction = ''] = /^(-?)(\d+)(\.\d+)?$/.exec(String(decimal)) ?? [];
  return `${sign}${whole.replaceAll(/\B(?=(\d{3})+$)/g, ',')}${fraction}`;
}

/** The lines of `textTableRows`, one after the other. */
export function textTable(columns: readonly Column[], rows: readonly (readonly string[])[]): string[] {
  return textTableRows(columns, rows).flat();
}

/**
 * The lines of a table's head (none without titles) and then of each row. The first column, of labels, takes what the others leave
 * of the page; a label that is longer gets a line of its own. Nothing is ever cut: ids and amounts stay whole.
 */
export function textTableRows(columns: readonly Column[], rows: readonly (readonly string[])[]): string[][] {
  const cells = columns.map((column, index) => {
    const texts = rows.map(row => row[index] ?? '');
    return column.align === 'decimal' ? alignedAtPoint(texts) : texts;
  });
  const widths = columns.map(({ title }, index) => longest([title, ...(cells[index] ?? [])]));
  const figuresWidth = widths.slice(1).reduce((sum, width) => sum + GAP.length + width, 0);
  const labelWidth = Math.min(widths[0] ?? 0, Math.max(MIN_LABEL_WIDTH, PAGE_WIDTH - figuresWidth));

  const linesOf = ([label = '', ...texts]: readonly string[]): string[] => {
    const figures = texts.map((text, index) => padded(text, columns[index + 1], widths[index + 1] ?? 0)).join(GAP);
    const line = (start: string) => `${padEnd(start, labelWidth)}${GAP}${figures}`.trimEnd();
    return displayWidth(label) <= labelWidth ? [line(label)] : [label, line('')];
  };
  const titles = columns.map(column => column.title);
  const head = titles.some(title => title !== '') ? linesOf(titles) : [];
  return [head, ...rows.map((_, row) => linesOf(cells.map(column => column[row] ?? '')))];
}

function longest(texts: readonly string[]): number {
  return texts.reduce((max, text) => Math.max(max, displayWidth(text)), 0);
}

function padded(text: string, column: Column | undefined, width: number): string {
  return column?.align === 'left' ? padEnd(text, width) : padStart(text, width);
}

/** Pads on the right, so that right-aligned numbers have their points below each other. */
function alignedAtPoint(texts: readonly string[]): string[] {
  const decimals = texts.map(text => (text.includes('.') ? text.length - text.indexOf('.') : 0));
  const most = decimals.reduce((max, each) => Math.max(max, each), 0);
  return texts.map((text, index) => (text === '' ? '' : text + ' '.repeat(most - (decimals[index] ?? 0))));
}

/** Characters that take two columns of a terminal: East Asian wide and full-width ones, and emoji. */
const WIDE =
  /[\u1100-\u115F\u2E80-\u303E\u3041-\u33FF\u3400-\u4DBF\u4E00-\u9FFF\uA000-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60\uFFE0-\uFFE6]|\p{Emoji_Presentation}|[\u{20000}-\u{3FFFD}]/gu;
const NARROW_ONLY = /^[\u0020-\u02FF]*$/;

/** Columns of a terminal that a text takes. */
export function displayWidth(text: string): number {
  if (NARROW_ONLY.test(text)) return text.length;
  const shown = text.replaceAll(/[\p{Mn}\p{Me}\p{Cf}]/gu, '');
  return [...shown].length + (shown.match(WIDE)?.length ?? 0);
}

export function padStart(text: string, width: number): string {
  return ' '.repeat(Math.max(0, width - displayWidth(text))) + text;
}

function padEnd(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - displayWidth(text)));
}

export function amount(money: { readonly amount: string } | null): string {
  return money === null ? '' : grouped(money.amount);
}

export function isZero(decimal: string): boolean {
  return !/[1-9]/.test(decimal);
}

/** "2018-04-17 01:00 UTC" */
export function minuteOf(instant: string): string {
  return `${instant.slice(0, 10)} ${instant.slice(11, 16)} UTC`;
}

/** `2018-04-15T02:00:00.000Z` as `2018-04-15 02:00:00Z`. */
export function secondOf(instant: string): string {
  return `${instant.slice(0, 10)} ${instant.slice(11, 19)}Z`;
}
