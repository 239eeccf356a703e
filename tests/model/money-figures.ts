/** The calendar and the arithmetic of rules 10 and 13, written from the rules: nothing here comes from the program. */
import { Decimal } from 'decimal.js';
import { Exact, halfEven } from './rounding.ts';

const DAY_MS = 86_400_000;
const NANO_DECIMALS = 9;
const MINOR_DECIMALS: Readonly<Record<string, number>> = { CNY: 2, USD: 2, JPY: 0 };

/** '2018-04-15' lies in '2018-04-H1', the 16th in '2018-04-H2'. */
export function halfOf(day: string): string {
  return `${day.slice(0, 7)}-${Number(day.slice(8)) < 16 ? 'H1' : 'H2'}`;
}

export function halfAfter(half: string): string {
  return halfOf(daysLater(lastDayOf(half), 1));
}

export function halfBefore(half: string): string {
  return halfOf(daysLater(`${half.slice(0, 7)}-${half.endsWith('H1') ? '01' : '16'}`, -1));
}

export function lastDayOf(half: string): string {
  if (half.endsWith('H1')) return `${half.slice(0, 7)}-15`;
  const [year, month] = [Number(half.slice(0, 4)), Number(half.slice(5, 7))];
  return new Date(Date.UTC(year, month, 0)).toISOString().slice(0, 10);
}

export function daysLater(day: string, days: number): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + days * DAY_MS).toISOString().slice(0, 10);
}

/** The date in Shanghai, which is eight hours ahead all year. */
export function dayOf(instantMs: number): string {
  return new Date(instantMs + 8 * 3_600_000).toISOString().slice(0, 10);
}

export function minorNanos(currency: string): bigint {
  return 10n ** BigInt(NANO_DECIMALS - (MINOR_DECIMALS[currency] ?? Number.NaN));
}

export function downToMinor(nanos: bigint, currency: string): bigint {
  return nanos - (nanos % minorNanos(currency));
}

export interface TaxTier {
  /** In units; the last tier has none. */
  readonly upTo?: string;
  readonly rate: string;
}

/** Each tier's rate on what of the amount lies in it; the sum half-up to the minor unit. */
export function taxOn(nanos: bigint, tiers: readonly TaxTier[], currency: string): bigint {
  let [below, tax] = [new Exact(0), new Exact(0)];
  const amount = new Exact(String(nanos));
  for (const { upTo, rate } of tiers) {
    const top = upTo === undefined ? amount : Exact.min(amount, new Exact(upTo).times('1e9'));
    if (top.gt(below)) tax = tax.plus(top.minus(below).times(rate));
    below = Exact.max(below, top);
  }
  const minors = tax.div(String(minorNanos(currency))).toDecimalPlaces(0, Decimal.ROUND_HALF_UP);
  return BigInt(minors.toFixed()) * minorNanos(currency);
}

/** Half-even to the nano, then down to what can be sent. */
export function inOtherCurrency(nanos: bigint, rate: string, currency: string) {
  const exchanged = halfEven(new Exact(String(nanos)).times(rate));
  return { exchanged, sent: downToMinor(exchanged, currency) };
}

/** As a decimal string with all nine places. */
export function units(nanos: bigint): string {
  const digits = String(nanos < 0n ? -nanos : nanos).padStart(NANO_DECIMALS + 1, '0');
  return `${nanos < 0n ? '-' : ''}${digits.slice(0, -NANO_DECIMALS)}.${digits.slice(-NANO_DECIMALS)}`;
}
