import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { describe, expect, test } from 'vitest';
import { isCurrency, minorUnits } from '../../src/domain/currency.ts';

describe('currencies', () => {
  test.each([
    ['CNY', 2],
    ['JPY', 0],
    ['KWD', 3],
    ['CLF', 4],
    ['ISK', 0],
    ['XAF', 0],
  ])('%s has %d minor digits', (code, digits) => {
    expect(isCurrency(code)).toBe(true);
    expect(minorUnits(code)).toBe(digits);
  });

  test.each(['XAU', 'XTS', 'XXX', 'XDR', 'cny', 'CNY ', 'RMB', 'DEM', 'BTC', '', '156', 'toString'])(
    'refuses %j',
    code => {
      expect(isCurrency(code)).toBe(false);
      expect(() => minorUnits(code)).toThrow(expect.objectContaining({ code: 'bad_currency' }));
    },
  );

  // The package's table writes "no minor unit" as 0 digits; the standard's own list beside it still tells them apart.
  test('agrees with the standard list on every code', () => {
    const listPath = createRequire(import.meta.url).resolve('currency-codes/iso-4217-list-one.xml');
    const entries = readFileSync(listPath, 'utf8').matchAll(/<Ccy>(\w+)<\/Ccy>[\s\S]*?<CcyMnrUnts>([^<]+)</g);
    const listed = new Map([...entries].map(([, code = '', units = '']) => [code, units]));
    expect(listed.size).toBeGreaterThan(170);
    for (const [code, units] of listed) {
      expect(isCurrency(code), code).toBe(units !== 'N.A.');
      if (units !== 'N.A.') expect(minorUnits(code), code).toBe(Number(units));
    }
  });
});
