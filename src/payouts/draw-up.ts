import { randomUUIDv7 } from 'node:crypto';
import pg from 'pg';
import type { Database } from '../db/database.ts';
import { addDays, type BusinessCalendar } from '../domain/business-day.ts';
import type { OwnerId } from '../domain/ids.ts';
import { nanos } from '../domain/nanos.ts';
import { payoutReference } from '../domain/payout-reference.ts';
import { type Period, parsePeriod } from '../domain/period.ts';
import type { CarryReason } from './judge-book.ts';
import { DayTerms, type JudgedBook, judgedBooks } from './judged-books.ts';
import type { Payout } from './payout.ts';
import type { PayoutTerms, Recorded } from './payout-terms.ts';
import { periodOfPayouts } from './period-of-payouts.ts';
import { BatchDigest, type BatchTerms, insertBatch, type StoredBatch, storedBatches } from './stored-batches.ts';
import { insertPayouts } from './stored-payouts.ts';

export interface PayoutDeps {
  readonly db: Database;
  readonly bucketCount: number;
  readonly calendar: BusinessCalendar;
  readonly now: () => Date;
}

/** How many books a reason keeps from being paid, and what they are owed or owe together. */
export interface CarriedSum {
  readonly reason: CarryReason;
  readonly currency: string;
  readonly books: number;
  readonly amountNanos: bigint;
}

/** What a draw-up came to. */
export interface DrawUp {
  readonly period: Period;
  /** Drawn up just now, by currency; none where there was nothing left to draw up. */
  readonly batches: readonly StoredBatch[];
  /** What is not paid, by reason and currency. */
  readonly carried: readonly CarriedSum[];
}

const ATTEMPTS = 4;
const UNIQUE_VIOLATION = '23505';

/**
 * Draws up the payouts of the period closed last: of each book that has none of it yet, what may be paid. Moves no money. Again, it
 * draws up what has become possible since, mostly nothing.
 * @throws Refusal `no_closed_period`
 */
export async function drawUpPayouts(
  deps: PayoutDeps,
  { actor, onProgress }: { readonly actor: string; readonly onProgress?: (bucketsDone: number) => void },
): Promise<DrawUp> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      // One snapshot, so that a payout approved meanwhile is neither missed nor counted twice.
      return await deps.db.transaction(
        tx => drawUp(tx, deps, { actor, onProgress }),
        'isolation level repeatable read',
      );
    } catch (error) {
      // Somebody else has drawn up the same: what that one left is found in a new snapshot.
      if (attempt === ATTEMPTS || !(error instanceof pg.DatabaseError && error.code === UNIQUE_VIOLATION)) throw error;
    }
  }
}

async function drawUp(
  tx: pg.ClientBase,
  { bucketCount, calendar, now }: PayoutDeps,
  { actor, onProgress }: { readonly actor: string; readonly onProgress: ((done: number) => void) | undefined },
): Promise<DrawUp> {
  const period = await periodOfPayouts(tx);
  const drawnAt = now();
  const drawnOn = calendar.dayOf(drawnAt.getTime());
  const dayTerms = await DayTerms.read(tx, drawnOn);
  const before = await storedBatches(tx, { periods: [period] });
  const drafts = new Map<string, BatchDraft>();
  const carried = new CarriedSums();
  for (let bucket = 0; bucket < bucketCount; bucket += 1) {
    const payouts: Payout[] = [];
    for (const book of await judgedBooks(tx, { bucket, period, dayTerms })) {
      const terms = dayTerms.of(book.currency);
      if (book.pays === null || terms === null) {
        carried.add(book);
        continue;
      }
      const { currency } = book;
      const draft =
        drafts.get(currency) ?? new BatchDraft(batchTerms({ terms, period, before, drawnOn, drawnAt, actor }));
      drafts.set(currency, draft);
      const ownerId = book.ownerId as OwnerId;
      const reference = payoutReference({ ownerId, currency, period });
      const { batchId } = draft.terms;
      payouts.push({ ...book.pays, bucket, payoutId: randomUUIDv7(), reference, batchId, ownerId, currency, period });
    }
    // In the order of the references, as the digest is taken.
    payouts.sort((a, b) => (a.reference < b.reference ? -1 : 1));
    for (const payout of payouts) drafts.get(payout.currency)?.add(payout);
    if (payouts.length > 0) await insertPayouts(tx, payouts);
    onProgress?.(bucket + 1);
  }
  const batches = [...drafts.values()].map(draft => draft.end()).sort((a, b) => (a.currency < b.currency ? -1 : 1));
  for (const batch of batches) await insertBatch(tx, batch);
  return { period, batches, carried: carried.sorted() };
}

function batchTerms({
  terms: { currency, thresholdNanos, netDays, importNo },
  period,
  before,
  ...drawn
}: {
  readonly terms: Recorded<PayoutTerms>;
  readonly period: Period;
  readonly before: readonly StoredBatch[];
} & Pick<BatchTerms, 'drawnOn' | 'drawnAt' | 'actor'>): BatchTerms {
  const drawNo = 1 + Math.max(0, ...before.filter(each => each.currency === currency).map(each => each.drawNo));
  const batchId = `${period}-${currency}-${drawNo}`;
  const dueOn = addDays(parsePeriod(period).lastDay, netDays);
  return { ...drawn, batchId, period, currency, drawNo, termsImport: importNo, thresholdNanos, dueOn };
}

/** A batch while its payouts are being drawn up. */
class BatchDraft {
  readonly terms: BatchTerms;
  readonly #digest: BatchDigest;
  #payouts = 0;
  #amountNanos = 0n;

  constructor(terms: BatchTerms) {
    this.terms = terms;
    this.#digest = new BatchDigest(terms);
  }

  add(payout: Payout): void {
    this.#digest.add(payout);
    this.#payouts += 1;
    this.#amountNanos += payout.amountNanos;
  }

  end(): StoredBatch {
    const amountNanos = nanos(this.#amountNanos);
    return { ...this.terms, payouts: this.#payouts, amountNanos, digest: this.#digest.end() };
  }
}

class CarriedSums {
  readonly #sums = new Map<string, { reason: CarryReason; currency: string; books: number; amountNanos: bigint }>();

  add({ carries, currency, availableNanos }: JudgedBook): void {
    if (carries === null) return;
    const key = `${carries} ${currency}`;
    const sum = this.#sums.get(key) ?? { reason: carries, currency, books: 0, amountNanos: 0n };
    this.#sums.set(key, sum);
    sum.books += 1;
    sum.amountNanos += availableNanos;
  }

  sorted(): CarriedSum[] {
    return [...this.#sums.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, sum]) => sum);
  }
}
