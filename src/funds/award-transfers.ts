import { bucketOf } from '../domain/bucket.ts';
import type { BusinessDay } from '../domain/business-day.ts';
import type { AppId, OwnerId } from '../domain/ids.ts';
import { type Nanos, nanos } from '../domain/nanos.ts';
import { awardFlow, incentiveFlow, type UnpostedTransfer } from '../domain/transfer.ts';
import type { Award } from '../ledger/awards.ts';

/** What the transfers of one step of a fund have in common. */
export interface Step {
  readonly fundId: string;
  readonly currency: string;
  readonly grantId: string;
  readonly bucketCount: number;
  readonly bookedAt: Date;
  /** Ids that rise. */
  readonly nextId: () => string;
}

/** By how much what an app's day was awarded changes; `last` is what was awarded before. */
export interface ChangedAward {
  readonly bucket: number;
  readonly developerId: string;
  readonly appId: string;
  readonly businessDay: BusinessDay;
  readonly changeNanos: Nanos;
  readonly last: Award | null;
}

/** The halves of each award, in the fund's book and in the developer's, which share a link. */
export function awardTransfers(step: Step, changes: readonly ChangedAward[]): UnpostedTransfer[] {
  const { fundId, currency, grantId, bucketCount, bookedAt, nextId } = step;
  const fundBucket = bucketOf(fundId, bucketCount);
  const transfers: UnpostedTransfer[] = [];
  for (const { bucket, developerId, appId, businessDay, changeNanos, last } of changes) {
    const [out, into] = [awardFlow(changeNanos), incentiveFlow(changeNanos)];
    if (out === null || into === null) continue;
    const [id, linkId] = [nextId(), nextId()];
    const transfer: UnpostedTransfer = {
      ...{ id, bucket: fundBucket, developerId: fundId as OwnerId, appId: appId as AppId, ...out, reason: 'award' },
      ...{ businessDay, ledgerDay: businessDay, currency },
      ...{ runId: grantId, decisionId: null, version: 1 + (last?.version ?? 0), bookedAt },
      // The link is the id of the half that receives, so that what leads to either half leads to both.
      ...{ linkId, fundId: fundId as OwnerId, providerId: null, payoutId: null, correctsId: last?.transferId ?? null },
    };
    const half: UnpostedTransfer = {
      ...{ ...transfer, ...into, id: linkId, reason: 'incentive' },
      ...{ bucket, developerId: developerId as OwnerId, correctsId: last?.linkId ?? null },
    };
    transfers.push(transfer, half);
  }
  return transfers;
}

/** What is left goes back to where it came from, on the day of booking. */
export function returnTransfer(step: Step, leftNanos: bigint, today: BusinessDay): UnpostedTransfer {
  const { fundId, currency, grantId, bucketCount, bookedAt, nextId } = step;
  return {
    ...{ id: nextId(), bucket: bucketOf(fundId, bucketCount), developerId: fundId as OwnerId, appId: null },
    ...{ businessDay: null, ledgerDay: today, currency, reason: 'endowment' },
    ...{ debit: 'fund_available', credit: 'fund_source', amountNanos: nanos(leftNanos) },
    ...{ runId: grantId, decisionId: null, version: null, linkId: null, providerId: null, fundId: null },
    ...{ payoutId: null, correctsId: null, bookedAt },
  };
}
