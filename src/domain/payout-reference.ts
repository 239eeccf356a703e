import { hash } from 'node:crypto';
import type { Period } from './period.ts';

/** Digits and capitals without those that are taken for others: I, L, O and U. */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const OWNER_DIGITS = 16;
const BITS_A_DIGIT = 5n;
/** Of the owner's digits, the first 32 bits make the bucket. */
const BITS_BESIDE_BUCKET = BigInt(OWNER_DIGITS) * BITS_A_DIGIT - 32n;
const REFERENCE = new RegExp(`^\\d{6}H[12]-[A-Z]{3}-([${ALPHABET}]{${OWNER_DIGITS}})$`);

/**
 * Our name of the one payout of (owner, currency, period), as the bank gives it back: '201804H1-CNY-' and the first 80 bits of the
 * SHA-256 of the owner's id as 16 digits and capitals, 29 characters in all. An owner's payouts share their last part.
 */
export function payoutReference({
  ownerId,
  currency,
  period,
}: {
  readonly ownerId: string;
  readonly currency: string;
  readonly period: Period;
}): string {
  let bits = BigInt(`0x${hash('sha256', ownerId, 'hex').slice(0, 20)}`);
  let digits = '';
  for (let place = 0; place < OWNER_DIGITS; place += 1) {
    digits = `${ALPHABET[Number(bits & 31n)]}${digits}`;
    bits >>= BITS_A_DIGIT;
  }
  return `${period.replaceAll('-', '')}-${currency}-${digits}`;
}

/** The bucket of the owner's books, as `bucketOf` has it; null for what `payoutReference` can't have made. */
export function bucketOfReference(reference: string, bucketCount: number): number | null {
  const digits = REFERENCE.exec(reference)?.[1];
  if (digits === undefined) return null;
  let bits = 0n;
  for (const digit of digits) bits = (bits << BITS_A_DIGIT) | BigInt(ALPHABET.indexOf(digit));
  return Number(bits >> BITS_BESIDE_BUCKET) % bucketCount;
}
