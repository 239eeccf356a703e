import { IDENTITY_TAIL_BYTES, type IdentityColumns, TAIL_BYTES } from './identity.ts';

const DIGIT_BITS = 11;
const DIGITS = 1 << DIGIT_BITS;

/** Identities in their order: a segment as it is stored. */
export function sortedSegment(identities: IdentityColumns): IdentityColumns {
  return inOrder(identities, orderOf(identities));
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
  let to = 0;
  for (let index = 0; index < order.length; index += 1) {
    const place = order[index] as number;
    sortedHeads[index] = heads[place] as number;
    let from = place * TAIL_BYTES;
    for (const end = from + TAIL_BYTES; from < end; from += 1) sortedTails[to++] = tails[from] as number;
  }
  return { heads: sortedHeads, tails: sortedTails };
}

/** The places in the order of their identities: by digits of the upper 33 bits of the heads, and the few that share these by the rest. */
function orderOf(segment: IdentityColumns): Uint32Array {
  const { heads } = segment;
  const count = heads.length;
  const upper = new Float64Array(count);
  for (let place = 0; place < count; place += 1) upper[place] = Math.floor((heads[place] as number) / 0x8000);
  let order = Uint32Array.from(upper, (_, place) => place);
  let next = new Uint32Array(count);
  const ends = new Uint32Array(DIGITS);
  for (let digit = 0; digit < 3; digit += 1) {
    const unit = 2 ** (digit * DIGIT_BITS);
    ends.fill(0);
    const digits = new Uint16Array(count);
    for (let place = 0; place < count; place += 1) {
      const value = Math.floor((upper[place] as number) / unit) % DIGITS;
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
    while (to > 0 && comesFirst(segment, place, order[to - 1] as number)) {
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
