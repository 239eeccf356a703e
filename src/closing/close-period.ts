import type pg from 'pg';
import { lockReference } from '../catalog/reference-version.ts';
import type { Database } from '../db/database.ts';
import { Refusal } from '../domain/errors.ts';
import { type Period, parsePeriod, previousPeriod } from '../domain/period.ts';
import { acceptancesBefore } from '../events/accepted-by.ts';
import { lockPeriods, type PeriodSeal, type PeriodTotal } from '../ledger/period-closings.ts';
import { recordedTotals } from '../ledger/period-totals.ts';
import {
  type BookSeal,
  type BucketSeal,
  periodDigest,
  sealBook,
  sealBucket,
  sumOfTotals,
  totalsOf,
} from '../ledger/seal.ts';
import { movedBooks } from '../ledger/sealed-books.ts';
import { balancesThrough, insertBucketSeals, insertPeriodSeal } from '../ledger/stored-seals.ts';
import { checkPayouts, type PayoutDifference } from '../payouts/check-payouts.ts';
import { type UnitDifference, unitDifferences } from './check-units.ts';
import type { Block, Closing, ClosingContext } from './closing.ts';
import { sealBefore } from './period-order.ts';
import { shareBuckets } from './share-buckets.ts';
import { whatBlocks } from './what-blocks.ts';

/** A closing with what it goes by. */
export interface OrderedClosing extends Closing {
  /** That closes it, or the standing order. */
  readonly decisionId: string;
}

/**
 * Closes a period inside a transaction, whole or not at all: waits for whoever is posting, keeps others from it, checks that the period
 * is complete and adds up, and seals it. Takes the reference lock shared, if the caller hasn't, and no bucket's turn.
 * @throws Refusal `period_closed`, `period_not_over`, `period_skipped`; `period_blocked` where something is still to be done;
 * `period_unbalanced` where figures that must agree do not
 */
export async function closePeriod(
  tx: pg.ClientBase,
  { decisionId, ...closing }: OrderedClosing,
  { helper = null, ...context }: ClosingContext & { readonly helper?: Pick<Database, 'snapshot'> | null },
): Promise<PeriodSeal> {
  const { period, cut } = closing;
  await lockReference(tx, 'shared');
  await acceptancesBefore(tx);
  await lockPeriods(tx, 'exclusive');
  const before = await sealBefore(tx, closing, context);
  const blocks = await whatBlocks(tx, closing);
  if (blocks.length > 0) throw blocked(period, blocks);

  const { bucketCount, at } = context;
  // Clocks of two machines may differ a little.
  const closedAt = at < cut ? cut : at;
  const seals: BucketSeal[] = [];
  const totals: PeriodTotal[] = [];
  await shareBuckets(tx, {
    bucketCount,
    helper,
    read: async (client, bucket) => await readBucket(client, { bucket, period }),
    keep: async (bucket, read) => {
      await insertBucketSeals(tx, { bucket, period }, read);
      seals.push(read.seal);
      totals.push(...read.totals);
    },
  });
  const unsealed = {
    ...{ period, sealNo: (before?.sealNo ?? 0) + 1, previousDigest: before?.digest ?? null },
    transfers: seals.reduce((sum, seal) => sum + seal.transfers, 0),
    books: seals.reduce((sum, seal) => sum + seal.books, 0),
    ...{ totals: sumOfTotals(totals), cut, closedAt, decisionId },
  };
  refuseUnrecorded(unsealed, await recordedTotals(tx, period));
  const instants = { cutMicros: micros(cut), closedAtMicros: micros(closedAt) };
  const seal = { ...unsealed, digest: periodDigest({ ...unsealed, ...instants }, seals) };
  await insertPeriodSeal(tx, seal);
  return seal;
}

interface ReadBucket {
  readonly seal: BucketSeal;
  readonly books: readonly BookSeal[];
  readonly totals: readonly PeriodTotal[];
}

/** @throws Refusal `period_unbalanced` */
async function readBucket(
  client: pg.ClientBase,
  { bucket, period }: { readonly bucket: number; readonly period: Period },
): Promise<ReadBucket> {
  const { firstDay, lastDay } = parsePeriod(period);
  const differing = await unitDifferences(client, { bucket, from: firstDay, to: lastDay });
  if (differing.length > 0) throw unitsDiffer(period, differing);
  // An approval may have been booked on a day of the period before and posted in this one.
  const payouts = await checkPayouts(client, { bucket, fromDay: parsePeriod(previousPeriod(period)).firstDay });
  if (payouts.length > 0) throw payoutsDiffer(period, payouts);
  const moved = await movedBooks(client, { bucket, period });
  const before = await balancesThrough(client, { bucket, period: previousPeriod(period) });
  const books = moved.map(book => sealBook(book, before.get(`${book.ownerId}\0${book.currency}`) ?? {}));
  return { seal: sealBucket(bucket, books), books, totals: totalsOf(moved) };
}

function micros(instant: Date): string {
  return String(instant.getTime() * 1000);
}

export function blocked(period: Period, blocks: readonly Block[]): Refusal {
  return new Refusal({
    code: 'period_blocked',
    message: `${period} can't be closed yet: ${blocks.map(block => block.message).join('; ')}`,
    remedy: [...new Set(blocks.map(block => block.remedy))].join('; '),
    details: { period, blocks },
  });
}

const VERIFY = 'find out with: npx apportion verify';

function unitsDiffer(period: Period, differing: readonly UnitDifference[]): Refusal {
  const [first] = differing;
  const more = differing.length > 1 ? `, and ${differing.length - 1} others in its bucket` : '';
  return new Refusal({
    code: 'period_unbalanced',
    message: `${period} does not add up: ${first?.appId} earned ${first?.earned} ${first?.currency} on ${first?.businessDay}, and the ledger has ${first?.posted}${more}`,
    remedy: VERIFY,
    details: { period, differences: differing.slice(0, 20) },
  });
}

function payoutsDiffer(period: Period, differing: readonly PayoutDifference[]): Refusal {
  const [first] = differing;
  return new Refusal({
    code: 'period_unbalanced',
    message: `${period} does not add up: ${first?.where} should have moved ${first?.expected}, and the ledger has ${first?.found}`,
    remedy: VERIFY,
    details: { period, differences: differing.slice(0, 20) },
  });
}

function refuseUnrecorded(
  { period, totals }: Pick<PeriodSeal, 'period' | 'totals'>,
  recorded: readonly PeriodTotal[],
): void {
  const tell = ({ currency, account, debitNanos, creditNanos }: PeriodTotal) =>
    `${currency} ${account} ${debitNanos} ${creditNanos}`;
  const known = new Set(recorded.map(tell));
  const found = new Set(totals.map(tell));
  const different = [
    ...totals.filter(each => !known.has(tell(each))),
    ...recorded.filter(each => !found.has(tell(each))),
  ];
  const [first] = different;
  if (first === undefined) return;
  throw new Refusal({
    code: 'period_unbalanced',
    message: `${period} does not add up: its transfers on ${first.account} in ${first.currency} are not what runs and decisions recorded`,
    remedy: VERIFY,
    details: { period, account: first.account, currency: first.currency },
  });
}
