import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RememberedHeads } from '../../src/events/remembered-heads.ts';
import { SortedHeads } from '../../src/events/sorted-heads.ts';

/** 48 bits, many of which share their upper 32 or all of them. */
const head = fc
  .tuple(fc.constantFrom(0, 1, 2 ** 31, 2 ** 32 - 1, 77), fc.constantFrom(0, 1, 2, 2 ** 15, 2 ** 16 - 1))
  .map(([upper, lower]) => upper * 2 ** 16 + lower);
const anyHead = fc.oneof(
  head,
  fc.maxSafeInteger().map(value => Math.abs(value) % 2 ** 48),
);
const heads = fc.array(anyHead, { maxLength: 60 }).map(all => Float64Array.from(all).sort());

describe('sorted heads', () => {
  test('are what they were made of', () => {
    fc.assert(
      fc.property(heads, all => {
        const sorted = new SortedHeads(all);
        expect(Array.from({ length: sorted.count }, (_, place) => sorted.at(place))).toEqual([...all]);
      }),
    );
  });

  test('are found at each of their places, and nothing else is', () => {
    fc.assert(
      fc.property(heads, heads, (all, others) => {
        const wanted = Float64Array.from([...others, ...all.filter((_, index) => index % 3 === 0)]).sort();
        const known = new Set(wanted);
        const places = [...all.keys()].filter(place => known.has(all[place] as number));
        expect(new SortedHeads(all).placesOf(wanted)).toEqual(places);
      }),
    );
  });
});

describe('remembered heads', () => {
  const MOST = 12;
  const step = fc.oneof(
    fc.record({ kind: fc.constant('add' as const), bucket: fc.nat(2), id: fc.nat(5), count: fc.nat(5) }),
    fc.record({ kind: fc.constant('of' as const), bucket: fc.nat(2), listed: fc.subarray([0, 1, 2, 3, 4, 5]) }),
  );

  test('are those of listed segments, as they were given, and never too many', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), steps => {
        const remembered = new RememberedHeads({ most: MOST });
        const kept = new Map<string, SortedHeads>();
        const size = () => [...kept.values()].reduce((sum, each) => sum + each.count, 0);
        for (const each of steps) {
          if (each.kind === 'add') {
            const id = `${each.bucket}-${each.id}`;
            const added = new SortedHeads(new Float64Array(each.count));
            remembered.add(each.bucket, id, added);
            if (!kept.has(id) && size() + each.count <= MOST) kept.set(id, added);
          } else {
            const listed = new Set(each.listed.map(id => `${each.bucket}-${id}`));
            for (const id of [...kept.keys()]) if (id.startsWith(`${each.bucket}-`) && !listed.has(id)) kept.delete(id);
            const expected = [...kept].filter(([id]) => listed.has(id));
            expect(new Map(remembered.of(each.bucket, listed))).toEqual(new Map(expected));
          }
          expect(remembered.count).toBe(size());
        }
      }),
    );
  });
});
