import type { Queryable } from '../db/database.ts';
import { movesKeptBack } from '../domain/held-money.ts';
import type { Period } from '../domain/period.ts';
import { type DecisionTransfer, postedByDecisions } from '../ledger/decision-transfers.ts';
import { kindNamed } from './kinds.ts';
import { findDecision } from './stored-decisions.ts';

/** What a decision moved in a book, in the words of who proposed it. */
export interface DecidedAmount extends DecisionTransfer {
  readonly why: string;
}

/** What decisions moved in one book in the periods, in the order of booking; not what they keep back. */
export async function decidedAmounts(
  q: Queryable,
  {
    bucket,
    ownerId,
    periods,
  }: { readonly bucket: number; readonly ownerId: string; readonly periods: readonly Period[] },
): Promise<DecidedAmount[]> {
  const all = await postedByDecisions(q, { buckets: [bucket], ownerIds: [ownerId] });
  const posted = all.filter(each => !movesKeptBack(each));
  const amounts: DecidedAmount[] = [];
  for (const [decisionId, transfers] of Map.groupBy(posted, each => each.decisionId)) {
    if (!transfers.some(each => periods.includes(each.period))) continue;
    const reasons = await reasonsOf(q, { decisionId, ownerId });
    // A book's transfers of one decision stand in the order of the decision's own rows, whatever their periods.
    for (const [place, transfer] of transfers.entries()) {
      if (periods.includes(transfer.period)) amounts.push({ ...transfer, why: reasons[place] ?? '' });
    }
  }
  return amounts.sort((a, b) => (a.transferId < b.transferId ? -1 : 1));
}

async function reasonsOf(
  q: Queryable,
  { decisionId, ownerId }: { readonly decisionId: string; readonly ownerId: string },
): Promise<string[]> {
  const decision = await findDecision(q, decisionId);
  const kind = decision === null ? null : kindNamed(decision.kind);
  const planned = kind?.posted?.(kind.parameters.parse(decision?.parameters)) ?? [];
  return planned.filter(each => each.ownerId === ownerId).map(each => each.why);
}
