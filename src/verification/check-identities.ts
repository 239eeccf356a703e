import type pg from 'pg';
import { storedSegments } from '../events/identities.ts';
import { claimedAt, IDENTITY_TAIL_BYTES, type IdentityColumns, TAIL_BYTES } from '../events/identity.ts';
import { isInOrder } from '../events/identity-segment.ts';
import type { IdentityTable } from '../events/identity-table.ts';
import { type Difference, NOTHING } from './difference.ts';

/**
 * Compares a bucket's stored identities with those that its batches claim, segment by segment: each is in one segment, once, with the
 * content and the batch of its claim, and each segment is in its order, for it is searched by halves. Returns how many are stored.
 */
export async function checkIdentities(
  client: pg.ClientBase,
  {
    bucket,
    claimed,
    report,
  }: {
    readonly bucket: number;
    readonly claimed: IdentityTable;
    readonly report: (difference: Difference) => void;
  },
): Promise<number> {
  const differs = (where: string, expected: string, found: string) =>
    report({ table: 'identity_segments', where, expected, found });
  const claims = claimed.entriesFrom(0);
  const isFound = new Uint8Array(claims.heads.length);
  let identities = 0;
  for await (const { segmentId, segment } of storedSegments(client, bucket)) {
    const count = segment.heads.length;
    identities += count;
    if (!isInOrder(segment))
      differs(`bucket ${bucket} segment ${segmentId}`, 'identities in order', 'in another order');
    for (let place = 0; place < count; place += 1) {
      const claim = claimed.find(segment, place);
      if (claim >= 0 && isFound[claim] === 0) {
        isFound[claim] = 1;
        if (isSameClaim(claims.tails, claim, segment.tails, place)) continue;
        differs(claimedAt(segment, place).identity, tell(claims, claim), tell(segment, place));
      } else {
        differs(claimedAt(segment, place).identity, NOTHING, tell(segment, place));
      }
    }
  }
  for (let claim = 0; claim < isFound.length; claim += 1) {
    if (isFound[claim] === 0) differs(claimedAt(claims, claim).identity, tell(claims, claim), NOTHING);
  }
  return identities;
}

/** Whether two places of one identity hold the same content and batch. */
function isSameClaim(a: Buffer, aPlace: number, b: Buffer, bPlace: number): boolean {
  const to = aPlace * TAIL_BYTES;
  const from = bPlace * TAIL_BYTES;
  for (let index = IDENTITY_TAIL_BYTES; index < TAIL_BYTES; index += 1) {
    if (a[to + index] !== b[from + index]) return false;
  }
  return true;
}

function tell(segment: IdentityColumns, place: number): string {
  const { content, seq } = claimedAt(segment, place);
  return `content ${content} seq ${seq}`;
}
