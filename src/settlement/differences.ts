import { randomUUIDv7 } from 'node:crypto';
import { bucketOf } from '../domain/bucket.ts';
import type { BusinessDay } from '../domain/business-day.ts';
import type { AppId, OwnerId } from '../domain/ids.ts';
import { type Nanos, nanos } from '../domain/nanos.ts';
import { providerIncomeFlow, settlementFlow, type UnpostedTransfer } from '../domain/transfer.ts';
import { uuidSequence } from '../domain/uuid-sequence.ts';
import type { Posted } from '../ledger/posted.ts';
import { type AppWorth, type WorthPart, withFormerProviders } from './worth-of-apps.ts';

/** What the transfers of one bucket of a run have in common. */
export interface PostingOfRun {
  readonly runId: string;
  readonly businessDay: BusinessDay;
  readonly bucket: number;
  readonly bucketCount: number;
  readonly bookedAt: Date;
  /** The links of posted provider's parts, by transfer. */
  readonly links: ReadonlyMap<string, string>;
}

/** The transfers that make what is posted what it is worth; a provider's part makes one in each of two books, which share a link. */
export function differences(
  worth: readonly AppWorth[],
  posted: readonly Posted[],
  posting: PostingOfRun,
): readonly UnpostedTransfer[] {
  const before = new Map(posted.map(each => [keyOf(each, each), each]));
  const ofProviders = posted.filter(each => each.providerId !== null);
  const byApp = Map.groupBy(ofProviders, each => `${each.appId}\0${each.currency}`);
  const transferOf = transfersIn(posting);
  const transfers: UnpostedTransfer[] = [];
  for (const app of worth) {
    const former = byApp.size === 0 ? undefined : byApp.get(`${app.appId}\0${app.currency}`);
    for (const part of former === undefined ? app.parts : withFormerProviders(app, former).parts) {
      const last = before.get(keyOf(app, part));
      const differenceNanos = nanos(part.worthNanos - (last?.amountNanos ?? (0n as Nanos)));
      for (const transfer of transferOf(app, part, { differenceNanos, last })) transfers.push(transfer);
    }
  }
  return transfers;
}

interface Difference {
  readonly differenceNanos: Nanos;
  readonly last: Posted | undefined;
}

function transfersIn({ businessDay, bucket, bucketCount, runId, bookedAt, links }: PostingOfRun) {
  const nextId = uuidSequence(randomUUIDv7);
  return (app: AppWorth, part: WorthPart, { differenceNanos, last }: Difference): UnpostedTransfer[] => {
    const flow = settlementFlow(part.component, differenceNanos);
    if (flow === null) return [];
    const transfer: UnpostedTransfer = {
      id: nextId(),
      bucket,
      developerId: app.developerId as OwnerId,
      appId: app.appId as AppId,
      businessDay,
      ledgerDay: businessDay,
      currency: app.currency,
      ...flow,
      reason: part.reason,
      runId,
      decisionId: null,
      version: 1 + (last?.version ?? 0),
      linkId: null,
      providerId: null,
      fundId: null,
      payoutId: null,
      correctsId: last?.transferId ?? null,
      bookedAt,
    };
    const income = part.providerId === null ? null : providerIncomeFlow(differenceNanos);
    if (income === null) return [transfer];
    // The link is the id of the half that receives, so that what leads to either half leads to both.
    const linkId = nextId();
    const providerId = part.providerId as OwnerId;
    const half: UnpostedTransfer = {
      ...{ ...transfer, linkId, providerId, id: linkId, ...income, reason: 'provider_income' },
      bucket: bucketOf(providerId, bucketCount),
      developerId: providerId,
      correctsId: last === undefined ? null : (links.get(last.transferId) ?? null),
    };
    return [{ ...transfer, linkId, providerId }, half];
  };
}

function keyOf(
  { appId, currency }: { readonly appId: string; readonly currency: string },
  { reason, providerId }: { readonly reason: string; readonly providerId: string | null },
): string {
  return providerId === null ? `${appId}\0${currency}\0${reason}` : `${appId}\0${currency}\0${reason}\0${providerId}`;
}
