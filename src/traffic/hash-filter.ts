const LEAST_BITS = 6;
const MOST_BITS = 28;

/** Whether hashes of 32 bits may be among some held ones, by their last bits: never wrongly no, seldom wrongly yes. */
export class HashFilter {
  readonly #mask: number;
  readonly #held: Uint8Array;

  /** `count`: about as many as will be held. */
  constructor(count: number) {
    // A byte's eight bits for each: about one in eight of the others passes.
    const bits = Math.min(Math.max(LEAST_BITS, 35 - Math.clz32(count)), MOST_BITS);
    this.#mask = 2 ** bits - 1;
    this.#held = new Uint8Array(2 ** (bits - 3));
  }

  add(hash: number): void {
    const place = hash & this.#mask;
    this.#held[place >> 3] = (this.#held[place >> 3] as number) | (1 << (place & 7));
  }

  mayHold(hash: number): boolean {
    const place = hash & this.#mask;
    return ((this.#held[place >> 3] as number) & (1 << (place & 7))) !== 0;
  }
}
