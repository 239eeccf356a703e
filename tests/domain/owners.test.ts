import { fc, test } from '@fast-check/vitest';
import { describe, expect } from 'vitest';
import { bucketOf } from '../../src/domain/bucket.ts';
import { type DeveloperId, isId, parseId, UNASSIGNED } from '../../src/domain/ids.ts';

describe('ids', () => {
  test.each(['a', ' ', '~', 'dev_7', ' lead', UNASSIGNED, 'x'.repeat(64)])('%j is one', text => {
    expect(isId(text)).toBe(true);
    expect(parseId<DeveloperId>(text)).toBe(text);
  });

  test.each(['', 'x'.repeat(65), 'é', '开发者', 'a\n', 'a\0', '\u007f'])('%j is none', text => {
    expect(isId(text)).toBe(false);
    expect(() => parseId<DeveloperId>(text)).toThrow(expect.objectContaining({ code: 'bad_id' }));
  });
});

describe('the bucket of an owner', () => {
  // Pinned: an owner whose bucket changes loses the way to its books. The numbers are the first 32 bits of the SHA-256.
  test.each([
    ['dev_7', 0xf6dfc4e5, 64, 37],
    ['dev_8', 0x03ed3159, 64, 25],
    ['_unassigned', 0x6a003a94, 64, 20],
    ['开发者', 0x38084d30, 1000, 144],
  ])('of %s is %d modulo %d, which is %d', (ownerId, first32Bits, bucketCount, bucket) => {
    expect(first32Bits % bucketCount).toBe(bucket);
    expect(bucketOf(ownerId, bucketCount)).toBe(bucket);
  });

  test.prop([fc.string({ unit: 'grapheme' }), fc.integer({ min: 1, max: 4096 })])(
    'lies below the count',
    (ownerId, bucketCount) => {
      const bucket = bucketOf(ownerId, bucketCount);
      expect(Number.isInteger(bucket) && bucket >= 0 && bucket < bucketCount).toBe(true);
    },
  );

  test('spreads a million-app catalog evenly enough', () => {
    const counts = new Array<number>(64).fill(0);
    for (let index = 0; index < 64_000; index++) {
      const bucket = bucketOf(`dev_${index}`, 64);
      counts[bucket] = (counts[bucket] ?? 0) + 1;
    }
    expect(Math.min(...counts)).toBeGreaterThan(850);
    expect(Math.max(...counts)).toBeLessThan(1150);
  });

  test.each([0, -1, 1.5, Number.NaN])('a count of %d is a broken invariant', bucketCount => {
    expect(() => bucketOf('dev_7', bucketCount)).toThrow('bucket count must be at least 1');
  });
});
