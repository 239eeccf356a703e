import type { AdEvent } from '../domain/ad-event.ts';

/** An event that a device made in an hour of the local clock. */
export interface HourlyEvent {
  readonly developerId: string;
  readonly event: AdEvent;
}

const COUNTERS = 1 << 20;

/** FNV-1a over UTF-16 units. */
export function hash32(text: string): number {
  let hash = 0x811c9dc5;
  for (let place = 0; place < text.length; place += 1) hash = Math.imul(hash ^ text.charCodeAt(place), 0x01000193);
  return hash >>> 0;
}

/**
 * About how many events each device made in each hour, in 4 MiB however many devices there are: devices that share a counter are
 * counted together, so an hour may seem fuller than it is, but never emptier.
 */
export class HourCounters {
  readonly #counters = new Uint32Array(COUNTERS);
  #most = 0;

  get most(): number {
    return this.#most;
  }

  add(place: number): void {
    const count = (this.#counters[place] as number) + 1;
    this.#counters[place] = count;
    if (count > this.#most) this.#most = count;
  }

  at(place: number): number {
    return this.#counters[place] as number;
  }
}

export function counterOf({
  developerId,
  deviceId,
  hour,
}: {
  readonly developerId: string;
  readonly deviceId: string;
  readonly hour: number;
}): number {
  return (
    Math.imul(hash32(deviceId) ^ Math.imul(hash32(developerId), 31) ^ Math.imul(hour, 0x9e3779b1), 0x85ebca6b) >>> 12
  );
}

/** Events of one device in one hour, of which the first so many may count; holds not many more than that. */
export class FirstOfHour<Item extends HourlyEvent> {
  readonly #limit: number;
  readonly #onBeyond: (item: Item) => void;
  #items: Item[] = [];

  /** `onBeyond` is told each event that comes after the first `limit`, once. */
  constructor(limit: number, onBeyond: (item: Item) => void) {
    this.#limit = limit;
    this.#onBeyond = onBeyond;
  }

  add(item: Item): void {
    this.#items.push(item);
    if (this.#items.length > 2 * this.#limit + 1_000) this.#letGo();
  }

  /** The events that may count. */
  finish(): readonly Item[] {
    this.#letGo();
    return this.#items;
  }

  #letGo(): void {
    this.#items.sort((a, b) => inOrder(a.event, b.event));
    for (const item of this.#items.slice(this.#limit)) this.#onBeyond(item);
    this.#items = this.#items.slice(0, this.#limit);
  }
}

/** By instant, then id; ids are ASCII, so code units compare as bytes do. */
export function inOrder(a: Pick<AdEvent, 'occurredAtMs' | 'id'>, b: Pick<AdEvent, 'occurredAtMs' | 'id'>): number {
  return a.occurredAtMs - b.occurredAtMs || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
}
