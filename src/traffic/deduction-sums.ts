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

/** What is added up of an invalid event. */
export interface InvalidEvent {
  readonly developerId: string;
  readonly event: Pick<AdEvent, 'id' | 'type' | 'appId' | 'adUnitId' | 'currency'>;
  readonly grossNanos: Nanos;
}

/** Is told of each invalid event, once. */
export type OnInvalid = (invalid: InvalidEvent, why: InvalidReason) => void;

/** Adds invalid events up. */
export class DeductionSums {
  readonly #sums = new Map<string, TrafficDeduction>();
  readonly #onInvalid: OnInvalid | null;

  constructor(onInvalid: OnInvalid | null = null) {
    this.#onInvalid = onInvalid;
  }

  add(invalid: InvalidEvent, why: InvalidReason): void {
    this.#onInvalid?.(invalid, why);
    const {
      developerId,
      event: { type, appId, adUnitId, currency },
      grossNanos,
    } = invalid;
    const { reason, invalidationId } = why;
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
