import type { AdEvent } from '../domain/ad-event.ts';
import { type Nanos, nanos } from '../domain/nanos.ts';

/** Why an event does not count: an automatic check, or the reason that a decision gives. */
export interface InvalidReason {
  readonly reason: string;
  /** Null: an automatic check. */
  readonly invalidationId: string | null;
}

/** What is to be deducted from what an ad unit earned in a day, for one reason. */
export interface TrafficDeduction extends InvalidReason {
  readonly developerId: string;
  readonly appId: string;
  readonly adUnitId: string;
  readonly currency: string;
  readonly impressions: number;
  readonly clicks: number;
  readonly grossNanos: Nanos;
}

/** Adds invalid events up. */
export class DeductionSums {
  readonly #sums = new Map<string, TrafficDeduction>();

  add(
    {
      developerId,
      event: { type, appId, adUnitId, currency },
      grossNanos,
    }: {
      readonly developerId: string;
      readonly event: Pick<AdEvent, 'type' | 'appId' | 'adUnitId' | 'currency'>;
      readonly grossNanos: Nanos;
    },
    { reason, invalidationId }: InvalidReason,
  ): void {
    const key = [adUnitId, currency, reason, invalidationId ?? ''].join('\0');
    const {
      impressions,
      clicks,
      grossNanos: before,
    } = this.#sums.get(key) ?? { impressions: 0, clicks: 0, grossNanos: 0n };
    this.#sums.set(key, {
      ...{ developerId, appId, adUnitId, currency, reason, invalidationId },
      impressions: impressions + (type === 'impression' ? 1 : 0),
      clicks: clicks + (type === 'click' ? 1 : 0),
      grossNanos: nanos(before + grossNanos),
    });
  }

  all(): TrafficDeduction[] {
    return [...this.#sums.values()];
  }
}
