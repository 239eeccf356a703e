import type { AdEvent } from '../domain/ad-event.ts';
import type { BusinessCalendar, BusinessDay } from '../domain/business-day.ts';
import type { Nanos } from '../domain/nanos.ts';
import type { AloneReason, DerivedReason, TrafficChecks } from './checks.ts';
import { inOrder } from './device-hours.ts';
import type { PolicyBook } from './policy.ts';

/** An accepted event, with why it does not count by itself. */
export interface HeldEvent {
  readonly developerId: string;
  readonly businessDay: BusinessDay;
  readonly event: AdEvent;
  readonly grossNanos: Nanos;
  readonly alone: AloneReason | null;
}

/** An accepted click, with what other events say about it. */
export interface HeldClick extends HeldEvent {
  /** The first day on which its impression may have occurred; null if it names none or nobody asks. */
  impressionsFrom: BusinessDay | null;
  /** Null if there is none. */
  impressionAtMs: number | null;
}

/** The device and the ad unit of a click, among those of its developer; null without a device. */
export function pairOf({
  developerId,
  event: { deviceId, adUnitId },
}: {
  readonly developerId: string;
  readonly event: Pick<AdEvent, 'deviceId' | 'adUnitId'>;
}): string | null {
  return deviceId === null ? null : `${developerId}\0${deviceId}\0${adUnitId}`;
}

/** Judges clicks one after another, as a repeated click depends on the verdicts about those before it. */
export class ClickJudge {
  readonly #policies: PolicyBook;
  readonly #calendar: BusinessCalendar;
  /** By pair, the instant of the last click that no check finds invalid. */
  readonly #lastValidMs = new Map<string, number>();
  /** By device and hour. */
  readonly #clicksOfHour = new Map<string, number>();

  constructor({ policies, calendar }: { readonly policies: PolicyBook; readonly calendar: BusinessCalendar }) {
    this.#policies = policies;
    this.#calendar = calendar;
  }

  /** Of each the first reason that applies, those of an event alone included. Sorts what it is given. */
  *all(
    clicks: HeldClick[],
  ): Generator<{ readonly click: HeldClick; readonly reason: AloneReason | DerivedReason | null }> {
    clicks.sort((a, b) =>
      a.businessDay < b.businessDay ? -1 : a.businessDay > b.businessDay ? 1 : inOrder(a.event, b.event),
    );
    for (const click of clicks) {
      const reason = this.#reasonOf(click, this.#policies.on(click.businessDay));
      const pair = pairOf(click);
      if (reason === null && pair !== null) this.#lastValidMs.set(pair, click.event.occurredAtMs);
      yield { click, reason };
    }
  }

  #reasonOf(click: HeldClick, checks: TrafficChecks | null): AloneReason | DerivedReason | null {
    // Counts every accepted click, so it comes before any other verdict.
    const place = this.#placeInHour(click);
    if (click.alone !== null || checks === null) return click.alone;
    const { implausibleRate, clickWithoutImpression, clickTooSoon, repeatedClick } = checks;
    const { occurredAtMs } = click.event;
    if (implausibleRate !== null && place > implausibleRate.maxClicks) return 'implausible_rate';
    if (clickWithoutImpression && click.impressionAtMs === null) return 'click_without_impression';
    if (clickTooSoon !== null && click.impressionAtMs !== null) {
      if (occurredAtMs - click.impressionAtMs < clickTooSoon.minMs) return 'click_too_soon';
    }
    const pair = pairOf(click);
    const lastMs = pair === null ? undefined : this.#lastValidMs.get(pair);
    if (repeatedClick !== null && lastMs !== undefined && occurredAtMs - lastMs <= repeatedClick.windowMs) {
      return 'repeated_click';
    }
    return null;
  }

  /** 1 for a device's first click in an hour; 0 without a device, which is never too many. */
  #placeInHour({ developerId, event: { deviceId, occurredAtMs } }: HeldClick): number {
    if (deviceId === null) return 0;
    const key = `${this.#calendar.localHourOf(occurredAtMs)} ${developerId}\0${deviceId}`;
    const place = (this.#clicksOfHour.get(key) ?? 0) + 1;
    this.#clicksOfHour.set(key, place);
    return place;
  }
}
