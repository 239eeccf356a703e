import { type Nanos, nanos } from './nanos.ts';
import type { Period } from './period.ts';

/** What came to be owed in a period; negative where more was taken back than was earned. */
export interface Arisen {
  readonly period: Period;
  readonly amountNanos: bigint;
}

/** What is owed since a period. */
export interface Aged {
  /** Null: nothing is owed, it is the other way round, and the amount is negative. */
  readonly period: Period | null;
  readonly amountNanos: Nanos;
}

/**
 * How old what is owed is: whatever lessens it, be it paid out or taken back, is taken from what has been owed longest. The amounts
 * add up to what arose less what was paid; at most one of them is negative, and then it is the only one.
 * @param arisen in any order, a period any number of times
 */
export function agesOf(arisen: Iterable<Arisen>, paidNanos: bigint): Aged[] {
  const byPeriod = new Map<Period, bigint>();
  for (const { period, amountNanos } of arisen) byPeriod.set(period, (byPeriod.get(period) ?? 0n) + amountNanos);
  let lessNanos = paidNanos;
  for (const amountNanos of byPeriod.values()) if (amountNanos < 0n) lessNanos -= amountNanos;
  const aged: Aged[] = [];
  for (const [period, amountNanos] of [...byPeriod].sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (amountNanos <= 0n) continue;
    const takenNanos = amountNanos < lessNanos ? amountNanos : lessNanos;
    lessNanos -= takenNanos;
    if (amountNanos > takenNanos) aged.push({ period, amountNanos: nanos(amountNanos - takenNanos) });
  }
  return lessNanos > 0n ? [{ period: null, amountNanos: nanos(-lessNanos) }] : aged;
}
