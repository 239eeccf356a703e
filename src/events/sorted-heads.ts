/** 2³² numbers share the upper 32 of 48 bits with none of the others. */
const LOWER = 0x1_0000;

/** The heads of a segment, which are ascending, to be searched: 6 bytes each. */
export class SortedHeads {
  readonly #upper: Uint32Array;
  readonly #lower: Uint16Array;

  constructor(heads: Float64Array) {
    const { length } = heads;
    this.#upper = new Uint32Array(length);
    this.#lower = new Uint16Array(length);
    for (let place = 0; place < length; place += 1) {
      const head = heads[place] as number;
      const upper = Math.floor(head / LOWER);
      this.#upper[place] = upper;
      this.#lower[place] = head - upper * LOWER;
    }
  }

  get count(): number {
    return this.#upper.length;
  }

  at(place: number): number {
    return (this.#upper[place] as number) * LOWER + (this.#lower[place] as number);
  }

  /** Places of all `wanted` heads, which are ascending too: two identities that share their first 48 bits are two places. */
  placesOf(wanted: Float64Array): number[] {
    const places: number[] = [];
    const { length } = this.#upper;
    let from = 0;
    for (let index = 0; index < wanted.length; index += 1) {
      const head = wanted[index] as number;
      if (index > 0 && head === wanted[index - 1]) continue;
      const upper = Math.floor(head / LOWER);
      from = this.#firstNotBelow(upper, from);
      for (let place = from; place < length && this.#upper[place] === upper; place += 1) {
        if (this.at(place) === head) places.push(place);
      }
    }
    return places;
  }

  /** The first place from `from` on whose upper bits are not below, found in steps that double and then halve: neighbours are near. */
  #firstNotBelow(upper: number, from: number): number {
    const all = this.#upper;
    let low = from;
    let step = 1;
    while (low + step <= all.length && (all[low + step - 1] as number) < upper) {
      low += step;
      step *= 2;
    }
    let high = Math.min(low + step - 1, all.length);
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((all[middle] as number) < upper) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
