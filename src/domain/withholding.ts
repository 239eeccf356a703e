import { minorUnitNanos } from './minor-unit.ts';
import { formatAmount, type Nanos, nanos, parseAmount } from './nanos.ts';
import { checkTiers, formatShare, parseShare, type Tier, tierParts } from './tiers.ts';

/** A tier of a table of tax: the rate on the part of a payout above the tier before it, up to `upToNanos`; the last one is open. */
export interface WithholdingTier {
  readonly upToNanos: Nanos | null;
  /** 0 to 1 in millionths. */
  readonly ratePpm: bigint;
}

/** A tier as it is stored and shown: `{"up_to": "800.00", "rate": "0.20"}`, the last one without `up_to`. */
export interface StoredWithholdingTier {
  readonly up_to?: string;
  readonly rate: string;
}

const PPM = 1_000_000n;

/**
 * The tax on a payout ≥ 0: each tier's rate on the part of the payout inside it, exact until their sum is rounded, once, to the nearest
 * minor unit, a half up. Of a payout in whole minor units never more than the payout.
 */
export function withheld({
  amountNanos,
  tiers,
  currency,
}: {
  readonly amountNanos: Nanos;
  readonly tiers: readonly WithholdingTier[];
  readonly currency: string;
}): Nanos {
  const parts = tierParts('marginal', tiers.map(shareTier), amountNanos);
  const ppmNanos = parts.reduce((sum, part) => sum + part.unroundedPpmNanos, 0n);
  const minor = minorUnitNanos(currency);
  const ppmMinor = PPM * minor;
  return nanos(((2n * ppmNanos + ppmMinor) / (2n * ppmMinor)) * minor);
}

/** Refuses (`bad_tiers`) tiers that are none, not ascending, not open at the end, or take less than nothing or more than all. */
export function checkWithholdingTiers(tiers: readonly WithholdingTier[]): void {
  checkTiers(tiers.map(shareTier));
}

export function storedWithholdingTiers(
  tiers: readonly WithholdingTier[],
  currency: string,
): readonly StoredWithholdingTier[] {
  return tiers.map(({ upToNanos, ratePpm }) => ({
    ...(upToNanos === null ? {} : { up_to: formatAmount(upToNanos, currency) }),
    rate: formatShare(ratePpm),
  }));
}

export function withholdingTiersOf(stored: readonly StoredWithholdingTier[]): WithholdingTier[] {
  return stored.map(({ up_to: upTo, rate }) => ({
    upToNanos: upTo === undefined ? null : parseAmount(upTo),
    ratePpm: parseShare(rate),
  }));
}

function shareTier({ upToNanos, ratePpm }: WithholdingTier): Tier {
  return { upToNanos, sharePpm: ratePpm };
}
