import { minorUnits } from '../domain/currency.ts';
import { divideHalfEven, formatDecimal, type Nanos, nanos } from '../domain/nanos.ts';

const NANOS_DIGITS = 9;

/**
 * Gross per thousand impressions, clicks' earnings included, rounded half-even to the currency's minor unit. Only for reading:
 * nothing is computed from it. Null without impressions.
 */
export function ecpmNanos(gross: {
  readonly grossNanos: Nanos;
  readonly impressions: number;
  readonly currency: string;
}): Nanos | null {
  if (gross.impressions === 0) return null;
  const nanosPerMinorUnit = 10n ** BigInt(NANOS_DIGITS - minorUnits(gross.currency));
  const minor = divideHalfEven(gross.grossNanos * 1000n, BigInt(gross.impressions) * nanosPerMinorUnit);
  return nanos(minor * nanosPerMinorUnit);
}

/** The part of the whole in per cent, rounded half-even to two decimals: "43.33". Only for reading. Null of nothing. */
export function sharePercent({
  partNanos,
  ofNanos,
}: {
  readonly partNanos: Nanos;
  readonly ofNanos: Nanos;
}): string | null {
  if (ofNanos <= 0n) return null;
  const hundredths = divideHalfEven(partNanos * 10_000n, ofNanos);
  return formatDecimal(hundredths * 10n ** BigInt(NANOS_DIGITS - 2));
}

/** "0.333333" as "33.3333 %", by moving the point. */
export function percentOf(share: string): string {
  const [whole = '', fraction = ''] = share.split('.');
  const digits = `${whole}${fraction.padEnd(2, '0')}`;
  const point = whole.length + 2;
  const decimals = digits.slice(point).replace(/0+$/, '');
  return `${Number(digits.slice(0, point))}${decimals === '' ? '' : `.${decimals}`} %`;
}
