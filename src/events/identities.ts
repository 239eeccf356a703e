import type pg from 'pg';
import { copyRows } from '../db/copy.ts';
import type { ClaimedIdentity } from './batch-fold.ts';

/**
 * Content by identity, for those among the given identities that are claimed already. The caller holds the bucket's turn, so
 * nobody claims one in the meantime.
 */
export async function knownIdentities(
  tx: pg.ClientBase,
  bucket: number,
  identities: readonly string[],
): Promise<Map<string, string>> {
  // Sorted, so that the index is walked once from left to right; hexadecimal digits need no quoting.
  const wanted = `{${[...new Set(identities)].sort().join(',')}}`;
  const { rows } = await tx.query<{ identity: string; content: string }>(
    `select replace(identity::text, '-', '') as identity, content::text as content
     from event_identities
     where bucket = $1 and identity = any ($2::uuid[])`,
    [bucket, wanted],
  );
  return new Map(rows.map(row => [row.identity, row.content]));
}

export async function claimIdentities(tx: pg.ClientBase, bucket: number, claimed: ClaimedIdentity[]): Promise<void> {
  const sorted = claimed.toSorted((a, b) => (a.identity < b.identity ? -1 : 1));
  await copyRows(
    tx,
    { table: 'event_identities', columns: ['bucket', 'identity', 'content', 'seq'] },
    sorted.map(({ identity, content, seq }) => [bucket, identity, content, seq]),
  );
}
