/** Who an event claims to be, and what it says, as hashes: two events are the same one exactly if both agree. */
export interface EventIdentity {
  /** First 16 bytes of SHA-256 over developer, type and id (`identityText`): 32 hexadecimal digits. */
  readonly identity: string;
  /** First 8 bytes of SHA-256 over the content (`contentText`): a signed 64-bit integer as decimal text. */
  readonly content: string;
}

/** An identity with the batch that claimed it, by its place in the bucket's recorded order. */
export interface ClaimedIdentity extends EventIdentity {
  readonly seq: number;
}

/**
 * Identities in no order, as they are stored: the first 48 bits of each as a number, to be searched; then, for each, the other 80
 * bits, its content and the batch that claimed it.
 */
export interface IdentityColumns {
  readonly heads: Float64Array;
  /** `TAIL_BYTES` for each head. */
  readonly tails: Buffer;
}

export const HEAD_BYTES = 6;
export const IDENTITY_TAIL_BYTES = 10;
const CONTENT_BYTES = 8;
export const SEQ_AT = IDENTITY_TAIL_BYTES + CONTENT_BYTES;
const SEQ_BYTES = 6;
export const TAIL_BYTES = SEQ_AT + SEQ_BYTES;

export function claimedAt({ heads, tails }: IdentityColumns, place: number): ClaimedIdentity {
  const at = place * TAIL_BYTES;
  return {
    identity:
      (heads[place] as number).toString(16).padStart(HEAD_BYTES * 2, '0') +
      tails.toString('hex', at, at + IDENTITY_TAIL_BYTES),
    content: tails.readBigInt64BE(at + IDENTITY_TAIL_BYTES).toString(),
    seq: tails.readUIntBE(at + SEQ_AT, SEQ_BYTES),
  };
}

/** The place in the bucket's order as a tail ends with it. */
export function seqBytes(seq: number): Uint8Array {
  const bytes = Buffer.alloc(SEQ_BYTES);
  bytes.writeUIntBE(seq, 0, SEQ_BYTES);
  return bytes;
}

/** Copies a whole tail from place to place, four bytes at a time. */
export function copyTail(source: DataView, from: number, target: DataView, to: number): void {
  const [sourceAt, targetAt] = [from * TAIL_BYTES, to * TAIL_BYTES];
  for (let at = 0; at < TAIL_BYTES; at += 4) target.setInt32(targetAt + at, source.getInt32(sourceAt + at, true), true);
}

/** Whether two places hold the same content. */
export function sameContent(a: Uint8Array, aPlace: number, b: Uint8Array, bPlace: number): boolean {
  return same(
    a,
    aPlace * TAIL_BYTES + IDENTITY_TAIL_BYTES,
    b,
    bPlace * TAIL_BYTES + IDENTITY_TAIL_BYTES,
    CONTENT_BYTES,
  );
}

/** Whether two places of one head hold the same identity. */
export function sameIdentityTail(a: Uint8Array, aPlace: number, b: Uint8Array, bPlace: number): boolean {
  return same(a, aPlace * TAIL_BYTES, b, bPlace * TAIL_BYTES, IDENTITY_TAIL_BYTES);
}

function same(a: Uint8Array, aStart: number, b: Uint8Array, bStart: number, length: number): boolean {
  for (let index = 0; index < length; index += 1) if (a[aStart + index] !== b[bStart + index]) return false;
  return true;
}
