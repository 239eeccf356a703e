import type { Queryable } from '../db/database.ts';
import type { BusinessDay } from '../domain/business-day.ts';
import { Refusal } from '../domain/errors.ts';
import { nextPeriod, type Period, parsePeriod, periodOf } from '../domain/period.ts';
import { firstEarningDay } from '../earnings/due-by-bucket.ts';
import { firstLedgerDay } from '../ledger/first-ledger-day.ts';
import { lastSeal, type PeriodSeal, periodSeal } from '../ledger/period-closings.ts';
import type { Closing, ClosingContext } from './closing.ts';

/**
 * The seal that the period's own follows on; null for the first one.
 * @throws Refusal `period_closed`, `period_not_over`, `period_skipped`, where the period's turn to be closed has passed or is to come
 */
export async function sealBefore(
  q: Queryable,
  { period, cut }: Closing,
  { calendar, bucketCount }: Pick<ClosingContext, 'calendar' | 'bucketCount'>,
): Promise<PeriodSeal | null> {
  const last = await lastSeal(q);
  if (last !== null && period <= last.period) throw await alreadyClosed(q, period, last);
  const lastDay = lastDayOf(period);
  const day = calendar.dayOf(cut.getTime());
  if (day <= lastDay) throw notOver({ period, lastDay, day });
  const next = await nextToClose(q, { bucketCount });
  if (next !== null && (last === null ? period > next : period !== next)) throw skipped({ period, next });
  return last;
}

/**
 * The period to close next: that after the last closed one, else the first in which anything was earned or posted; null before that.
 */
export async function nextToClose(
  q: Queryable,
  { bucketCount }: Pick<ClosingContext, 'bucketCount'>,
): Promise<Period | null> {
  const last = await lastSeal(q);
  if (last !== null) return nextPeriod(last.period);
  const days = [await firstLedgerDay(q, { bucketCount }), await firstEarningDay(q, { bucketCount })].filter(
    day => day !== null,
  );
  const [first] = days.sort();
  return first === undefined ? null : periodOf(first);
}

export function lastDayOf(period: Period): BusinessDay {
  return parsePeriod(period).lastDay;
}

async function alreadyClosed(q: Queryable, period: Period, last: PeriodSeal): Promise<Refusal> {
  const seal = await periodSeal(q, period);
  const how = seal === null ? `closing began with a later one` : `it was closed at ${seal.closedAt.toISOString()}`;
  return new Refusal({
    code: 'period_closed',
    message: `${period} can't be closed: ${how}`,
    remedy: `what is posted for its days goes to ${nextPeriod(last.period)} or later`,
    details: { period, last_closed: last.period },
  });
}

function notOver({
  period,
  lastDay,
  day,
}: {
  readonly period: Period;
  readonly lastDay: BusinessDay;
  readonly day: BusinessDay;
}): Refusal {
  return new Refusal({
    code: 'period_not_over',
    message: `${period} lasts until ${lastDay}, and it is ${day}`,
    remedy: 'close it from the day after its last one on',
    details: { period, last_day: lastDay, day },
  });
}

function skipped({ period, next }: { readonly period: Period; readonly next: Period }): Refusal {
  return new Refusal({
    code: 'period_skipped',
    message: `${period} can't be closed before ${next}`,
    remedy: `close ${next} first; periods are closed in order`,
    details: { period, next },
  });
}
