import { Decimal } from 'decimal.js';
import { Refusal } from './errors.ts';
import { divideHalfEven, formatDecimal, type Nanos, nanos } from './nanos.ts';
import { shown } from './shown.ts';

/** `marginal`: each tier's share of the part of the gross inside it; `whole`: of all of it, by the tier it falls into. */
export type Mode = 'marginal' | 'whole';

/** What the tiers apply to: an app's gross of a business day, or of the month from its 1st to that day. */
export type Basis = 'app_day' | 'app_month';

/** A tier reaches from the one before it, exclusive, to `upToNanos`, inclusive; the last one is open (null). */
export interface Tier {
  readonly upToNanos: Nanos | null;
  readonly sharePpm: bigint;
}

/** The part of a gross that one tier's share applies to. */
export interface TierPart {
  readonly tier: Tier;
  readonly grossNanos: Nanos;
  /** Exact, in 10⁻⁶ nanos. */
  readonly unroundedPpmNanos: bigint;
}

export interface Share {
  /** Exact, in 10⁻⁶ nanos: shares have at most 6 decimals. */
  readonly unroundedPpmNanos: bigint;
  /** Rounded half-even to the nano, once, after the sum over tiers. */
  readonly shareNanos: Nanos;
}

const PPM = 1_000_000n;
const SHARE = /^\d+(\.\d{1,6})?$/;

/** The share of a gross ≥ 0 under tiers that `checkTiers` has passed. */
export function shareOf(mode: Mode, tiers: readonly Tier[], grossNanos: Nanos): Share {
  let unroundedPpmNanos = 0n;
  for (const part of tierParts(mode, tiers, grossNanos)) unroundedPpmNanos += part.unroundedPpmNanos;
  return { unroundedPpmNanos, shareNanos: nanos(divideHalfEven(unroundedPpmNanos, PPM)) };
}

/** The tiers that a gross ≥ 0 reaches, each with its part; the parts add up to the gross. At least one, for a gross of 0 too. */
export function tierParts(mode: Mode, tiers: readonly Tier[], grossNanos: Nanos): TierPart[] {
  if (grossNanos < 0n) throw new Error(`gross must not be negative, got ${grossNanos} nanos`);
  const parts: TierPart[] = [];
  let belowNanos = 0n;
  for (const tier of tiers) {
    const isLast = tier.upToNanos === null || grossNanos <= tier.upToNanos;
    if (mode === 'whole' && isLast) return [partOf(tier, grossNanos)];
    if (mode === 'marginal') parts.push(partOf(tier, nanos((isLast ? grossNanos : tier.upToNanos) - belowNanos)));
    if (isLast) return parts;
    belowNanos = tier.upToNanos;
  }
  throw new Error(`no tier for a gross of ${grossNanos} nanos: the last tier must be open`);
}

/** Refuses (`bad_tiers`) tiers that are none, not ascending, not above 0, not open at the end, or share less than 0 or more than all. */
export function checkTiers(tiers: readonly Tier[]): void {
  if (tiers.length === 0) throw badTiers(0, 'a plan has no tiers', 'give at least one tier, such as {"share": "0.50"}');
  let belowNanos = nanos(0n);
  for (const [index, { upToNanos, sharePpm }] of tiers.entries()) {
    const place = `tier ${index + 1} of ${tiers.length}`;
    if (sharePpm < 0n || sharePpm > PPM) {
      throw badTiers(index, `${place} has the share ${formatShare(sharePpm)}`, 'a share lies between 0 and 1');
    }
    if (index === tiers.length - 1) {
      if (upToNanos === null) continue;
      throw badTiers(
        index,
        `${place} has the up_to ${formatDecimal(upToNanos)}`,
        'leave up_to out of the last tier, which takes all the rest',
      );
    }
    if (upToNanos === null) throw badTiers(index, `${place} has no up_to`, 'only the last tier may leave it out');
    if (upToNanos <= belowNanos) {
      const message = `${place} has the up_to ${formatDecimal(upToNanos)}, not above ${formatDecimal(belowNanos)}`;
      throw badTiers(index, message, 'each up_to must be above 0 and above that of the tier before');
    }
    belowNanos = upToNanos;
  }
}

/** A share from "0" to "1" with at most 6 decimals, in millionths; refuses (`bad_share`) anything else. */
export function parseShare(text: string): bigint {
  const ppm = SHARE.test(text) ? BigInt(new Decimal(text).times(PPM.toString()).toFixed()) : -1n;
  if (ppm < 0n || ppm > PPM) {
    throw new Refusal({
      code: 'bad_share',
      message: `${shown(text)} is not a share`,
      details: { share: shown(text) },
      remedy: 'write a decimal string from "0" to "1" with at most 6 decimals, such as "0.50"',
    });
  }
  return ppm;
}

/** At least two decimals and all significant ones: "0.50", "0.333333", "1.00". */
export function formatShare(sharePpm: bigint): string {
  const share = new Decimal(sharePpm.toString()).div(PPM.toString());
  return share.toFixed(Math.max(2, share.decimalPlaces()));
}

function partOf(tier: Tier, grossNanos: Nanos): TierPart {
  return { tier, grossNanos, unroundedPpmNanos: grossNanos * tier.sharePpm };
}

function badTiers(index: number, message: string, remedy: string): Refusal {
  return new Refusal({ code: 'bad_tiers', message, details: { tier: index + 1 }, remedy });
}
