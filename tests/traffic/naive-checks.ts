/** The checks as docs/traffic-quality.md defines them, one event after another, with no thought for time or memory. */
import type { AcceptedTraffic } from '../../src/traffic/derive-day.ts';
import type { Invalidation } from '../../src/traffic/invalidation.ts';

export interface NaivePolicy {
  readonly from: string;
  readonly lookbackDays: number;
  readonly rate: { readonly impressions: number; readonly clicks: number } | null;
  readonly withoutImpression: boolean;
  readonly minMs: number | null;
  readonly windowMs: number | null;
}

/** The reason of every event; null: it counts. Events of one developer only are looked at together. */
export function naiveReasons(
  events: readonly AcceptedTraffic[],
  {
    policies,
    timeZone,
    invalidations,
  }: {
    readonly policies: readonly NaivePolicy[];
    readonly timeZone: string;
    readonly invalidations: readonly Invalidation[];
  },
): Map<AcceptedTraffic, string | null> {
  const automatic = new Map<AcceptedTraffic, string | null>();
  const sorted = events.toSorted((a, b) => compare(keyOf(a), keyOf(b)));
  for (const each of sorted) automatic.set(each, reasonOf(each));
  return new Map(
    sorted.map(each => {
      const reason = automatic.get(each) ?? null;
      return [each, reason ?? invalidations.find(decision => covers(decision, each))?.reason ?? null];
    }),
  );

  function reasonOf(each: AcceptedTraffic): string | null {
    const alone = each.reasonAlone();
    if (alone !== null) return alone;
    const policy = policies.filter(({ from }) => from <= each.businessDay).at(-1);
    if (policy === undefined) return null;
    const { event } = each;
    const mine = sorted.filter(other => other.developerId === each.developerId);
    if (policy.rate !== null && event.deviceId !== null) {
      const most = event.type === 'click' ? policy.rate.clicks : policy.rate.impressions;
      const sameHour = mine.filter(
        other =>
          other.event.type === event.type && other.event.deviceId === event.deviceId && hourOf(other) === hourOf(each),
      );
      if (sameHour.indexOf(each) >= most) return 'implausible_rate';
    }
    if (event.type === 'impression') return null;
    const earliest = Temporal.PlainDate.from(each.businessDay).subtract({ days: policy.lookbackDays }).toString();
    const impression = mine.find(
      other =>
        other.event.type === 'impression' &&
        other.event.id === event.impressionId &&
        other.event.appId === event.appId &&
        other.event.adUnitId === event.adUnitId &&
        other.businessDay >= earliest &&
        other.businessDay <= each.businessDay,
    );
    if (policy.withoutImpression && impression === undefined) return 'click_without_impression';
    if (policy.minMs !== null && impression !== undefined) {
      if (event.occurredAtMs - impression.event.occurredAtMs < policy.minMs) return 'click_too_soon';
    }
    if (policy.windowMs === null || event.deviceId === null) return null;
    const lastValid = sorted
      .slice(0, sorted.indexOf(each))
      .findLast(
        other =>
          other.developerId === each.developerId &&
          other.event.type === 'click' &&
          other.event.deviceId === event.deviceId &&
          other.event.adUnitId === event.adUnitId &&
          automatic.get(other) === null,
      );
    if (lastValid === undefined) return null;
    return event.occurredAtMs - lastValid.event.occurredAtMs <= policy.windowMs ? 'repeated_click' : null;
  }

  function hourOf({ event }: AcceptedTraffic): string {
    const local = Temporal.Instant.fromEpochMilliseconds(event.occurredAtMs).toZonedDateTimeISO(timeZone);
    return `${local.toPlainDate()} ${local.hour}`;
  }
}

function keyOf({ businessDay, event: { occurredAtMs, id } }: AcceptedTraffic): string {
  return `${businessDay} ${String(occurredAtMs).padStart(16, '0')} ${id}`;
}

function covers(
  { developerId, appId, adUnitId, eventType, fromDay, toDay, events }: Invalidation,
  { event, businessDay, developerId: owner }: AcceptedTraffic,
): boolean {
  if (owner !== developerId) return false;
  if (events !== null) return events.has(`${event.type} ${event.id}`);
  const inSlice = event.appId === appId && fromDay <= businessDay && businessDay <= toDay;
  return inSlice && [null, event.adUnitId].includes(adUnitId) && [null, event.type].includes(eventType);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
