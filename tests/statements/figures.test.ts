import { fc, test } from '@fast-check/vitest';
import { Decimal } from 'decimal.js';
import { describe, expect } from 'vitest';
import { nanos, parseAmount } from '../../src/domain/nanos.ts';
import { exactAmount } from '../../src/statements/exact-amount.ts';
import { ecpmNanos, sharePercent } from '../../src/statements/rates.ts';
import { grouped, textTable } from '../../src/statements/text-table.ts';

describe('eCPM, half-even to the minor unit', () => {
  test.each([
    ['CNY', '2.50', 1000, '2.50'], //      2.50 × 1000 ÷ 1000
    ['CNY', '0.01', 4000, '0.00'], //      0.0025, towards the even 0.00
    ['CNY', '0.03', 2000, '0.02'], //      0.015, towards the even 0.02
    ['CNY', '0.025', 1000, '0.02'], //     0.025, towards the even 0.02
    ['CNY', '100.00', 3, '33333.33'], //   33,333.333…
    ['JPY', '5', 2000, '2'], //            2.5, towards the even 2
    ['KWD', '1', 3, '333.333'],
  ])('%s %s over %d impressions is %s', (currency, gross, impressions, expected) => {
    expect(ecpmNanos({ grossNanos: parseAmount(gross), impressions, currency })).toBe(parseAmount(expected));
  });

  test('of no impressions is unknown', () => {
    expect(ecpmNanos({ grossNanos: parseAmount('1'), impressions: 0, currency: 'CNY' })).toBeNull();
  });
});

describe('a share in per cent, half-even to two decimals', () => {
  test.each([
    ['65000', '150000', '43.33'],
    ['50000.003', '100000.01', '50.00'], // 49.999998
    ['1', '80000', '0.00'], //              0.00125
    ['0', '3', '0.00'],
    ['2', '2', '100.00'],
  ])('%s of %s is %s', (part, of, expected) => {
    expect(sharePercent({ partNanos: parseAmount(part), ofNanos: parseAmount(of) })).toBe(expected);
  });

  test('of nothing is unknown', () => {
    expect(sharePercent({ partNanos: nanos(0n), ofNanos: nanos(0n) })).toBeNull();
  });
});

test.prop([fc.bigInt({ min: 0n, max: 10n ** 44n }), fc.integer({ min: 0, max: 3 })])(
  'an exact amount loses no digit and shows the minor unit',
  (ppmNanos, minDecimals) => {
    const text = exactAmount(ppmNanos, minDecimals);
    const [whole = '', fraction = ''] = text.split('.');
    expect(BigInt(whole + fraction.padEnd(15, '0'))).toBe(ppmNanos);
    expect(fraction.length).toBeGreaterThanOrEqual(minDecimals);
    if (fraction.length > minDecimals) expect(fraction).not.toMatch(/0$/);
  },
);

describe('thousands', () => {
  test.each([
    ['0', '0'],
    ['999.1234', '999.1234'],
    ['1000', '1,000'],
    ['-1234567.123456789', '-1,234,567.123456789'],
  ])('%s as %s', (plain, shown) => {
    expect(grouped(plain)).toBe(shown);
  });

  test.prop([fc.bigInt()])('are only punctuation', value => {
    expect(new Decimal(grouped(value.toString()).replaceAll(',', '')).toFixed()).toBe(value.toString());
  });
});

test('a table aligns at the decimal point and drops nothing', () => {
  const columns = [
    { title: 'Unit', align: 'left' },
    { title: 'Count', align: 'right' },
    { title: 'Gross', align: 'decimal' },
  ] as const;
  expect(
    textTable(columns, [
      ['a', '1', '1,000.00'],
      ['bb', '12', '2.123456789'],
      ['c', '', '7'],
    ]),
  ).toEqual([
    'Unit  Count            Gross',
    'a         1  1,000.00',
    'bb       12      2.123456789',
    'c                7',
  ]);
});
