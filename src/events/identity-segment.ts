import type { ClaimedIdentity } from './identity.ts';

/**
 * Identities as a segment holds them, sorted: the first 48 bits of each as a number, to be searched; then, for each, the other
 * 80 bits, its content and the batch that claimed it, to be read when a number has been found.
 */
export interface IdentitySegment {
  readonly heads: Float64Array;
  /** `TAIL_BYTES` for each head. */
  readonly tails: Buffer;
}

const HEAD_DIGITS = 12;
const IDENTITY_TAIL_BYTES = 10;
const CONTENT_AT = IDENTITY_TAIL_BYTES;
const SEQ_AT = CONTENT_AT + 8;
const SEQ_BYTES = 6;
export const TAIL_BYTES = SEQ_AT + SEQ_BYTES;

/** The first 48 bits of an identity's 32 hexadecimal digits. */
export function headOf(identity: string): number {
  return Number.parseInt(identity.slice(0, HEAD_DIGITS), 16);
}

export function packSegment(claimed: readonly ClaimedIdentity[]): IdentitySegment {
  const entries = claimed.map(claim => ({ claim, head: headOf(claim.identity) }));
  entries.sort((a, b) => a.head - b.head || (a.claim.identity < b.claim.identity ? -1 : 1));
  const heads = new Float64Array(entries.length);
  const tails = Buffer.allocUnsafe(entries.length * TAIL_BYTES);
  entries.forEach(({ claim, head }, index) => {
    const at = index * TAIL_BYTES;
    heads[index] = head;
    tails.write(claim.identity.slice(HEAD_DIGITS), at, IDENTITY_TAIL_BYTES, 'hex');
    tails.writeBigInt64BE(BigInt(claim.content), at + CONTENT_AT);
    tails.writeUIntBE(claim.seq, at + SEQ_AT, SEQ_BYTES);
  });
  return { heads, tails };
}

export function* unpackSegment({ heads, tails }: IdentitySegment): Generator<ClaimedIdentity> {
  for (let index = 0; index < heads.length; index += 1) {
    yield unpackEntry(heads[index] as number, tails.subarray(index * TAIL_BYTES, (index + 1) * TAIL_BYTES));
  }
}

export function unpackEntry(head: number, tail: Buffer): ClaimedIdentity {
  return {
    identity: head.toString(16).padStart(HEAD_DIGITS, '0') + tail.toString('hex', 0, IDENTITY_TAIL_BYTES),
    content: tail.readBigInt64BE(CONTENT_AT).toString(),
    seq: tail.readUIntBE(SEQ_AT, SEQ_BYTES),
  };
}

/** Places in `heads` of all `wanted` heads, both sorted: two identities that share their first 48 bits are two places. */
export function placesOf(wanted: Float64Array, heads: Float64Array): number[] {
  const places: number[] = [];
  let at = 0;
  for (let index = 0; index < wanted.length; index += 1) {
    const head = wanted[index] as number;
    if (index > 0 && head === wanted[index - 1]) continue;
    at = firstNotBelow(heads, head, at);
    for (let place = at; place < heads.length && heads[place] === head; place += 1) places.push(place);
  }
  return places;
}

/** The first place from `from` on whose head is not below, found in steps that double and then halve: neighbours are near. */
function firstNotBelow(heads: Float64Array, head: number, from: number): number {
  let low = from;
  let step = 1;
  while (low + step <= heads.length && (heads[low + step - 1] as number) < head) {
    low += step;
    step *= 2;
  }
  let high = Math.min(low + step - 1, heads.length);
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((heads[middle] as number) < head) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** One segment with all identities of several, which are disjoint. */
export function mergeSegments(segments: readonly IdentitySegment[]): IdentitySegment {
  if (segments.length === 0) return { heads: new Float64Array(), tails: Buffer.alloc(0) };
  let round = [...segments];
  while (round.length > 1) {
    const next: IdentitySegment[] = [];
    for (let index = 0; index < round.length; index += 2) {
      const left = round[index] as IdentitySegment;
      const right = round[index + 1];
      next.push(right === undefined ? left : mergeTwo(left, right));
    }
    round = next;
  }
  return round[0] as IdentitySegment;
}

function mergeTwo(left: IdentitySegment, right: IdentitySegment): IdentitySegment {
  const heads = new Float64Array(left.heads.length + right.heads.length);
  const tails = Buffer.allocUnsafe(heads.length * TAIL_BYTES);
  let fromLeft = 0;
  let fromRight = 0;
  for (let index = 0; index < heads.length; index += 1) {
    const takeLeft =
      fromRight >= right.heads.length || (fromLeft < left.heads.length && comesFirst(left, fromLeft, right, fromRight));
    const [source, place] = takeLeft ? [left, fromLeft++] : [right, fromRight++];
    heads[index] = source.heads[place] as number;
    source.tails.copy(tails, index * TAIL_BYTES, place * TAIL_BYTES, (place + 1) * TAIL_BYTES);
  }
  return { heads, tails };
}

function comesFirst(left: IdentitySegment, leftPlace: number, right: IdentitySegment, rightPlace: number): boolean {
  const difference = (left.heads[leftPlace] as number) - (right.heads[rightPlace] as number);
  if (difference !== 0) return difference < 0;
  const leftAt = leftPlace * TAIL_BYTES;
  const rightAt = rightPlace * TAIL_BYTES;
  return (
    left.tails.compare(right.tails, rightAt, rightAt + IDENTITY_TAIL_BYTES, leftAt, leftAt + IDENTITY_TAIL_BYTES) < 0
  );
}

/** Heads as bytes, little-endian, and back. */
export function headsToBytes(heads: Float64Array): Buffer {
  return Buffer.from(heads.buffer, heads.byteOffset, heads.byteLength);
}

export function headsFromBytes(bytes: Buffer): Float64Array {
  // Copied, for a view must begin at a multiple of eight bytes.
  return new Float64Array(Uint8Array.from(bytes).buffer);
}
