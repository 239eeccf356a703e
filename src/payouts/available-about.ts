import type { Queryable } from '../db/database.ts';
import type { AboutInstant } from '../domain/about-instant.ts';
import type { BusinessDay } from '../domain/business-day.ts';
import type { Period } from '../domain/period.ts';
import { payableAbout } from '../ledger/payable-about.ts';
import { sealedBalances } from '../ledger/period-closings.ts';

/** What may be paid of a book for a period, at least and at most: one amount unless something was booked at about the instant. */
export interface AvailableAbout {
  readonly leastNanos: bigint;
  readonly mostNanos: bigint;
}

/** By owner, what was available in a currency when the batch was drawn up. */
export async function availableAbout(
  q: Queryable,
  {
    currency,
    ...asked
  }: {
    readonly bucket: number;
    readonly period: Period;
    readonly currency: string;
    readonly batchId: string;
    readonly ownerIds: readonly string[];
    readonly about: AboutInstant;
    /** See `payableAbout`. */
    readonly lastDay: BusinessDay;
  },
): Promise<Map<string, AvailableAbout>> {
  const sealed = new Map<string, bigint>();
  for (const balance of await sealedBalances(q, asked)) {
    if (balance.account !== 'payable' || balance.currency !== currency) continue;
    sealed.set(balance.ownerId, balance.balanceNanos);
  }
  const moves = (await payableAbout(q, asked)).filter(each => each.currency === currency);
  const movesOf = Map.groupBy(moves, each => each.ownerId);
  const drawn = new Map((await drawnAbout(q, { ...asked, currency })).map(each => [each.ownerId, each]));
  return new Map(
    asked.ownerIds.map(ownerId => {
      const sealedNanos = sealed.get(ownerId) ?? 0n;
      const ofOwner = movesOf.get(ownerId) ?? [];
      const left = (perhaps: 'perhapsReceivedNanos' | 'perhapsGivenNanos', drawnNanos: bigint) => {
        const sum = (rows: typeof ofOwner) => rows.reduce((all, row) => all + row.surelyNanos + row[perhaps], 0n);
        const byPayouts = sum(ofOwner.filter(each => each.byPayouts));
        const ofPeriod = sealedNanos + (byPayouts < 0n ? byPayouts : 0n);
        const now = sealedNanos + sum(ofOwner);
        return (ofPeriod < now ? ofPeriod : now) - drawnNanos;
      };
      const { mostNanos = 0n, leastNanos = 0n } = drawn.get(ownerId) ?? {};
      const available = {
        leastNanos: left('perhapsGivenNanos', mostNanos),
        mostNanos: left('perhapsReceivedNanos', leastNanos),
      };
      return [ownerId, available] as const;
    }),
  );
}

/** What other batches had drawn up of the books, of payouts that were still due. */
async function drawnAbout(
  q: Queryable,
  {
    bucket,
    currency,
    batchId,
    ownerIds,
    about,
  }: {
    readonly bucket: number;
    readonly currency: string;
    readonly batchId: string;
    readonly ownerIds: readonly string[];
    readonly about: AboutInstant;
  },
): Promise<(AvailableAbout & { readonly ownerId: string })[]> {
  const { rows } = await q.query<{ ownerId: string; least: string; most: string }>(
    `select owner_id as "ownerId",
       coalesce(sum(payouts.amount_nanos) filter (where drawn_at < $5 and (at is null or at > $6)), 0) as least,
       coalesce(sum(payouts.amount_nanos) filter (where at is null or at >= $5), 0) as most
     from payouts
     join payout_batches using (batch_id)
     left join payout_steps
       on payout_steps.bucket = payouts.bucket and payout_steps.payout_id = payouts.payout_id and step_no = 1
     where payouts.bucket = $1 and payouts.currency = $2 and batch_id <> $3 and owner_id = any ($4) and drawn_at <= $6
     group by owner_id`,
    [bucket, currency, batchId, ownerIds, about.surely, about.perhaps],
  );
  return rows.map(({ ownerId, least, most }) => ({ ownerId, leastNanos: BigInt(least), mostNanos: BigInt(most) }));
}
