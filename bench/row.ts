/** One line of the result: what was measured in each run, what it is compared with, and what it should be. */
export interface Row {
  readonly figure: string;
  readonly unit: Unit;
  /** One value a run. */
  readonly values: readonly number[];
  /** Measured beside ours in the same run, the i-th beside the i-th; the target is then one for ours ÷ reference. */
  readonly reference?: { readonly name: string; readonly values: readonly number[] };
  readonly target?: Target;
}

export type Unit = 'events/s' | 'transfers/s' | 's' | 'ms' | 'µs' | 'MiB' | 'B';

/** Whether more is better is told by the side of the limit on which the aim lies. */
export interface Target {
  readonly limit: number;
  readonly aim: number;
}

export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** What a target judges: the ratios of the runs where there is a reference, else the values. */
export function judgedValues(row: Row): number[] {
  const { reference } = row;
  if (reference === undefined) return [...row.values];
  if (reference.values.length !== row.values.length) throw new Error(`${row.figure}: not one reference for each run`);
  return row.values.map((value, run) => value / (reference.values[run] as number));
}

export type Verdict = 'aim' | 'yes' | 'no';

/** By the median; null without a target. */
export function verdictOf(row: Row): Verdict | null {
  if (row.target === undefined) return null;
  const { limit, aim } = row.target;
  const { median } = spreadOf(judgedValues(row));
  const reaches = (bound: number) => (isMoreBetter(limit, aim) ? median >= bound : median <= bound);
  if (reaches(aim)) return 'aim';
  return reaches(limit) ? 'yes' : 'no';
}

export function isMoreBetter(limit: number, aim: number): boolean {
  return aim > limit;
}

export function spreadOf(values: readonly number[]): Spread {
  return { median: quantile(values, 0.5), min: Math.min(...values), max: Math.max(...values) };
}

/** The smallest value that at least this part of the values does not exceed; between two values at 0.5. */
export function quantile(values: readonly number[], part: number): number {
  if (values.length === 0) throw new Error('nothing was measured');
  const sorted = values.toSorted((a, b) => a - b);
  const at = (index: number) => sorted[Math.min(Math.max(index, 0), sorted.length - 1)] as number;
  const place = part * sorted.length;
  if (part === 0.5 && Number.isInteger(place)) return (at(place - 1) + at(place)) / 2;
  return at(Math.ceil(place) - 1);
}
