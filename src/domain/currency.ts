import { data } from 'currency-codes';
import { Refusal } from './errors.ts';
import { shown } from './shown.ts';

// ISO 4217 gives these no minor unit (metals, units of account, testing); the package tells them as 0 digits.
// Nobody can be paid in them, so no event, plan or amount may bear them.
const WITHOUT_MINOR_UNIT = new Set('XAG XAU XBA XBB XBC XBD XDR XPD XPT XSU XTS XUA XXX'.split(' '));

const minorUnitsByCode = new Map(
  data.filter(({ code }) => !WITHOUT_MINOR_UNIT.has(code)).map(({ code, digits }) => [code, digits]),
);

/** A current ISO 4217 code, upper-case, of a currency that has a minor unit (0 digits, as JPY, included). */
export function isCurrency(code: string): boolean {
  return minorUnitsByCode.has(code);
}

/** Decimal digits of the currency's minor unit (CNY 2, JPY 0, KWD 3); refuses (`bad_currency`) any other code. */
export function minorUnits(code: string): number {
  const digits = minorUnitsByCode.get(code);
  if (digits === undefined) {
    throw new Refusal({
      code: 'bad_currency',
      message: `${shown(code)} is not a currency that can be used here`,
      details: { currency: shown(code) },
      remedy: 'use an ISO 4217 code with a minor unit, in upper case, such as CNY',
    });
  }
  return digits;
}
