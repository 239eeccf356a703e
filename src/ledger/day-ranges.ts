import { addDays, type BusinessDay } from '../domain/business-day.ts';
import { type Period, parsePeriod } from '../domain/period.ts';

/** Days of the ledger, both inclusive. */
export interface DayRange {
  readonly first: BusinessDay | typeof BEFORE_ALL_DAYS;
  readonly last: BusinessDay | typeof AFTER_ALL_DAYS;
  /** Only what is filed in a later period than the day's own. */
  readonly lateOnly?: true;
}

/** As Postgres has them; they stand before and after all days in the order of texts too. */
export const BEFORE_ALL_DAYS = '-infinity';
export const AFTER_ALL_DAYS = 'infinity';

/** What lies in one of each, in order. Within each list the ranges are in order and do not overlap. */
export function intersection(some: readonly DayRange[], others: readonly DayRange[]): DayRange[] {
  const common: DayRange[] = [];
  for (const one of some) {
    for (const other of others) {
      const first = one.first > other.first ? one.first : other.first;
      const last = one.last < other.last ? one.last : other.last;
      const isLate = one.lateOnly === true || other.lateOnly === true;
      if (first <= last) common.push({ first, last, ...(isLate ? { lateOnly: true } : {}) });
    }
  }
  return common;
}

/** The same days, in order and without overlaps. */
export function unionOf(ranges: readonly DayRange[]): DayRange[] {
  const merged: DayRange[] = [];
  for (const range of ranges.toSorted((a, b) => (a.first < b.first ? -1 : 1))) {
    const before = merged.at(-1);
    if (before === undefined || dayAfter(before.last) < range.first) merged.push(range);
    else if (range.last > before.last) merged[merged.length - 1] = { first: before.first, last: range.last };
  }
  return merged;
}

/** A half-month's own days. */
export function daysOfPeriod(period: Period): DayRange {
  const { firstDay, lastDay } = parsePeriod(period);
  return { first: firstDay, last: lastDay };
}

function dayAfter(day: DayRange['last']): DayRange['last'] {
  return day === AFTER_ALL_DAYS ? day : addDays(day, 1);
}
