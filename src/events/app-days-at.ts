import type pg from 'pg';
import type { BusinessCalendar, BusinessDay } from '../domain/business-day.ts';
import { EarningsFold, type UnitEarnings } from '../earnings/earnings-fold.ts';
import { type InvalidEarnings, InvalidFold } from '../earnings/invalid-earnings.ts';
import { AcceptedEvents } from './accepted-events.ts';
import { batchesOfDays } from './batches-of-day.ts';
import { type BatchTrace, BatchTraces } from './trace-app-day.ts';

export interface AppDaysAt {
  /** What ad units earned on those days with events that are valid by themselves, by day, ad unit and currency. */
  readonly earnings: readonly Readonly<UnitEarnings>[];
  /** What events invalid by themselves would have earned. */
  readonly invalid: readonly InvalidEarnings[];
  /** The batches behind the last day. */
  readonly traces: readonly BatchTrace[];
}

/**
 * What an app's days from `from` to `to` had earned by the bucket's batches up to `cutoffSeq`: every batch of these days is read
 * again, one at a time.
 */
export async function readAppDaysAt(
  tx: pg.ClientBase,
  {
    bucket,
    developerId,
    appId,
    from,
    to,
    cutoffSeq,
    calendar,
  }: {
    readonly bucket: number;
    readonly developerId: string;
    readonly appId: string;
    readonly from: BusinessDay;
    readonly to: BusinessDay;
    readonly cutoffSeq: number;
    readonly calendar: BusinessCalendar;
  },
): Promise<AppDaysAt> {
  const events = new AcceptedEvents(tx, { bucket, calendar, cutoffSeq, developerIds: new Set([developerId]) });
  const earnings = new EarningsFold();
  const invalid = new InvalidFold();
  const traces = new BatchTraces();
  const { batches } = await batchesOfDays(tx, { bucket, from, to, upToSeq: cutoffSeq, limit: null });
  for (const batch of batches) {
    await events.scanBatch(batch, { from, to }, accepted => {
      const { event, businessDay, grossNanos } = accepted;
      if (event.appId !== appId) return;
      const { adUnitId, currency, type } = event;
      const unit = { businessDay, developerId, appId, adUnitId, currency };
      const isClick = type === 'click';
      const sums = { impressions: isClick ? 0 : 1, clicks: isClick ? 1 : 0, grossNanos };
      const reason = accepted.reasonAlone();
      if (reason !== null) invalid.add(reason, unit, sums);
      else {
        earnings.add(unit, sums);
        if (businessDay === to) traces.add(batch, { currency, grossNanos });
      }
    });
  }
  return { earnings: earnings.sorted(), invalid: invalid.sorted(), traces: traces.all() };
}
