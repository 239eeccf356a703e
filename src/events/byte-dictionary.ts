const FIRST_SLOTS = 1024;

/**
 * Distinct texts, known by their bytes and numbered from 0 as they come, each with what was made of it. Most values of a log repeat,
 * so they are checked and decoded once.
 */
export class ByteDictionary<Value> {
  readonly values: Value[] = [];
  /** Codes + 1 by hash; 0 is free. */
  #slots = new Int32Array(FIRST_SLOTS);
  #hashes = new Int32Array(FIRST_SLOTS);
  /** Where the bytes of each code end; they begin where those of the code before end. */
  #ends = new Int32Array(FIRST_SLOTS);
  #bytes = new Uint8Array(FIRST_SLOTS * 16);

  get size(): number {
    return this.values.length;
  }

  /** Of all values together. */
  get byteLength(): number {
    return this.values.length === 0 ? 0 : (this.#ends[this.values.length - 1] as number);
  }

  /** The code of `source` from `start` to `end`, whose `hash` is any function of these bytes; -1 if they are new. */
  find(source: Uint8Array, start: number, end: number, hash: number): number {
    const slots = this.#slots;
    const mask = slots.length - 1;
    for (let slot = spread(hash) & mask; ; slot = (slot + 1) & mask) {
      const code = (slots[slot] as number) - 1;
      if (code < 0) return -1;
      if (this.#hashes[code] === hash && this.#holds(code, source, start, end)) return code;
    }
  }

  /** Takes in bytes that `find` does not know; returns their code. */
  add(source: Uint8Array, start: number, end: number, hash: number, value: Value): number {
    const code = this.values.push(value) - 1;
    if (code * 2 >= this.#slots.length) this.#grow();
    const from = code === 0 ? 0 : (this.#ends[code - 1] as number);
    const to = from + end - start;
    if (to > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(this.#bytes.length * 2, to));
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    this.#bytes.set(source.subarray(start, end), from);
    this.#ends[code] = to;
    this.#hashes[code] = hash;
    this.#take(code);
    return code;
  }

  clear(): void {
    this.values.length = 0;
    this.#slots = new Int32Array(FIRST_SLOTS);
    this.#hashes = new Int32Array(FIRST_SLOTS);
    this.#ends = new Int32Array(FIRST_SLOTS);
    this.#bytes = new Uint8Array(FIRST_SLOTS * 16);
  }

  #holds(code: number, source: Uint8Array, start: number, end: number): boolean {
    const bytes = this.#bytes;
    let at = code === 0 ? 0 : (this.#ends[code - 1] as number);
    if ((this.#ends[code] as number) - at !== end - start) return false;
    for (let index = start; index < end; index += 1) {
      if (source[index] !== bytes[at]) return false;
      at += 1;
    }
    return true;
  }

  #grow(): void {
    const capacity = this.#slots.length * 2;
    this.#slots = new Int32Array(capacity);
    this.#hashes = enlarged(this.#hashes, capacity);
    this.#ends = enlarged(this.#ends, capacity);
    for (let code = 0; code < this.values.length - 1; code += 1) this.#take(code);
  }

  #take(code: number): void {
    const mask = this.#slots.length - 1;
    let slot = spread(this.#hashes[code] as number) & mask;
    while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
    this.#slots[slot] = code + 1;
  }
}

/** A hash for `ByteDictionary`, the one that `LineScanner` computes as it goes. */
export function hashOfBytes(bytes: Uint8Array): number {
  let hash = 0;
  for (const byte of bytes) hash = (Math.imul(hash, 31) + byte) | 0;
  return hash;
}

/** Lets all bits of a hash tell in its lowest ones. */
function spread(hash: number): number {
  const mixed = Math.imul(hash ^ (hash >>> 16), 0x45d9f3b);
  return mixed ^ (mixed >>> 15);
}

function enlarged(array: Int32Array<ArrayBuffer>, length: number): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(length);
  larger.set(array);
  return larger;
}
