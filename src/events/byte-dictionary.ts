const FIRST_SLOTS = 1024;
/** Hash, code + 1 (0 is free), start and end of the bytes: side by side, for each look-up of many values waits for the memory. */
const SLOT_WIDTH = 4;
const [HASH, NEXT_CODE, START, END] = [0, 1, 2, 3] as const;
const FACTOR = 0x9e37_79b1;

/** Distinct values, known by their bytes and numbered from 0 as they come. Most values of a log repeat, so a row needs only the number. */
export class ByteDictionary {
  size = 0;
  #slots = new Int32Array(FIRST_SLOTS * SLOT_WIDTH);
  #mask = FIRST_SLOTS - 1;
  /** Where the bytes of each code end; they begin where those of the code before end. */
  #ends = new Int32Array(FIRST_SLOTS);
  #bytes = Buffer.allocUnsafeSlow(FIRST_SLOTS * 16);
  #view = viewOf(this.#bytes);

  /** Of all values together. */
  get byteLength(): number {
    return this.#startOf(this.size);
  }

  /** The code of the bytes of `source` from `start` to `end`; -1 if they are new. */
  find(source: DataView, start: number, end: number): number {
    return this.#find(source, start, end, hashOf(source, start, end));
  }

  #find(source: DataView, start: number, end: number, hash: number): number {
    const slots = this.#slots;
    for (let slot = spread(hash) & this.#mask; ; slot = (slot + 1) & this.#mask) {
      const at = slot * SLOT_WIDTH;
      const next = slots[at + NEXT_CODE] as number;
      if (next === 0) return -1;
      if (slots[at + HASH] !== hash) continue;
      const from = slots[at + START] as number;
      if ((slots[at + END] as number) - from === end - start && areSame(this.#view, from, source, start, end)) {
        return next - 1;
      }
    }
  }

  /** The code of these bytes, which is `size` until now if they are new. */
  codeOf(source: DataView, start: number, end: number): number {
    const hash = hashOf(source, start, end);
    const known = this.#find(source, start, end, hash);
    return known >= 0 ? known : this.#add(source, start, end, hash);
  }

  codeOfText(text: string): number {
    const bytes = Buffer.from(text);
    return this.codeOf(viewOf(bytes), 0, bytes.length);
  }

  textOf(code: number): string {
    return this.#bytes.toString('utf8', this.#startOf(code), this.#ends[code]);
  }

  /** What `join` writes, in bytes. */
  joinedLength(codes: readonly number[]): number {
    let length = Math.max(codes.length - 1, 0);
    for (const code of codes) length += (this.#ends[code] as number) - this.#startOf(code);
    return length;
  }

  /** Writes these values to a place in `target`, with U+0000 between them. */
  join(codes: readonly number[], target: Uint8Array, place: number): void {
    const bytes = this.#bytes;
    let to = place;
    for (let index = 0; index < codes.length; index += 1) {
      if (index > 0) target[to++] = 0;
      const code = codes[index] as number;
      const end = this.#ends[code] as number;
      for (let at = this.#startOf(code); at < end; at += 1) target[to++] = bytes[at] as number;
    }
  }

  clear(): void {
    this.size = 0;
    this.#slots = new Int32Array(FIRST_SLOTS * SLOT_WIDTH);
    this.#mask = FIRST_SLOTS - 1;
    this.#ends = new Int32Array(FIRST_SLOTS);
    this.#bytes = Buffer.allocUnsafeSlow(FIRST_SLOTS * 16);
    this.#view = viewOf(this.#bytes);
  }

  #startOf(code: number): number {
    return code === 0 ? 0 : (this.#ends[code - 1] as number);
  }

  #add(source: DataView, start: number, end: number, hash: number): number {
    const code = this.size;
    if (code * 2 > this.#mask) this.#grow();
    const from = this.#startOf(code);
    const to = from + end - start;
    if (to > this.#bytes.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(this.#bytes.length * 2, to));
      this.#bytes.copy(larger, 0, 0, from);
      this.#bytes = larger;
      this.#view = viewOf(larger);
    }
    for (let index = start; index < end; index += 1) this.#bytes[from + index - start] = source.getUint8(index);
    this.#ends[code] = to;
    this.size += 1;
    this.#take(code, hash);
    return code;
  }

  #grow(): void {
    const capacity = (this.#mask + 1) * 2;
    this.#slots = new Int32Array(capacity * SLOT_WIDTH);
    this.#mask = capacity - 1;
    const ends = new Int32Array(capacity);
    ends.set(this.#ends);
    this.#ends = ends;
    for (let code = 0; code < this.size; code += 1) {
      this.#take(code, hashOf(this.#view, this.#startOf(code), ends[code] as number));
    }
  }

  #take(code: number, hash: number): void {
    const slots = this.#slots;
    let slot = spread(hash) & this.#mask;
    while (slots[slot * SLOT_WIDTH + NEXT_CODE] !== 0) slot = (slot + 1) & this.#mask;
    const at = slot * SLOT_WIDTH;
    slots[at + HASH] = hash;
    slots[at + NEXT_CODE] = code + 1;
    slots[at + START] = this.#startOf(code);
    slots[at + END] = this.#ends[code] as number;
  }
}

/** Four bytes at a time are read through a view. */
export function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}

function hashOf(bytes: DataView, start: number, end: number): number {
  let hash = end - start;
  let at = start;
  for (; at + 4 <= end; at += 4) hash = mixed(hash ^ bytes.getInt32(at, true));
  for (; at < end; at += 1) hash = mixed(hash ^ bytes.getUint8(at));
  return hash;
}

function mixed(hash: number): number {
  const product = Math.imul(hash, FACTOR);
  return (product << 13) | (product >>> 19);
}

/** Lets all bits of a hash tell in its lowest ones. */
function spread(hash: number): number {
  const product = Math.imul(hash ^ (hash >>> 16), FACTOR);
  return product ^ (product >>> 15);
}

function areSame(a: DataView, aStart: number, b: DataView, bStart: number, bEnd: number): boolean {
  let aAt = aStart;
  let at = bStart;
  for (; at + 4 <= bEnd; at += 4, aAt += 4) if (a.getInt32(aAt, true) !== b.getInt32(at, true)) return false;
  for (; at < bEnd; at += 1, aAt += 1) if (a.getUint8(aAt) !== b.getUint8(at)) return false;
  return true;
}
