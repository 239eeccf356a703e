import type { BusinessCalendar } from '../domain/business-day.ts';

const FIRST_BITS = 12;
/** 4 MiB of counters. */
const MOST_BITS = 20;

/**
 * About how many events each device made in each hour, in at most 4 MiB however many devices there are: devices that share a counter
 * are counted together, so an hour may seem fuller than it is, but never emptier. Grows with the events, since making a large table
 * ready costs more than counting a few of them.
 */
export class HourCounters {
  #bits = FIRST_BITS;
  #counters = new Uint32Array(1 << FIRST_BITS);
  #events = 0;
  #most = 0;

  get most(): number {
    return this.#most;
  }

  /** `hour`: a hash of 32 bits, of which the first ones tell hours apart. */
  add(hour: number): void {
    if (this.#events >= this.#counters.length && this.#bits < MOST_BITS) this.#grow();
    this.#events += 1;
    const place = hour >>> (32 - this.#bits);
    const count = (this.#counters[place] as number) + 1;
    this.#counters[place] = count;
    if (count > this.#most) this.#most = count;
  }

  at(hour: number): number {
    return this.#counters[hour >>> (32 - this.#bits)] as number;
  }

  /** Nobody knows any more which half of a counter's events were of which hash, so both get all. */
  #grow(): void {
    const larger = new Uint32Array(this.#counters.length * 2);
    for (let place = 0; place < larger.length; place += 1) larger[place] = this.#counters[place >> 1] as number;
    this.#counters = larger;
    this.#bits += 1;
  }
}

interface CountedImpression {
  readonly occurredAtMs: number;
  deviceHash(): number | null;
}

/** Whether impressions may be among too many of their device, developer and local clock hour. */
export class ImpressionHours {
  readonly #calendar: BusinessCalendar;
  readonly #limit: number;
  readonly #counters = new HourCounters();

  /** `limit`: so many are not too many. */
  constructor({ calendar, limit }: { readonly calendar: BusinessCalendar; readonly limit: number }) {
    this.#calendar = calendar;
    this.#limit = limit;
  }

  get isAnyTooMany(): boolean {
    return this.#counters.most > this.#limit;
  }

  count(impression: CountedImpression): void {
    const hour = this.#hourOf(impression);
    if (hour !== null) this.#counters.add(hour);
  }

  /** Asked when all are counted. Never wrongly no; without a device there are never too many. */
  seemsTooMany(impression: CountedImpression): boolean {
    const hour = this.#hourOf(impression);
    return hour !== null && this.#counters.at(hour) > this.#limit;
  }

  #hourOf(impression: CountedImpression): number | null {
    const device = impression.deviceHash();
    if (device === null) return null;
    const hour = this.#calendar.localHourOf(impression.occurredAtMs);
    // Without the developer, of whom a bucket's devices seldom visit several often enough to matter.
    return Math.imul(device ^ Math.imul(hour, 0x9e3779b1), 0x85ebca6b) >>> 0;
  }
}
