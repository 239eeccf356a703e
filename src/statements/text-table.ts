/** Columns of a terminal that statements and explanations keep to, where amounts let them. */
const PAGE_WIDTH = 100;

export interface Column {
  readonly title: string;
  /** `decimal`: decimal points stand below each other. */
  readonly align: 'left' | 'right' | 'decimal';
}

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
    const line = (start: string) => `${start.padEnd(labelWidth)}${GAP}${figures}`.trimEnd();
    return label.length <= labelWidth ? [line(label)] : [label, line('')];
  };
  const titles = columns.map(column => column.title);
  const head = titles.some(title => title !== '') ? linesOf(titles) : [];
  return [head, ...rows.map((_, row) => linesOf(cells.map(column => column[row] ?? '')))];
}

function longest(texts: readonly string[]): number {
  return texts.reduce((max, text) => Math.max(max, text.length), 0);
}

function padded(text: string, column: Column | undefined, width: number): string {
  return column?.align === 'left' ? text.padEnd(width) : text.padStart(width);
}

/** Pads on the right, so that right-aligned numbers have their points below each other. */
function alignedAtPoint(texts: readonly string[]): string[] {
  const decimals = texts.map(text => (text.includes('.') ? text.length - text.indexOf('.') : 0));
  const most = decimals.reduce((max, each) => Math.max(max, each), 0);
  return texts.map((text, index) => (text === '' ? '' : text + ' '.repeat(most - (decimals[index] ?? 0))));
}
