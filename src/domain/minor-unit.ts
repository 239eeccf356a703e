import { minorUnits } from './currency.ts';
import { type Nanos, nanos } from './nanos.ts';

const NANO_DECIMALS = 9;

/** One minor unit of the currency in nanos (CNY 10⁷, JPY 10⁹); refuses (`bad_currency`) a code that is none. */
export function minorUnitNanos(currency: string): Nanos {
  return nanos(10n ** BigInt(NANO_DECIMALS - minorUnits(currency)));
}

/** An amount ≥ 0 rounded down to whole minor units; throws for a negative one, which nobody is paid. */
export function downToMinor(amountNanos: Nanos, currency: string): Nanos {
  if (amountNanos < 0n) throw new Error(`an amount to pay must not be negative, got ${amountNanos} nanos`);
  return nanos(amountNanos - (amountNanos % minorUnitNanos(currency)));
}

export function isWholeMinor(amountNanos: Nanos, currency: string): boolean {
  return amountNanos % minorUnitNanos(currency) === 0n;
}
