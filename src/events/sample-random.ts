import { hash } from 'node:crypto';

const UINT32 = 0x1_0000_0000;

/**
 * A reproducible source of numbers (xoshiro128**), the same on every machine: whole numbers and IEEE arithmetic only, since
 * `Math.log` and its kind may differ between machines. Streams of one seed with different names are independent.
 */
export class SampleRandom {
  #a: number;
  #b: number;
  #c: number;
  #d: number;

  constructor({ seed, stream }: { readonly seed: string; readonly stream: string }) {
    const state = hash('sha256', `${stream}\0${seed}`, 'buffer');
    this.#a = state.readUInt32LE(0);
    this.#b = state.readUInt32LE(4);
    this.#c = state.readUInt32LE(8);
    this.#d = state.readUInt32LE(12) | 1;
  }

  /** 0 to 2³² − 1. */
  uint32(): number {
    const scrambled = Math.imul(this.#b, 5);
    const result = Math.imul((scrambled << 7) | (scrambled >>> 25), 9) >>> 0;
    const shifted = this.#b << 9;
    this.#c ^= this.#a;
    this.#d ^= this.#b;
    this.#b ^= this.#c;
    this.#a ^= this.#d;
    this.#c ^= shifted;
    this.#d = (this.#d << 11) | (this.#d >>> 21);
    return result;
  }

  /** 0 to limit − 1, for limits up to 2³². */
  below(limit: number): number {
    return Math.floor((this.uint32() / UINT32) * limit);
  }

  /** True in `count` of `outOf` cases. */
  chance({ count, outOf }: { readonly count: number; readonly outOf: number }): boolean {
    return this.below(outOf) < count;
  }

  pick<Value>(values: readonly Value[]): Value {
    return values[this.below(values.length)] as Value;
  }

  /**
   * A rank from 0 to count − 1 (count from 1 to 2³⁰), the rank k in proportion to 1 / (k + 1) (Zipf's law). Exact without tables or logarithms: an
   * octave is drawn evenly, a rank in it evenly, and kept in proportion to its share.
   */
  rank(count: number): number {
    const octaves = 32 - Math.clz32(count);
    for (;;) {
      const first = 1 << this.below(octaves);
      const place = first + this.below(first);
      if (place <= count && this.below(place) < first) return place - 1;
    }
  }
}

/**
 * A fixed number, 0 to 2³² − 1, for each (key, index): traits of the millionth app without a table of a million. Different
 * indexes of one key have different numbers.
 */
export function traitOf({ key, index }: { readonly key: number; readonly index: number }): number {
  let mixed = index ^ key;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85eb_ca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2_ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
