import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { addDays, parseBusinessDay } from '../../src/domain/business-day.ts';
import { claimOf, type IncentiveRule } from '../../src/domain/incentive.ts';
import { nanos, parseAmount } from '../../src/domain/nanos.ts';

const DAY = parseBusinessDay('2018-09-15');

const points = (pointsPpm: bigint, scope: Partial<IncentiveRule> = {}): IncentiveRule => ({
  incentive: { kind: 'points', pointsPpm },
  categories: null,
  newAppDays: null,
  ...scope,
});

const bonus = (amount: string, floor: string, newAppDays = 30): IncentiveRule => ({
  incentive: { kind: 'bonus', bonusNanos: parseAmount(amount), floorNanos: parseAmount(floor) },
  categories: null,
  newAppDays,
});

function claim(rule: IncentiveRule, gross: string, { category = 'games', firstDay = DAY } = {}): bigint {
  return claimOf(rule, { businessDay: DAY, grossNanos: parseAmount(gross), category, firstDay });
}

describe('what a day may claim', () => {
  test.each([
    ['1,234.56 × 0.05 = 61.728', points(50_000n), '1234.56', '61.728'],
    ['0.00000001 × 0.05 = half a nano, to the even 0', points(50_000n), '0.00000001', '0'],
    ['0.00000003 × 0.05 = 1½ nanos, to the even 2', points(50_000n), '0.00000003', '0.000000002'],
    ['all of the gross', points(1_000_000n), '7.5', '7.5'],
    ['at the floor the whole bonus', bonus('50', '200'), '200', '50'],
    ['a nano below the floor nothing', bonus('50', '200'), '199.999999999', '0'],
    ['a bonus above the gross', bonus('50', '0.01'), '0.01', '50'],
    ['a day that earned nothing claims nothing', points(50_000n), '0', '0'],
  ])('%s', (_name, rule, gross, expected) => {
    expect(claim(rule, gross)).toBe(parseAmount(expected));
  });

  test.each([
    ['in one of the categories', points(50_000n, { categories: ['tools', 'games'] }), {}, '5'],
    ['in none of them', points(50_000n, { categories: ['tools'] }), {}, '0'],
    ['on its first day', points(50_000n, { newAppDays: 30 }), { firstDay: DAY }, '5'],
    [
      'on its 30th day: the first is 29 days ago',
      points(50_000n, { newAppDays: 30 }),
      { firstDay: addDays(DAY, -29) },
      '5',
    ],
    ['on its 31st day', points(50_000n, { newAppDays: 30 }), { firstDay: addDays(DAY, -30) }, '0'],
    ['new, but in another category', points(50_000n, { newAppDays: 30, categories: ['tools'] }), {}, '0'],
    ['a bonus on the 31st day', bonus('5', '1'), { firstDay: addDays(DAY, -30) }, '0'],
  ])('%s', (_name, rule, app, expected) => {
    expect(claim(rule, '100', app)).toBe(parseAmount(expected));
  });
});

describe('laws', () => {
  const gross = fc.bigInt({ min: 0n, max: 10n ** 24n });
  const rule = fc.oneof(
    fc.bigInt({ min: 1n, max: 1_000_000n }).map(ppm => points(ppm)),
    fc.tuple(gross, gross).map(
      ([bonusNanos, floorNanos]): IncentiveRule => ({
        ...points(1n),
        incentive: { kind: 'bonus', bonusNanos: nanos(bonusNanos), floorNanos: nanos(floorNanos) },
      }),
    ),
  );
  const of = (each: IncentiveRule, grossNanos: bigint) =>
    claimOf(each, { businessDay: DAY, grossNanos, category: null, firstDay: null });

  test('a claim is never negative, and never falls with a larger gross', () => {
    fc.assert(
      fc.property(rule, gross, gross, (each, one, more) => {
        expect(of(each, one) >= 0n).toBe(true);
        expect(of(each, one + more) >= of(each, one)).toBe(true);
      }),
    );
  });

  test('points come to at most half a nano more or less than the ratio', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 1n, max: 1_000_000n }), gross, (ppm, earned) => {
        const offBy = of(points(ppm), earned) * 1_000_000n - earned * ppm;
        expect(offBy <= 500_000n && offBy >= -500_000n).toBe(true);
      }),
    );
  });
});
