import type { Queryable } from '../db/database.ts';
import { movesKeptBack } from '../domain/held-money.ts';
import { postedByDecisions } from '../ledger/decision-transfers.ts';
import { kindNamed } from './kinds.ts';
import { findDecisions } from './stored-decisions.ts';

/** Why decisions moved what they moved in books of one bucket, in the words of who proposed it: by transfer; not of what is kept back. */
export async function reasonsOfTransfers(
  q: Queryable,
  {
    bucket,
    ownerIds,
    decisionIds,
  }: { readonly bucket: number; readonly ownerIds: readonly string[]; readonly decisionIds: readonly string[] },
): Promise<Map<string, string>> {
  const reasons = new Map<string, string>();
  if (decisionIds.length === 0) return reasons;
  const decisions = new Map((await findDecisions(q, decisionIds)).map(each => [each.decisionId, each]));
  const all = await postedByDecisions(q, { buckets: [bucket], ownerIds, decisionIds });
  const posted = all.filter(each => !movesKeptBack(each));
  for (const [decisionId, transfers] of Map.groupBy(posted, each => each.decisionId)) {
    const decision = decisions.get(decisionId);
    const kind = decision === undefined ? null : kindNamed(decision.kind);
    const planned = kind?.posted?.(kind.parameters.parse(decision?.parameters)) ?? [];
    for (const [ownerId, ofBook] of Map.groupBy(transfers, each => each.ownerId)) {
      const whys = planned.filter(each => each.ownerId === ownerId).map(each => each.why);
      // A book's transfers of one decision stand in the order of the decision's own rows, whatever their periods.
      for (const [place, { transferId }] of ofBook.entries()) reasons.set(transferId, whys[place] ?? '');
    }
  }
  return reasons;
}
