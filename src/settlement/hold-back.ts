import { randomUUIDv7 } from 'node:crypto';
import type { Queryable } from '../db/database.ts';
import type { BusinessDay } from '../domain/business-day.ts';
import { flowsWith } from '../domain/held-money.ts';
import type { UnpostedTransfer } from '../domain/transfer.ts';
import { uuidSequence } from '../domain/uuid-sequence.ts';
import { keptBackOn, type PostedKeptBack } from '../ledger/kept-back.ts';
import { HoldBook, holdsOf, knowsHolds } from './holds.ts';

/**
 * What a run moves to or from `held` and `forfeited` along with what it posts to or takes from `payable`, in developers' books and
 * in providers'. The caller shares the reference lock, which whoever decides about held money takes exclusively: nobody else moves
 * any meanwhile, in other buckets' books either. Costs one small question where no hold was ever recorded.
 */
export async function heldBack(
  tx: Queryable,
  transfers: readonly UnpostedTransfer[],
  { day, referenceVersion }: { readonly day: BusinessDay; readonly referenceVersion: number },
): Promise<UnpostedTransfer[]> {
  if (transfers.length === 0 || !(await knowsHolds(tx))) return [];
  const onPayable = transfers.filter(each => each.debit === 'payable' || each.credit === 'payable');
  const holds = new HoldBook(await holdsOf(tx, [...new Set(onPayable.map(each => each.developerId))]));
  const ofHolds = onPayable.filter(each => holds.ownerIds.has(each.developerId));
  const kept = new Map<string, PostedKeptBack>();
  for (const [bucket, inBucket] of Map.groupBy(ofHolds, each => each.bucket)) {
    const ownerIds = [...new Set(inBucket.map(each => each.developerId))];
    for (const each of await keptBackOn(tx, { bucket, day, ownerIds })) kept.set(keyOf(each), each);
  }
  const nextId = uuidSequence(randomUUIDv7);
  return ofHolds.flatMap(transfer => {
    const ownerId = transfer.developerId;
    const appId = transfer.appId ?? '';
    const before = kept.get(keyOf({ ownerId, appId, currency: transfer.currency })) ?? NOTHING_KEPT;
    const isOnHold = holds.covers({ ownerId, appId }, { referenceVersion });
    const differenceNanos = transfer.credit === 'payable' ? transfer.amountNanos : -transfer.amountNanos;
    return flowsWith(differenceNanos, { ...before, isOnHold }).map(flow => ({
      ...transfer,
      ...flow,
      id: nextId(),
      linkId: null,
      fundId: null,
      version: 1 + (before[flow.reason]?.version ?? 0),
      correctsId: before[flow.reason]?.transferId ?? null,
    }));
  });
}

const NOTHING_KEPT = { heldNanos: 0n, forfeitedNanos: 0n, hold: null, forfeiture: null };

function keyOf({
  ownerId,
  appId,
  currency,
}: {
  readonly ownerId: string;
  readonly appId: string;
  readonly currency: string;
}): string {
  return `${ownerId}\0${appId}\0${currency}`;
}
