import type { Queryable } from '../db/database.ts';
import { brokenLinks, linkedDays } from '../ledger/broken-links.ts';
import type { Difference } from './difference.ts';

/**
 * Both halves of every flow between books are there and agree, in whatever buckets: what leaves one book arrives in the other. Reads
 * one day at a time, in the caller's one snapshot, since the halves commit together.
 */
export async function checkLinks(
  q: Queryable,
  { bucketCount, report }: { readonly bucketCount: number; readonly report: (difference: Difference) => void },
): Promise<void> {
  for (const day of await linkedDays(q)) {
    for (const { linkId, halves } of await brokenLinks(q, { day, bucketCount })) {
      const expected = 'what leaves the one book to arrive in the other';
      report({ table: 'transfers', where: `${day} link ${linkId}`, expected, found: halves });
    }
  }
}
