import { minorUnits } from './currency.ts';
import { Refusal } from './errors.ts';
import { shown } from './shown.ts';

declare const brand: unique symbol;

/** Money inside: whole 10⁻⁹ parts of a currency unit. */
export type Nanos = bigint & { readonly [brand]: 'nanos' };

const DECIMALS = 9;
// A sum, transfer or balance is stored as numeric(38,0) nanos.
const MAX_DIGITS = 38;
const AMOUNT = /^(-?)(\d+)(?:\.(\d{1,9}))?$/;

export const NANOS_PER_UNIT = 10n ** BigInt(DECIMALS);
const NANOS_IN_DOUBLE = Number(NANOS_PER_UNIT);
const MAX_SAFE = BigInt(Number.MAX_SAFE_INTEGER);
const ZEROS = Array.from({ length: DECIMALS + 1 }, (_, decimals) => (decimals === 0 ? '' : `.${'0'.repeat(decimals)}`));
const TOO_MUCH = 10n ** BigInt(MAX_DIGITS);

export function nanos(value: bigint): Nanos {
  return value as Nanos;
}

/** A decimal string, such as "65000.00" or "-0.5", exactly; refuses (`bad_amount`) more than 9 decimals and any other form. */
export function parseAmount(text: string): Nanos {
  const [, sign, whole, fraction = ''] = AMOUNT.exec(text) ?? [];
  const magnitude = whole === undefined ? TOO_MUCH : BigInt(whole + fraction.padEnd(DECIMALS, '0'));
  if (magnitude >= TOO_MUCH) {
    throw new Refusal({
      code: 'bad_amount',
      message: `${shown(text)} is not an amount`,
      details: { amount: shown(text) },
      remedy: `write a decimal string with at most ${MAX_DIGITS - DECIMALS} digits before the point and ${DECIMALS} after it, such as "100000.00"`,
    });
  }
  return nanos(sign === '-' ? -magnitude : magnitude);
}

/** Every significant digit, and at least the digits of the currency's minor unit: "65000.00", "2.021385", "-0.50", JPY "5". */
export function formatAmount(amountNanos: Nanos, currency: string): string {
  return formatDecimal(amountNanos, minorUnits(currency));
}

/** The same where no currency is at hand: every significant digit, and at least `minDecimals` (0 to 9) after the point. */
export function formatDecimal(amountNanos: bigint, minDecimals = 2): string {
  if (amountNanos < MAX_SAFE && amountNanos > -MAX_SAFE) return formatSafe(Number(amountNanos), minDecimals);
  const digits = (amountNanos < 0n ? -amountNanos : amountNanos).toString().padStart(DECIMALS + 1, '0');
  let end = digits.length;
  const minEnd = end - DECIMALS + minDecimals;
  while (end > minEnd && digits.charCodeAt(end - 1) === 0x30) end--;
  const whole = digits.slice(0, -DECIMALS);
  const fraction = digits.slice(digits.length - DECIMALS, end);
  return `${amountNanos < 0n ? '-' : ''}${whole}${fraction === '' ? '' : `.${fraction}`}`;
}

/** The same of what fits into a double without loss, as nearly every amount does: several times as fast. */
function formatSafe(amount: number, minDecimals: number): string {
  const magnitude = Math.abs(amount);
  let rest = magnitude % NANOS_IN_DOUBLE;
  const whole = (magnitude - rest) / NANOS_IN_DOUBLE;
  const sign = amount < 0 ? '-' : '';
  if (rest === 0) return sign + whole + (ZEROS[minDecimals] as string);
  let decimals = DECIMALS;
  while (decimals > minDecimals && rest % 10 === 0) {
    rest /= 10;
    decimals -= 1;
  }
  return `${sign}${whole}.${String(rest).padStart(decimals, '0')}`;
}

/** The quotient rounded to the nearest integer, a tie to the even one; throws unless denominator > 0. */
export function divideHalfEven(numerator: bigint, denominator: bigint): bigint {
  if (denominator <= 0n) throw new Error(`denominator must be positive, got ${denominator}`);
  const quotient = numerator / denominator;
  const rest = numerator - quotient * denominator;
  const twice = rest < 0n ? -2n * rest : 2n * rest;
  if (twice < denominator || (twice === denominator && quotient % 2n === 0n)) return quotient;
  return numerator < 0n ? quotient - 1n : quotient + 1n;
}
