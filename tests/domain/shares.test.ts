import { fc, test } from '@fast-check/vitest';
import { Decimal } from 'decimal.js';
import { describe, expect } from 'vitest';
import { type Nanos, nanos, parseAmount } from '../../src/domain/nanos.ts';
import {
  checkTiers,
  formatShare,
  type Mode,
  parseShare,
  shareOf,
  type Tier,
  tierParts,
} from '../../src/domain/tiers.ts';
import { worthOfDay } from '../../src/domain/worth.ts';

const PPM = 1_000_000n;

/** "100000:0.50 0.30" reads: 0.50 up to 100000, 0.30 beyond. */
function tiersOf(text: string): Tier[] {
  return text.split(' ').map(part => {
    const [upTo = '', share] = part.includes(':') ? part.split(':') : [undefined, part];
    return { upToNanos: upTo === '' ? null : parseAmount(upTo), sharePpm: parseShare(share ?? '') };
  });
}

const anyShare = fc.bigInt({ min: 0n, max: PPM });
const anyGross = fc.oneof(fc.bigInt({ min: 0n, max: 10_000n }), fc.bigInt({ min: 0n, max: 10n ** 30n })).map(nanos);
const anyMode = fc.constantFrom<Mode>('marginal', 'whole');
const anyTiers = fc
  .record({
    bounds: fc.uniqueArray(fc.oneof(fc.bigInt({ min: 1n, max: 10_000n }), fc.bigInt({ min: 1n, max: 10n ** 30n })), {
      maxLength: 5,
    }),
    shares: fc.array(anyShare, { minLength: 6, maxLength: 6 }),
  })
  .map(({ bounds, shares }): Tier[] => {
    const ascending = bounds.toSorted((a, b) => (a < b ? -1 : 1));
    return [...ascending.map(nanos), null].map((upToNanos, index) => ({ upToNanos, sharePpm: shares[index] ?? 0n }));
  });

describe('the share of a day', () => {
  test.each<[Mode, string, string, string]>([
    // 100000 × 0.50 + 50000 × 0.30 = 50000 + 15000
    ['marginal', '100000.00:0.50 0.30', '150000.00', '65000'],
    // a gross equal to up_to lies in that tier
    ['marginal', '100000.00:0.50 0.30', '100000.00', '50000'],
    // 50000 + 0.01 × 0.30
    ['marginal', '100000.00:0.50 0.30', '100000.01', '50000.003'],
    ['marginal', '100000.00:0.50 0.30', '0', '0'],
    // 10 × 0.10 + 10 × 0.20 + 5 × 0.30 = 1 + 2 + 1.5
    ['marginal', '10:0.10 20:0.20 0.30', '25', '4.5'],
    ['whole', '100000.00:0.50 0.30', '100000.00', '50000'],
    // all of it at 0.30
    ['whole', '100000.00:0.50 0.30', '100000.00000001', '30000.000000003'],
    ['whole', '100000.00:0.50 0.30', '150000.00', '45000'],
    ['whole', '100000.00:0.50 0.30', '0', '0'],
    // ties: 0.5 nano to 0, 1.5 nanos to 2, 2.5 nanos to 2
    ['marginal', '0.50', '0.000000001', '0'],
    ['marginal', '0.50', '0.000000003', '0.000000002'],
    ['marginal', '0.50', '0.000000005', '0.000000002'],
    // one rounding after the sum: 0.5 + 0.5 = 1 nano, where two roundings would give 0
    ['marginal', '0.000000001:0.50 0.50', '0.000000002', '0.000000001'],
    // sums beyond 64 bits: 9223372036854775807 × 333333 = 3074454271160912984074731
    ['marginal', '0.333333', '9223372036854775807', '3074454271160912984.074731'],
  ])('%s tiers %s of %s give %s', (mode, tiers, gross, share) => {
    expect(shareOf(mode, tiersOf(tiers), parseAmount(gross)).shareNanos).toBe(parseAmount(share));
  });

  test('the unrounded share keeps what rounding drops', () => {
    expect(shareOf('marginal', tiersOf('0.333333'), nanos(10n))).toEqual({
      unroundedPpmNanos: 3_333_330n,
      shareNanos: 3n,
    });
  });

  test('a negative gross is a broken invariant', () => {
    expect(() => shareOf('marginal', tiersOf('0.50'), nanos(-1n))).toThrow('gross must not be negative');
  });

  test('tiers without an open end are a broken invariant where they do not reach', () => {
    const tiers = [{ upToNanos: nanos(5n), sharePpm: 0n }];
    expect(() => shareOf('marginal', tiers, nanos(6n))).toThrow('the last tier must be open');
    expect(() => shareOf('whole', tiers, nanos(6n))).toThrow('the last tier must be open');
  });

  test.prop([anyMode, anyTiers, anyGross])('platform + developer = gross', (mode, tiers, grossNanos) => {
    const { platformNanos, developerNanos } = worthOfDay(
      { basis: 'app_day', mode, tiers },
      { grossNanos, monthBeforeNanos: nanos(0n) },
    );
    expect(platformNanos + developerNanos).toBe(grossNanos);
    expect(developerNanos >= 0n && platformNanos >= 0n).toBe(true);
  });

  test.prop([anyMode, anyTiers, anyGross])(
    'the share lies within the lowest and highest share of the gross, to half a nano',
    (mode, tiers, grossNanos) => {
      const { shareNanos } = shareOf(mode, tiers, grossNanos);
      const shares = tiers.map(tier => tier.sharePpm).toSorted((a, b) => (a < b ? -1 : 1));
      const lowest = (shares.at(0) ?? 0n) * grossNanos;
      const highest = (shares.at(-1) ?? 0n) * grossNanos;
      expect(2n * shareNanos * PPM >= 2n * lowest - PPM).toBe(true);
      expect(2n * shareNanos * PPM <= 2n * highest + PPM).toBe(true);
    },
  );

  test.prop([anyTiers, anyGross, anyGross])('more gross never means less share (marginal)', (tiers, one, other) => {
    const [less, more]: [Nanos, Nanos] = one < other ? [one, other] : [other, one];
    expect(shareOf('marginal', tiers, less).shareNanos <= shareOf('marginal', tiers, more).shareNanos).toBe(true);
  });

  test.prop([anyMode, anyTiers, anyGross])(
    'the parts add up to the gross and to the unrounded share',
    (mode, tiers, grossNanos) => {
      const parts = tierParts(mode, tiers, grossNanos);
      expect(parts.length).toBeGreaterThan(0);
      expect(parts.reduce((sum, part) => sum + part.grossNanos, 0n)).toBe(grossNanos);
      expect(parts.reduce((sum, part) => sum + part.unroundedPpmNanos, 0n)).toBe(
        shareOf(mode, tiers, grossNanos).unroundedPpmNanos,
      );
    },
  );

  const Wide = Decimal.clone({ precision: 100, rounding: Decimal.ROUND_HALF_EVEN });
  test.prop([anyMode, anyTiers, anyGross])('agrees with decimal.js', (mode, tiers, grossNanos) => {
    const gross = new Wide(grossNanos.toString());
    let below = new Wide(0);
    let marginal = new Wide(0);
    let whole: Decimal | undefined;
    for (const { upToNanos, sharePpm } of tiers) {
      const share = new Wide(formatShare(sharePpm));
      const end = upToNanos === null ? gross : Wide.min(gross, upToNanos.toString());
      marginal = marginal.plus(Wide.max(0, end.minus(below)).times(share));
      if (gross.lte(end)) whole ??= gross.times(share);
      below = Wide.max(below, end);
    }
    const expected = (mode === 'marginal' ? marginal : (whole ?? new Wide(-1))).toDecimalPlaces(0).toFixed();
    expect(shareOf(mode, tiers, grossNanos).shareNanos).toBe(BigInt(expected));
  });

  test.prop([anyTiers])('tiers as a plan may have them pass the check', tiers => {
    expect(() => checkTiers(tiers)).not.toThrow();
  });
});

describe('the check of tiers', () => {
  const tier = (upTo: string | null, sharePpm = 500_000n): Tier => ({
    upToNanos: upTo === null ? null : parseAmount(upTo),
    sharePpm,
  });

  test.each<[string, Tier[], string]>([
    ['no tiers', [], 'a plan has no tiers'],
    ['a last tier with up_to', [tier('10')], 'tier 1 of 1 has the up_to 10.00; leave up_to out of the last tier'],
    ['an open tier before the last', [tier(null), tier(null)], 'tier 1 of 2 has no up_to'],
    ['an up_to of 0', [tier('0'), tier(null)], 'tier 1 of 2 has the up_to 0.00, not above 0.00'],
    ['a negative up_to', [tier('-1'), tier(null)], 'tier 1 of 2 has the up_to -1.00, not above 0.00'],
    ['equal up_to', [tier('10'), tier('10'), tier(null)], 'tier 2 of 3 has the up_to 10.00, not above 10.00'],
    ['descending up_to', [tier('10'), tier('9.5'), tier(null)], 'tier 2 of 3 has the up_to 9.50, not above 10.00'],
    ['a share above 1', [tier(null, 1_000_001n)], 'tier 1 of 1 has the share 1.000001'],
    ['a negative share', [tier(null, -1n)], 'tier 1 of 1 has the share -0.000001'],
  ])('refuses %s', (_, tiers, message) => {
    expect(() => checkTiers(tiers)).toThrow(
      expect.objectContaining({ code: 'bad_tiers', message: expect.stringContaining(message) }),
    );
  });
});

describe('shares as text', () => {
  test.each([
    ['0.50', 500_000n, '0.50'],
    ['0.5', 500_000n, '0.50'],
    ['0', 0n, '0.00'],
    ['1', 1_000_000n, '1.00'],
    ['1.000000', 1_000_000n, '1.00'],
    ['0.333333', 333_333n, '0.333333'],
    ['0.000001', 1n, '0.000001'],
  ])('%s is %d millionths, written %s', (text, ppm, written) => {
    expect(parseShare(text)).toBe(ppm);
    expect(formatShare(ppm)).toBe(written);
  });

  test.each([
    '',
    '.5',
    '1.',
    '-0.5',
    '50%',
    '1.000001',
    '2',
    '0.5000000',
    '1e-1',
    'NaN',
    'Infinity',
    ' 0.5',
    '9'.repeat(400),
  ])('refuses %j', text => {
    expect(() => parseShare(text)).toThrow(expect.objectContaining({ code: 'bad_share' }));
  });

  test.prop([anyShare])('parse∘format is identity', ppm => {
    expect(parseShare(formatShare(ppm))).toBe(ppm);
  });
});
