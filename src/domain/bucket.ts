import { hash } from 'node:crypto';

/**
 * The bucket, 0 to bucketCount − 1, that holds an owner's books: the first 32 bits, big-endian, of SHA-256 of the id in
 * UTF-8, modulo the count. In SQL: ('x' || left(encode(sha256(convert_to(id, 'UTF8')), 'hex'), 8))::bit(32)::bigint % count.
 */
export function bucketOf(ownerId: string, bucketCount: number): number {
  if (!Number.isInteger(bucketCount) || bucketCount < 1)
    throw new Error(`bucket count must be at least 1, got ${bucketCount}`);
  return Number.parseInt(hash('sha256', ownerId, 'hex').slice(0, 8), 16) % bucketCount;
}
