import type { AdEvent } from '../domain/ad-event.ts';

/** An event that a device made in an hour of the local clock. */
export interface HourlyEvent {
  readonly developerId: string;
  readonly event: AdEvent;
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
