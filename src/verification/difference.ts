/** Something stored that is not what the evidence says. */
export interface Difference {
  readonly table: string;
  /** Which row, by its key. */
  readonly where: string;
  readonly expected: string;
  readonly found: string;
}

export const NOTHING = 'no such row';

const KEPT_DIFFERENCES = 1_000;

/** Differences as they are found: all are counted, and the first 1,000 kept. */
export class DifferenceList {
  readonly first: Difference[] = [];
  count = 0;

  readonly report = (difference: Difference): void => {
    this.count += 1;
    if (this.first.length < KEPT_DIFFERENCES) this.first.push(difference);
  };

  append({ first, count }: { readonly first: readonly Difference[]; readonly count: number }): void {
    this.first.push(...first.slice(0, KEPT_DIFFERENCES - this.first.length));
    this.count += count;
  }
}

/**
 * Compares rows that should be there with rows that are; both come in the order of `keyOf`. Stops at nothing: a missing, a surplus
 * and a differing row are each one difference.
 */
export async function compareRows<Row>(
  { expected, found }: { readonly expected: Iterable<Row>; readonly found: AsyncIterable<Row> },
  {
    table,
    keyOf,
    tell,
    report,
  }: {
    readonly table: string;
    /** Sorts as both sides are sorted. */
    readonly keyOf: (row: Row) => string;
    /** The row's content in words; two rows are the same if it is. */
    readonly tell: (row: Row) => string;
    readonly report: (difference: Difference) => void;
  },
): Promise<number> {
  const wanted = expected[Symbol.iterator]();
  let next = wanted.next();
  let nextKey = next.done === true ? null : keyOf(next.value);
  const advance = () => {
    next = wanted.next();
    nextKey = next.done === true ? null : keyOf(next.value);
  };
  let rows = 0;
  const where = (row: Row) => keyOf(row).replaceAll('\0', ' ');
  const missing = (row: Row) => report({ table, where: where(row), expected: tell(row), found: NOTHING });
  for await (const row of found) {
    rows += 1;
    const key = keyOf(row);
    for (; nextKey !== null && nextKey < key; advance()) missing(next.value);
    if (nextKey !== key) {
      report({ table, where: where(row), expected: NOTHING, found: tell(row) });
      continue;
    }
    const [told, toldFound] = [tell(next.value), tell(row)];
    if (told !== toldFound) report({ table, where: where(row), expected: told, found: toldFound });
    advance();
  }
  for (; nextKey !== null; advance()) missing(next.value);
  return rows;
}
