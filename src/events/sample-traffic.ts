import type { AdEvent } from '../domain/ad-event.ts';
import { priceOfMicros } from '../domain/price.ts';
import type { SampleCatalog } from './sample-catalog.ts';
import { hex, sampleDevice } from './sample-devices.ts';
import { drawPriceMicros } from './sample-prices.ts';
import { SampleRandom, traitOf } from './sample-random.ts';

const CLICKED_IN_1000 = 12;
const QUICK_CLICKS_IN_100 = 80;
const CPC_MIDDLE_MICROS = 400_000;
const EVENTS_PER_DEVICE = 12;

/** Of 100 impressions: priced on the line with a campaign, without one, and by the campaign's rate card alone. */
const PRICED_WITH_CAMPAIGN = 35;
const BY_RATE_CARD = 15;

export interface SampleTrafficOptions {
  readonly catalog: SampleCatalog;
  readonly events: number;
  readonly seed: string;
  /** No click is later, in epoch milliseconds. */
  readonly endMs: number;
}

/** Impressions and the clicks that follow them, each asked for at its time; ids never come twice. */
export class SampleTraffic {
  readonly #catalog: SampleCatalog;
  readonly #endMs: number;
  readonly #random: SampleRandom;
  readonly #deviceCount: number;
  readonly #deviceKey: number;
  readonly #idKey: number;
  #ids = 0;
  /** The next click stands last. */
  readonly #pendingClicks: AdEvent[] = [];

  constructor({ catalog, events, seed, endMs }: SampleTrafficOptions) {
    this.#catalog = catalog;
    this.#endMs = endMs;
    this.#random = new SampleRandom({ seed, stream: 'traffic' });
    this.#deviceCount = Math.ceil(events / EVENTS_PER_DEVICE);
    this.#deviceKey = this.#random.uint32();
    this.#idKey = this.#random.uint32();
  }

  /** A click whose time has come, else a new impression at this instant, which may lead to a click. */
  next(atMs: number): AdEvent {
    const click = this.#pendingClicks.at(-1);
    if (click !== undefined && click.occurredAtMs <= atMs) {
      this.#pendingClicks.pop();
      return click;
    }
    const impression = this.impression(atMs);
    if (this.#random.chance({ count: CLICKED_IN_1000, outOf: 1000 })) this.#expectClick(impression);
    return impression;
  }

  /** An impression that leads to nothing. */
  impression(occurredAtMs: number): AdEvent {
    const random = this.#random;
    const app = random.rank(this.#catalog.appCount);
    const unit = this.#catalog.adUnit(app, random.below(this.#catalog.adUnitCount(app)));
    const pricing = random.below(100);
    const byRateCard = pricing < BY_RATE_CARD;
    const hasCampaign = pricing < BY_RATE_CARD + PRICED_WITH_CAMPAIGN;
    const { deviceId, userAgent, ip } = sampleDevice({
      key: this.#deviceKey,
      index: random.below(this.#deviceCount),
    });
    return {
      id: this.#newId(),
      type: 'impression',
      occurredAtMs,
      appId: unit.appId,
      adUnitId: unit.adUnitId,
      currency: 'CNY',
      price: byRateCard ? null : priceOfMicros(drawPriceMicros(random, unit.cpmMicros)),
      campaignId: hasCampaign ? `c_${1 + random.below(this.#catalog.campaignCount)}` : null,
      impressionId: null,
      deviceId,
      userAgent,
      ip,
    };
  }

  /** Most follow within 16 seconds, all within ten minutes. */
  #expectClick(impression: AdEvent): void {
    const random = this.#random;
    const quick = random.chance({ count: QUICK_CLICKS_IN_100, outOf: 100 });
    const occurredAtMs = impression.occurredAtMs + 1000 + random.below(quick ? 15_000 : 599_000);
    const click: AdEvent = {
      ...impression,
      id: this.#newId(),
      type: 'click',
      occurredAtMs,
      price: impression.price === null ? null : priceOfMicros(drawPriceMicros(random, CPC_MIDDLE_MICROS)),
      impressionId: impression.id,
    };
    if (occurredAtMs >= this.#endMs) return;
    let place = this.#pendingClicks.length;
    while (place > 0 && (this.#pendingClicks[place - 1] as AdEvent).occurredAtMs < occurredAtMs) place -= 1;
    this.#pendingClicks.splice(place, 0, click);
  }

  /** A random half, and a half that differs for each of 2³² events. */
  #newId(): string {
    const number = this.#ids;
    this.#ids += 1;
    return hex(this.#random.uint32()) + hex(traitOf({ key: this.#idKey, index: number }));
  }
}
