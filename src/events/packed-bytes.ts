const FIRST_BYTES = 1 << 16;
/** Of a number in an array, by the bytes of its elements. */
const MOST_BYTES = { 1: 1, 4: 3, 8: 7 } as const;

/** Writes whole numbers and texts one behind the other. */
export class BytesWriter {
  #bytes = Buffer.allocUnsafeSlow(FIRST_BYTES);
  #used = 0;

  /** What was written, until `clear` is called. */
  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.#used);
  }

  /** Begins anew in the same room. */
  clear(): void {
    this.#used = 0;
  }

  float(value: number): void {
    const at = this.#reserve(8);
    this.#used = this.#bytes.writeDoubleLE(value, at);
  }

  /**
   * The first `count` numbers, safe integers from 0: the bytes that the largest needs, then all lowest bytes, all second lowest and so
   * on, since bytes of one rank are alike and pack well.
   */
  numbers(values: ArrayLike<number>, count: number): void {
    let largest = 0;
    for (let index = 0; index < count; index += 1) {
      const value = values[index] as number;
      if (value > largest) largest = value;
    }
    let width = 0;
    for (let rest = largest; rest > 0; rest = Math.floor(rest / 256)) width += 1;
    let at = this.#reserve(1 + width * count);
    const bytes = this.#bytes;
    bytes[at++] = width;
    for (let rank = 0; rank < width; rank += 1) {
      if (rank < 4) {
        const shift = rank * 8;
        if (largest < 0x1_0000_0000) {
          for (let index = 0; index < count; index += 1) bytes[at++] = (values[index] as number) >>> shift;
          continue;
        }
      }
      const unit = 256 ** rank;
      for (let index = 0; index < count; index += 1) bytes[at++] = Math.floor((values[index] as number) / unit) % 256;
    }
    this.#used = at;
  }

  /** As `numbers` does, of numbers of either sign, by twice their distance from 0. */
  signedNumbers(values: Float64Array, count: number): void {
    for (let index = 0; index < count; index += 1) {
      const value = values[index] as number;
      values[index] = value < 0 ? -2 * value - 1 : 2 * value;
    }
    this.numbers(values, count);
  }

  /** Bytes that the caller fills in, which is quicker than handing them over; the place in `target` where they begin. */
  room(length: number): { readonly target: Uint8Array; readonly at: number } {
    const at = this.#reserve(length);
    this.#used += length;
    return { target: this.#bytes, at };
  }

  #reserve(length: number): number {
    const needed = this.#used + length;
    if (needed > this.#bytes.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.#bytes.length * 2));
      this.#bytes.copy(larger, 0, 0, this.#used);
      this.#bytes = larger;
    }
    return this.#used;
  }
}

/** Reads what a `BytesWriter` wrote, in the same order. @throws Error where there is less than asked for */
export class BytesReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  float(): number {
    return this.#bytes.readDoubleLE(this.#advance(8));
  }

  /** Reads as many numbers as there is room for. @throws Error also for a number that has no room */
  numbers<Numbers extends Uint8Array | Int32Array | Float64Array>(values: Numbers): Numbers {
    const count = values.length;
    const width = this.#bytes[this.#advance(1)] as number;
    if (width > MOST_BYTES[values.BYTES_PER_ELEMENT as 1 | 4 | 8])
      throw new Error(`numbers of ${width} bytes can't be read`);
    let at = this.#advance(width * count);
    const bytes = this.#bytes;
    for (let index = 0; width > 0 && index < count; index += 1) values[index] = bytes[at++] as number;
    for (let rank = 1; rank < width; rank += 1) {
      const unit = 256 ** rank;
      for (let index = 0; index < count; index += 1)
        values[index] = (values[index] as number) + (bytes[at++] as number) * unit;
    }
    return values;
  }

  signedNumbers(values: Float64Array): Float64Array {
    this.numbers(values);
    for (let index = 0; index < values.length; index += 1) {
      const value = values[index] as number;
      // By % it would take several times as long on numbers of this size.
      const half = Math.floor(value / 2);
      values[index] = half * 2 === value ? half : -half - 1;
    }
    return values;
  }

  /** So many texts in UTF-8, with U+0000 between, behind their number and the length of all. */
  texts(): string[] {
    const [count, length] = this.numbers(new Float64Array(2)) as unknown as [number, number];
    const joined = this.take(length).toString();
    if (count === 0) return [];
    const texts = joined.split('\0');
    if (texts.length !== count) throw new Error(`${texts.length} texts stand where ${count} should`);
    return texts;
  }

  take(length: number): Buffer {
    const at = this.#advance(length);
    return this.#bytes.subarray(at, at + length);
  }

  #advance(length: number): number {
    const at = this.#at;
    if (at + length > this.#bytes.length) throw new Error('the bytes end too early');
    this.#at = at + length;
    return at;
  }
}
