import { lockReference } from '../catalog/reference-version.ts';
import type { Database, Queryable } from '../db/database.ts';
import { addDays } from '../domain/business-day.ts';
import { isRefusal, Refusal } from '../domain/errors.ts';
import { nextPeriod, type Period } from '../domain/period.ts';
import { lastSeal, type PeriodSeal, periodSeal } from '../ledger/period-closings.ts';
import { closePeriod } from './close-period.ts';
import type { ClosingContext } from './closing.ts';
import { closingOrder } from './closing-orders.ts';
import { lastDayOf, nextToClose } from './period-order.ts';

export interface ClosingDeps {
  readonly db: Database;
  readonly bucketCount: number;
  readonly calendar: ClosingContext['calendar'];
  readonly now: () => Date;
}

/** A period that the standing order closes. */
export interface ScheduledClosing {
  readonly period: Period;
  /** Of the order. */
  readonly decisionId: string;
  /** No period is closed yet: then days before it must be settled too. */
  readonly isFirst: boolean;
}

const MOST_PERIODS = 240;

/** The periods that the standing order wants closed by now, in order; none without an order. */
export async function scheduledClosings(
  q: Queryable,
  { bucketCount, calendar, at }: ClosingContext,
): Promise<ScheduledClosing[]> {
  const order = await closingOrder(q);
  if (order === null || order.afterDays === null) return [];
  const today = calendar.dayOf(at.getTime());
  const isFirst = (await lastSeal(q)) === null;
  const due: ScheduledClosing[] = [];
  let period = await nextToClose(q, { bucketCount });
  while (period !== null && due.length < MOST_PERIODS && today > addDays(lastDayOf(period), order.afterDays)) {
    due.push({ period, decisionId: order.decisionId, isFirst: isFirst && due.length === 0 });
    period = nextPeriod(period);
  }
  return due;
}

/**
 * Closes a period under the standing order, in a transaction of its own; one that somebody has closed meanwhile stays as it is.
 * @param cut the instant at which this attempt began: what came up to it has been waited for and settled
 * @throws Refusal `not_ordered` where the order has ended, and as `closePeriod` does; then nothing is changed
 */
export async function closeScheduled(
  { db, bucketCount, calendar, now }: ClosingDeps,
  { cut, ...scheduled }: Omit<ScheduledClosing, 'isFirst'> & { readonly cut: Date },
): Promise<PeriodSeal> {
  const context = { bucketCount, calendar, at: now() };
  return await db.transaction(async tx => {
    // Keeps the order from being replaced meanwhile.
    await lockReference(tx, 'shared');
    await refuseEnded(tx, scheduled);
    try {
      return await closePeriod(tx, { ...scheduled, cut }, { ...context, helper: db });
    } catch (error) {
      const closed = isRefusal(error) && error.code === 'period_closed' ? await periodSeal(tx, scheduled.period) : null;
      if (closed === null) throw error;
      return closed;
    }
  });
}

async function refuseEnded(
  q: Queryable,
  { period, decisionId }: Pick<ScheduledClosing, 'period' | 'decisionId'>,
): Promise<void> {
  const order = await closingOrder(q);
  if (order?.decisionId === decisionId && order.afterDays !== null) return;
  throw new Refusal({
    code: 'not_ordered',
    message: `the standing order under which ${period} was to be closed, ${decisionId}, has ended`,
    remedy: 'see what holds with: npx apportion periods list',
    details: { period, decision: decisionId },
  });
}
