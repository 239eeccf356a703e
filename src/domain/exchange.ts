import { Refusal } from './errors.ts';
import { downToMinor } from './minor-unit.ts';
import { divideHalfEven, type Nanos, nanos } from './nanos.ts';
import { shown } from './shown.ts';

/** An amount in another currency: `minorNanos` is what can be paid of it, the two lower parts add up to `targetNanos`. */
export interface Exchanged {
  /** Rounded half-even to the nano. */
  readonly targetNanos: Nanos;
  /** Rounded down to the target's minor unit. */
  readonly minorNanos: Nanos;
  /** Less than one minor unit. */
  readonly restNanos: Nanos;
}

const MAX_WHOLE_DIGITS = 9;
const RATE_DECIMALS = 12;
const RATE = new RegExp(`^(\\d{1,${MAX_WHOLE_DIGITS}})(?:\\.(\\d{1,${RATE_DECIMALS}}))?$`);
const RATE_ONE = 10n ** BigInt(RATE_DECIMALS);

/** An amount ≥ 0 at `rate`, units of the target `currency` for one unit of the source, as `parseRate` gives it. */
export function exchanged({
  amountNanos,
  rate,
  currency,
}: {
  readonly amountNanos: Nanos;
  readonly rate: string;
  readonly currency: string;
}): Exchanged {
  const targetNanos = nanos(divideHalfEven(amountNanos * scaledRate(rate), RATE_ONE));
  const minorNanos = downToMinor(targetNanos, currency);
  return { targetNanos, minorNanos, restNanos: nanos(targetNanos - minorNanos) };
}

/**
 * The one spelling of a rate's value, without zeros that say nothing; refuses (`bad_rate`) what is not a decimal string above 0 with
 * at most 9 digits before the point and 12 after it.
 */
export function parseRate(text: string): string {
  const scaled = RATE.test(text) ? scaledRate(text) : 0n;
  if (scaled === 0n) {
    throw new Refusal({
      code: 'bad_rate',
      message: `${shown(text)} is not a rate of exchange`,
      remedy: `write a decimal string above 0 with at most ${MAX_WHOLE_DIGITS} digits before the point and ${RATE_DECIMALS} after it, such as "0.1454"`,
      details: { rate: shown(text) },
    });
  }
  const digits = scaled.toString().padStart(RATE_DECIMALS + 1, '0');
  const fraction = digits.slice(-RATE_DECIMALS).replace(/0+$/, '');
  return `${digits.slice(0, -RATE_DECIMALS)}${fraction === '' ? '' : `.${fraction}`}`;
}

/** In 10⁻¹². */
function scaledRate(rate: string): bigint {
  const [, whole, fraction = ''] = RATE.exec(rate) ?? [];
  if (whole === undefined) throw new Error(`${shown(rate)} is not a rate of exchange`);
  return BigInt(whole + fraction.padEnd(RATE_DECIMALS, '0'));
}
