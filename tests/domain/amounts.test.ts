import { fc, test } from '@fast-check/vitest';
import { Decimal } from 'decimal.js';
import { describe, expect } from 'vitest';
import { isRefusal } from '../../src/domain/errors.ts';
import { money } from '../../src/domain/money.ts';
import { divideHalfEven, formatAmount, NANOS_PER_UNIT, nanos, parseAmount } from '../../src/domain/nanos.ts';

const LIMIT = 10n ** 38n;
const anyNanos = fc.bigInt({ min: -LIMIT + 1n, max: LIMIT - 1n }).map(nanos);
const anyCurrency = fc.constantFrom('CNY', 'JPY', 'KWD', 'CLF');

describe('amounts', () => {
  test.each([
    ['65000.00', 65_000n * NANOS_PER_UNIT, 'CNY', '65000.00'],
    ['2.021385', 2_021_385_000n, 'CNY', '2.021385'],
    ['-0.5', -500_000_000n, 'CNY', '-0.50'],
    ['5', 5n * NANOS_PER_UNIT, 'JPY', '5'],
    ['5.5', 5_500_000_000n, 'JPY', '5.5'],
    ['0.000000001', 1n, 'CNY', '0.000000001'],
    ['-0.000000001', -1n, 'JPY', '-0.000000001'],
    ['0', 0n, 'CNY', '0.00'],
    ['-0', 0n, 'JPY', '0'],
    ['007.10', 7_100_000_000n, 'KWD', '7.100'],
    ['99999999999999999999999999999.999999999', LIMIT - 1n, 'CNY', '99999999999999999999999999999.999999999'],
  ])('%s is %d nanos, in %s written %s', (text, amountNanos, currency, written) => {
    expect(parseAmount(text)).toBe(amountNanos);
    expect(formatAmount(nanos(amountNanos), currency)).toBe(written);
  });

  test.each([
    '',
    '.5',
    '5.',
    '1e3',
    '+1',
    '--1',
    '1,000',
    ' 1',
    '1\n',
    '0x10',
    'NaN',
    '１',
    '0.0000000001',
    '100000000000000000000000000000',
    '9'.repeat(1000),
  ])('refuses %j', text => {
    expect(() => parseAmount(text)).toThrow(expect.objectContaining({ code: 'bad_amount' }));
  });

  test('a refusal shows the value, cut, and the remedy in one line', () => {
    try {
      parseAmount(`x\n${'9'.repeat(500)}`);
      expect.unreachable();
    } catch (error) {
      if (!isRefusal(error)) throw error;
      expect(error.message).toMatch(/^"x\\n9{78}"… is not an amount; write a decimal string with at most 29 digits/);
      expect(error.message).not.toContain('\n');
      expect(error.exitCode).toBe(1);
    }
  });

  test.prop([anyNanos, anyCurrency])('parse∘format is identity', (amountNanos, currency) => {
    expect(parseAmount(formatAmount(amountNanos, currency))).toBe(amountNanos);
  });

  test.prop([anyNanos, anyCurrency])(
    'a written amount has the minor digits and no further trailing zero',
    (amountNanos, currency) => {
      const [, fraction = ''] = money(amountNanos, currency).amount.split('.');
      const minDecimals = { CNY: 2, JPY: 0, KWD: 3, CLF: 4 }[currency] ?? Number.NaN;
      expect(fraction.length).toBeGreaterThanOrEqual(minDecimals);
      if (fraction.length > minDecimals) expect(fraction).not.toMatch(/0$/);
    },
  );

  test('an amount is not written in a currency that nobody can be paid in', () => {
    expect(() => money(nanos(1n), 'XAU')).toThrow(expect.objectContaining({ code: 'bad_currency' }));
  });
});

describe('half-even division', () => {
  test.each([
    [5n, 2n, 2n],
    [7n, 2n, 4n],
    [-5n, 2n, -2n],
    [-7n, 2n, -4n],
    [1n, 2n, 0n],
    [-1n, 2n, 0n],
    [3n, 2n, 2n],
    [-3n, 2n, -2n],
    [6n, 4n, 2n],
    [10n, 4n, 2n],
    [1n, 3n, 0n],
    [2n, 3n, 1n],
    [-2n, 3n, -1n],
    [0n, 7n, 0n],
    [21n, 7n, 3n],
  ])('%d / %d is %d', (numerator, denominator, quotient) => {
    expect(divideHalfEven(numerator, denominator)).toBe(quotient);
  });

  test.each([0n, -2n])('a denominator of %d is a broken invariant', denominator => {
    expect(() => divideHalfEven(1n, denominator)).toThrow('denominator must be positive');
  });

  const Wide = Decimal.clone({ precision: 200, rounding: Decimal.ROUND_HALF_EVEN });
  const denominators = fc.oneof(fc.constantFrom(2n, 4n, 10n, 1_000_000n), fc.bigInt({ min: 1n, max: LIMIT }));

  test.prop([fc.bigInt({ min: -LIMIT, max: LIMIT }), denominators])(
    'agrees with decimal.js',
    (numerator, denominator) => {
      const expected = new Wide(numerator.toString()).div(denominator.toString()).toDecimalPlaces(0).toFixed();
      expect(divideHalfEven(numerator, denominator)).toBe(BigInt(expected));
    },
  );

  test.prop([fc.bigInt({ min: -LIMIT, max: LIMIT }), fc.bigInt({ min: 1n, max: LIMIT })])(
    'a tie goes to the even neighbour',
    (quotient, half) => {
      const denominator = 2n * half;
      const rounded = divideHalfEven(quotient * denominator + half, denominator);
      expect(rounded % 2n).toBe(0n);
      expect(rounded === quotient || rounded === quotient + 1n).toBe(true);
    },
  );
});
