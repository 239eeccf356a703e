import { type IdentityColumns, sameIdentityTail, TAIL_BYTES } from './identity.ts';

const FIRST_ENTRIES = 1024;

/** Identities to be looked up in memory, in the order in which they were added. */
export class IdentityTable {
  count = 0;
  #heads: Float64Array<ArrayBuffer>;
  #tails: Buffer;
  /** Entry + 1 by hash; 0 is free. */
  #slots: Int32Array;

  constructor({ entries = FIRST_ENTRIES }: { readonly entries?: number } = {}) {
    const room = Math.max(entries, 16);
    this.#heads = new Float64Array(room);
    this.#tails = Buffer.allocUnsafeSlow(room * TAIL_BYTES);
    this.#slots = new Int32Array(slotsFor(room));
  }

  /** The entries from `first` on; they may be overwritten by the next `add`. */
  entriesFrom(first: number): IdentityColumns {
    return {
      heads: this.#heads.subarray(first, this.count),
      tails: this.#tails.subarray(first * TAIL_BYTES, this.count * TAIL_BYTES),
    };
  }

  get tails(): Buffer {
    return this.#tails;
  }

  /** The entry with the identity at `place`; -1 if there is none. */
  find({ heads, tails }: IdentityColumns, place: number): number {
    const head = heads[place] as number;
    const mask = this.#slots.length - 1;
    for (let slot = slotOf(head) & mask; ; slot = (slot + 1) & mask) {
      const entry = (this.#slots[slot] as number) - 1;
      if (entry < 0) return -1;
      if (this.#heads[entry] === head && sameIdentityTail(this.#tails, entry, tails, place)) return entry;
    }
  }

  /** Adds the identity at `place`, which `find` does not know. */
  add({ heads, tails }: IdentityColumns, place: number): void {
    if (this.count === this.#heads.length) this.#grow();
    const entry = this.count;
    this.count += 1;
    this.#heads[entry] = heads[place] as number;
    let from = place * TAIL_BYTES;
    let to = entry * TAIL_BYTES;
    for (const end = from + TAIL_BYTES; from < end; from += 1) this.#tails[to++] = tails[from] as number;
    this.#take(entry);
  }

  #take(entry: number): void {
    const mask = this.#slots.length - 1;
    let slot = slotOf(this.#heads[entry] as number) & mask;
    while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
    this.#slots[slot] = entry + 1;
  }

  #grow(): void {
    const room = this.#heads.length * 2;
    const heads = new Float64Array(room);
    heads.set(this.#heads);
    const tails = Buffer.allocUnsafeSlow(room * TAIL_BYTES);
    this.#tails.copy(tails);
    this.#heads = heads;
    this.#tails = tails;
    this.#slots = new Int32Array(slotsFor(room));
    for (let entry = 0; entry < this.count; entry += 1) this.#take(entry);
  }
}

/** A power of 2, at most half of which is ever taken. */
function slotsFor(entries: number): number {
  return 1 << (33 - Math.clz32(entries - 1));
}

/** The lower 32 bits of a head, which is a hash itself. */
function slotOf(head: number): number {
  return head | 0;
}
