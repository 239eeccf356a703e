import { fc, test } from '@fast-check/vitest';
import { describe, expect } from 'vitest';
import { exchanged, parseRate } from '../../src/domain/exchange.ts';
import { downToMinor, isWholeMinor, minorUnitNanos } from '../../src/domain/minor-unit.ts';
import { formatAmount, type Nanos, nanos, parseAmount } from '../../src/domain/nanos.ts';
import {
  checkWithholdingTiers,
  type StoredWithholdingTier,
  storedWithholdingTiers,
  withheld,
  withholdingTiersOf,
} from '../../src/domain/withholding.ts';
import { refusalOf } from '../support/refusals.ts';

const CENT = 10_000_000n;
const CURRENCIES = ['CNY', 'USD', 'JPY', 'KWD', 'CLF'] as const;
const currency = fc.constantFrom(...CURRENCIES);
const amount = fc.bigInt({ min: 0n, max: 10n ** 24n }).map(nanos);
const ppm = fc.bigInt({ min: 0n, max: 1_000_000n });

/** Ascending limits, each with a rate, and an open tier. */
const tiers = fc
  .tuple(
    fc.uniqueArray(fc.bigInt({ min: 1n, max: 10n ** 15n }), { maxLength: 6 }),
    fc.array(ppm, { minLength: 7, maxLength: 7 }),
  )
  .map(([limits, rates]) => [
    ...limits
      .toSorted((a, b) => (a < b ? -1 : 1))
      .map((limit, index) => ({ upToNanos: nanos(limit), ratePpm: rates[index] ?? 0n })),
    { upToNanos: null, ratePpm: rates[6] ?? 0n },
  ]);

function table(...stored: readonly StoredWithholdingTier[]) {
  return withholdingTiersOf(stored);
}

describe('rounding down to the minor unit', () => {
  test.each([
    ['65000.00', 'CNY', '65000.00'],
    ['100.009999999', 'CNY', '100.00'],
    ['0.009999999', 'CNY', '0.00'],
    ['1234.999999999', 'JPY', '1234'],
    ['0.999999999', 'JPY', '0'],
    ['1.234999999', 'KWD', '1.234'],
    ['1.234567891', 'CLF', '1.2345'],
  ])('%s %s is paid as %s', (given, code, paid) => {
    expect(formatAmount(downToMinor(parseAmount(given), code), code)).toBe(paid);
  });

  test('a negative amount is a fault of the program', () => {
    expect(() => downToMinor(nanos(-1n), 'CNY')).toThrow('must not be negative');
  });

  test.prop([amount, currency])('takes less than a minor unit, and nothing the second time', (given, code) => {
    const paid = downToMinor(given, code);
    expect(given - paid >= 0n && given - paid < minorUnitNanos(code)).toBe(true);
    expect(isWholeMinor(paid, code)).toBe(true);
    expect(downToMinor(paid, code)).toBe(paid);
  });
});

describe('withholding', () => {
  const flat = table({ rate: '0.10' });
  const steps = table({ up_to: '800.00', rate: '0' }, { up_to: '4000.00', rate: '0.20' }, { rate: '0.16' });
  test.each([
    // payout, tax, tiers
    ['1000.00', '100.00', 'CNY', flat],
    ['0.05', '0.01', 'CNY', flat], // 0.005, a half up
    ['0.04', '0.00', 'CNY', flat], // 0.004, down
    ['0.15', '0.02', 'CNY', flat], // 0.015, a half up; half-even would say so too
    ['0.25', '0.03', 'CNY', flat], // 0.025, a half up; half-even would say 0.02
    ['0.00', '0.00', 'CNY', flat],
    ['5', '1', 'JPY', flat], // 0.5
    ['4', '0', 'JPY', flat],
    ['0.005', '0.001', 'KWD', flat],
    ['800.00', '0.00', 'CNY', steps], // equal to up_to: inside
    ['800.01', '0.00', 'CNY', steps], // 0.01 × 0.20 = 0.002
    ['4000.00', '640.00', 'CNY', steps], // 3,200 × 0.20
    ['4000.01', '640.00', 'CNY', steps], // 640 + 0.01 × 0.16 = 640.0016
    ['4000.04', '640.01', 'CNY', steps], // 640 + 0.04 × 0.16 = 640.0064
    ['5000.00', '800.00', 'CNY', steps], // 640 + 1,000 × 0.16
    // Rounded once: the tiers alone would be 0.004 + 0.004, each of them nothing.
    ['0.08', '0.01', 'CNY', table({ up_to: '0.04', rate: '0.10' }, { rate: '0.10' })],
    ['100.00', '100.00', 'CNY', table({ rate: '1' })],
    ['100.00', '0.00', 'CNY', table({ rate: '0' })],
  ] as const)('of %s is %s %s', (payout, tax, code, rates) => {
    expect(formatAmount(withheld({ amountNanos: parseAmount(payout), tiers: rates, currency: code }), code)).toBe(tax);
  });

  test.prop([amount, tiers, currency])('is whole minor units, and never more than the payout', (given, rates, code) => {
    const payout = downToMinor(given, code);
    const tax = withheld({ amountNanos: payout, tiers: rates, currency: code });
    expect(isWholeMinor(tax, code)).toBe(true);
    expect(tax >= 0n && tax <= payout).toBe(true);
  });

  test.prop([amount, amount, tiers, currency])(
    'never falls as the payout rises, nor does what is left',
    (a, b, rates, code) => {
      const [less, more] =
        a < b ? [downToMinor(a, code), downToMinor(b, code)] : [downToMinor(b, code), downToMinor(a, code)];
      const [low, high] = [less, more].map(amountNanos => withheld({ amountNanos, tiers: rates, currency: code }));
      if (low === undefined || high === undefined) throw new Error('two amounts');
      expect(low <= high && less - low <= more - high).toBe(true);
    },
  );

  test.prop([amount, tiers, currency])(
    'lies within half a minor unit of the exact sum over tiers',
    (payout, rates, code) => {
      let exactPpm = 0n;
      let below = 0n;
      for (const { upToNanos, ratePpm } of rates) {
        const top = upToNanos === null || upToNanos > payout ? payout : upToNanos;
        if (top > below) exactPpm += (top - below) * ratePpm;
        below = top > below ? top : below;
      }
      const offPpm = withheld({ amountNanos: payout, tiers: rates, currency: code }) * 1_000_000n - exactPpm;
      const half = (minorUnitNanos(code) * 1_000_000n) / 2n;
      // A tie goes up, so the half is reached on one side alone.
      expect(offPpm > -half && offPpm <= half).toBe(true);
    },
  );

  test.prop([tiers, currency])('a table is stored as it was read', (rates, code) => {
    expect(withholdingTiersOf(JSON.parse(JSON.stringify(storedWithholdingTiers(rates, code))))).toEqual(rates);
  });

  test.each([
    [[], 'give at least one tier'],
    [[{ up_to: '1.00', rate: '0' }], 'leave up_to out of the last tier'],
    [[{ up_to: '2.00', rate: '0' }, { up_to: '2.00', rate: '0' }, { rate: '0' }], 'each up_to must be above 0'],
    [[{ rate: '0' }, { rate: '0' }], 'only the last tier may leave it out'],
  ])('%j are no tiers', (stored, says) => {
    expect(refusalOf(() => checkWithholdingTiers(withholdingTiersOf(stored))).message).toContain(says);
  });
});

describe("China's tax on labour income, as tiers of a payout", () => {
  const labour = table(
    { up_to: '800.00', rate: '0' },
    { up_to: '4000.00', rate: '0.20' },
    { up_to: '25000.00', rate: '0.16' },
    { up_to: '62500.00', rate: '0.24' },
    { rate: '0.32' },
  );
  /**
   * As the announcement has it: income less 800, above 4,000 less a fifth, is what is taxed; of that 20 % up to 20,000, 30 % less
   * 2,000 up to 50,000, 40 % less 7,000 above. In ten-thousandths of a cent.
   */
  function official(cents: bigint): bigint {
    const income = cents * 10_000n;
    const yuan = 1_000_000n;
    if (income <= 800n * yuan) return 0n;
    const taxed = income <= 4_000n * yuan ? income - 800n * yuan : (income * 8n) / 10n;
    if (taxed <= 20_000n * yuan) return (taxed * 2n) / 10n;
    if (taxed <= 50_000n * yuan) return (taxed * 3n) / 10n - 2_000n * yuan;
    return (taxed * 4n) / 10n - 7_000n * yuan;
  }
  const taxOf = (cents: bigint) =>
    withheld({ amountNanos: nanos(cents * CENT), tiers: labour, currency: 'CNY' }) / CENT;

  test.each([
    ['800.00', '0.00'],
    ['2000.00', '240.00'], // (2,000 − 800) × 20 %
    ['4000.00', '640.00'],
    ['10000.00', '1600.00'], // 8,000 × 20 %
    ['25000.00', '4000.00'],
    ['50000.00', '10000.00'], // 40,000 × 30 % − 2,000
    ['62500.00', '13000.00'],
    ['100000.00', '25000.00'], // 80,000 × 40 % − 7,000
  ])('%s pays %s', (income, tax) => {
    const payout = parseAmount(income);
    expect(formatAmount(withheld({ amountNanos: payout, tiers: labour, currency: 'CNY' }), 'CNY')).toBe(tax);
    expect(official(payout / CENT)).toBe((parseAmount(tax) / CENT) * 10_000n);
  });

  const near = (yuan: bigint) => fc.bigInt({ min: yuan * 100n - 3n, max: yuan * 100n + 3n });
  const cents = fc.oneof(fc.bigInt({ min: 0n, max: 10n ** 9n }), ...[800n, 4_000n, 25_000n, 62_500n].map(near));
  test.prop([cents])('agree with the official formula to the cent, a half up', income => {
    expect(taxOf(income)).toBe((official(income) + 5_000n) / 10_000n);
  });
});

describe('exchange', () => {
  test.each([
    // net × rate, in the target: to the nano, what is paid, the rest
    ['54400.00', '0.1454', 'USD', '7909.76', '7909.76', '0.00'],
    ['100.00', '0.145678912345', 'USD', '14.567891234', '14.56', '0.007891234'], // …2345 down
    ['1000.00', '15.8231', 'JPY', '15823.1', '15823', '0.1'],
    ['0.01', '15.8231', 'JPY', '0.158231', '0', '0.158231'], // too little for a yen
    ['1.00', '0.0000000005', 'USD', '0.00', '0.00', '0.00'], // half a nano, to the even 0
    ['3.00', '0.0000000005', 'USD', '0.000000002', '0.00', '0.000000002'], // 1.5 nanos, to the even 2
    ['5.00', '0.0000000005', 'USD', '0.000000002', '0.00', '0.000000002'], // 2.5 nanos, to the even 2
    ['10.00', '0.0423', 'KWD', '0.423', '0.423', '0.000'],
  ])('%s at %s in %s is %s: %s paid, %s the rest', (net, rate, code, target, paid, rest) => {
    const found = exchanged({ amountNanos: parseAmount(net), rate, currency: code });
    const text = (value: Nanos) => formatAmount(value, code);
    expect([found.targetNanos, found.minorNanos, found.restNanos].map(text)).toEqual([target, paid, rest]);
  });

  const rate = fc
    .tuple(fc.bigInt({ min: 0n, max: 10n ** 9n - 1n }), fc.bigInt({ min: 1n, max: 10n ** 12n - 1n }))
    .map(([whole, fraction]) => `${whole}.${String(fraction).padStart(12, '0')}`);

  test.prop([amount, rate, currency])(
    'strands nothing: paid and rest are the whole, the rest below a minor unit',
    (net, each, code) => {
      const { targetNanos, minorNanos, restNanos } = exchanged({ amountNanos: net, rate: each, currency: code });
      expect(minorNanos + restNanos).toBe(targetNanos);
      expect(isWholeMinor(minorNanos, code)).toBe(true);
      expect(restNanos >= 0n && restNanos < minorUnitNanos(code)).toBe(true);
      const [whole = '', fraction = ''] = each.split('.');
      const off = targetNanos * 10n ** 12n - net * BigInt(whole + fraction);
      expect(2n * (off < 0n ? -off : off) <= 10n ** 12n).toBe(true);
    },
  );

  test.prop([amount, amount, rate, currency])('never falls as the amount rises', (a, b, each, code) => {
    const [less, more] = a < b ? [a, b] : [b, a];
    const paid = (amountNanos: Nanos) => exchanged({ amountNanos, rate: each, currency: code }).minorNanos;
    expect(paid(less) <= paid(more)).toBe(true);
  });

  test.each([
    ['0.1454', '0.1454'],
    ['000.14540', '0.1454'],
    ['15', '15'],
    ['15.000', '15'],
    ['999999999.999999999999', '999999999.999999999999'],
    ['0.000000000001', '0.000000000001'],
  ])('the rate %s is written %s', (given, canonical) => {
    expect(parseRate(given)).toBe(canonical);
    expect(parseRate(canonical)).toBe(canonical);
  });

  test.each(['', '0', '0.000', '-1', '.5', '1.', '1e3', '1,5', ' 1', '１', '1234567890', '0.0000000000001', 'NaN'])(
    '%j is no rate',
    given => {
      expect(refusalOf(() => parseRate(given))).toMatchObject({ code: 'bad_rate' });
    },
  );
});
