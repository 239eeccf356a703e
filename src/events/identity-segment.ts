import { viewOf } from './byte-dictionary.ts';
import { copyTail, IDENTITY_TAIL_BYTES, type IdentityColumns, TAIL_BYTES } from './identity.ts';

const DIGIT_BITS = 11;
const DIGITS = 1 << DIGIT_BITS;
/** Of 48 bits, the 33 above are three digits. */
const LOWEST_DIGIT = 0x8000;

/** Identities in their order: a segment as it is stored. */
export function sortedSegment(identities: IdentityColumns): IdentityColumns {
  return inOrder(
    identities,
    orderOf(identities.heads, (a, b) => comesFirst(identities, a, b)),
  );
}

/** Heads in their order, for less than the array's own sort takes. */
export function sortedHeads(heads: Float64Array): Float64Array {
  const order = orderOf(heads, (a, b) => (heads[a] as number) < (heads[b] as number));
  const sorted = new Float64Array(order.length);
  for (let index = 0; index < order.length; index += 1) sorted[index] = heads[order[index] as number] as number;
  return sorted;
}

/** One segment with all identities of several, which are disjoint. */
export function mergeSegments(segments: readonly IdentityColumns[]): IdentityColumns {
  return segments.length === 1 ? joinSegments(segments) : sortedSegment(joinSegments(segments));
}

/** All identities of several segments, one segment behind the other. */
function joinSegments(segments: readonly IdentityColumns[]): IdentityColumns {
  const heads = new Float64Array(segments.reduce((sum, segment) => sum + segment.heads.length, 0));
  let at = 0;
  for (const segment of segments) {
    heads.set(segment.heads, at);
    at += segment.heads.length;
  }
  return { heads, tails: Buffer.concat(segments.map(segment => segment.tails)) };
}

export function isInOrder(segment: IdentityColumns): boolean {
  for (let place = 1; place < segment.heads.length; place += 1) if (comesFirst(segment, place, place - 1)) return false;
  return true;
}

function inOrder({ heads, tails }: IdentityColumns, order: Uint32Array): IdentityColumns {
  const sortedHeads = new Float64Array(order.length);
  const sortedTails = Buffer.allocUnsafe(order.length * TAIL_BYTES);
  const [source, target] = [viewOf(tails), viewOf(sortedTails)];
  for (let index = 0; index < order.length; index += 1) {
    const place = order[index] as number;
    sortedHeads[index] = heads[place] as number;
    copyTail(source, place, target, index);
  }
  return { heads: sortedHeads, tails: sortedTails };
}

/** The places in their order: by digits of the upper 33 bits of the heads, and the few that share these by `comesFirst`. */
function orderOf(heads: Float64Array, comesFirst: (place: number, other: number) => boolean): Uint32Array {
  const count = heads.length;
  let order = new Uint32Array(count);
  let next = new Uint32Array(count);
  const digits = new Uint16Array(count);
  const ends = new Uint32Array(DIGITS);
  for (let place = 0; place < count; place += 1) order[place] = place;
  for (let digit = 0; digit < 3; digit += 1) {
    const unit = LOWEST_DIGIT * DIGITS ** digit;
    ends.fill(0);
    for (let place = 0; place < count; place += 1) {
      // To an integer of 32 bits and not by %, which costs more on such numbers than all else here.
      const value = ((heads[place] as number) / unit) & (DIGITS - 1);
      digits[place] = value;
      ends[value] = (ends[value] as number) + 1;
    }
    let total = 0;
    for (let value = 0; value < DIGITS; value += 1) {
      const its = ends[value] as number;
      ends[value] = total;
      total += its;
    }
    for (let index = 0; index < count; index += 1) {
      const place = order[index] as number;
      const value = digits[place] as number;
      const to = ends[value] as number;
      next[to] = place;
      ends[value] = to + 1;
    }
    [order, next] = [next, order];
  }
  for (let index = 1; index < count; index += 1) {
    const place = order[index] as number;
    let to = index;
    while (to > 0 && comesFirst(place, order[to - 1] as number)) {
      order[to] = order[to - 1] as number;
      to -= 1;
    }
    order[to] = place;
  }
  return order;
}

function comesFirst({ heads, tails }: IdentityColumns, a: number, b: number): boolean {
  const difference = (heads[a] as number) - (heads[b] as number);
  if (difference !== 0) return difference < 0;
  const aAt = a * TAIL_BYTES;
  const bAt = b * TAIL_BYTES;
  return tails.compare(tails, bAt, bAt + IDENTITY_TAIL_BYTES, aAt, aAt + IDENTITY_TAIL_BYTES) < 0;
}

/** Heads as bytes, little-endian, and back. */
export function headsToBytes(heads: Float64Array): Buffer {
  return Buffer.from(heads.buffer, heads.byteOffset, heads.byteLength);
}

export function headsFromBytes({ buffer, byteOffset, byteLength }: Buffer): Float64Array {
  // Copied, for a view must begin at a multiple of eight bytes.
  return new Float64Array(buffer.slice(byteOffset, byteOffset + byteLength));
}
