import { fc, test } from '@fast-check/vitest';
import { expect } from 'vitest';
import { IDENTITY_TAIL_BYTES, type IdentityColumns, TAIL_BYTES } from '../../src/events/identity.ts';
import { isInOrder, mergeSegments, sortedHeads, sortedSegment } from '../../src/events/identity-segment.ts';

/** Some share most of their bits, or all. */
const head = fc
  .tuple(fc.constantFrom(0, 1, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff), fc.constantFrom(0, 1, 0x7fff, 0x8000, 0xffff))
  .map(([upper, lower]) => upper * 0x1_0000 + lower);
const heads = fc.array(
  fc.oneof(
    head,
    fc.maxSafeNat().map(value => value % 2 ** 48),
  ),
  { maxLength: 200 },
);

function segmentOf(its: readonly number[]): IdentityColumns {
  const tails = Buffer.alloc(its.length * TAIL_BYTES);
  // Each with a tail of its own, not in the order of the places.
  its.forEach((_, place) => {
    tails.writeUInt32BE((place * 0x9e37_79b1) >>> 0, place * TAIL_BYTES + IDENTITY_TAIL_BYTES - 4);
    tails.writeUInt32BE(place, place * TAIL_BYTES + TAIL_BYTES - 4);
  });
  return { heads: Float64Array.from(its), tails };
}

function entriesOf({ heads: its, tails }: IdentityColumns): string[] {
  return Array.from(its, (value, place) => {
    const at = place * TAIL_BYTES;
    return `${value} ${tails.toString('hex', at, at + TAIL_BYTES)}`;
  });
}

test.prop([heads])('heads come into their order', its => {
  expect(sortedHeads(Float64Array.from(its))).toEqual(Float64Array.from(its).sort());
});

test.prop([heads])('a segment is in order, with the tail of each head', its => {
  const sorted = sortedSegment(segmentOf(its));
  expect(isInOrder(sorted)).toBe(true);
  expect(entriesOf(sorted).sort()).toEqual(entriesOf(segmentOf(its)).sort());
});

test.prop([heads, fc.nat()])('segments merge into what one of all their identities would be', (its, cut) => {
  const { heads: all, tails } = segmentOf(its);
  const first = cut % (its.length + 1);
  const parts = [
    { heads: all.subarray(0, first), tails: tails.subarray(0, first * TAIL_BYTES) },
    { heads: all.subarray(first), tails: tails.subarray(first * TAIL_BYTES) },
  ];
  const merged = mergeSegments(parts.map(sortedSegment));
  expect(entriesOf(merged)).toEqual(entriesOf(sortedSegment({ heads: all, tails })));
});
