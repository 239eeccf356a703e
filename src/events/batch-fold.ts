import type { RateCards } from '../catalog/rate-cards.ts';
import { formatAdEvent } from '../domain/ad-event.ts';
import type { BusinessCalendar, BusinessDay } from '../domain/business-day.ts';
import { EarningsFold } from '../earnings/earnings-fold.ts';
import { InvalidFold } from '../earnings/invalid-earnings.ts';
import type { AloneReason } from '../traffic/checks.ts';
import type { AloneJudge } from '../traffic/judge-alone.ts';
import type { BatchContent } from './batch.ts';
import { type BatchColumns, eventAt, type RefusedLine } from './batch-columns.ts';
import { hashIdentities } from './hash-identities.ts';
import { claimedAt, type EventIdentity, type IdentityColumns, sameContent } from './identity.ts';
import { IdentityTable } from './identity-table.ts';
import type { LineCounts } from './inbox.ts';
import { type AloneVerdicts, judgeRows, reasonOfVerdict } from './judge-rows.ts';
import { type PricedRows, priceRows } from './price-event.ts';
import type { RejectionReason } from './rejection-reasons.ts';
import { withRepeated } from './repeated-rows.ts';
import { daysOfRows } from './row-days.ts';
import { UnitSums } from './unit-sums.ts';

/** A batch with everything about its events that does not depend on other events, by their place among `rows`. */
export interface PreparedBatch {
  readonly seq: number;
  readonly columns: BatchColumns;
  readonly rows: Int32Array;
  readonly identities: IdentityColumns;
  /** The distinct business days, and the place of each row's. */
  readonly days: readonly BusinessDay[];
  readonly dayPlaces: Int32Array;
  readonly prices: PricedRows;
  /** Null where no policy asks anything of the events alone. */
  readonly verdicts: AloneVerdicts | null;
  readonly refused: readonly RefusedLine[];
}

export interface FoldedBatch {
  readonly counts: LineCounts;
  /** See `isRepeated`. */
  readonly repeated: Buffer | null;
}

export interface RejectedLine {
  readonly seq: number;
  readonly lineNo: number;
  readonly ownerId: string;
  readonly reason: string;
  readonly field: string | null;
  readonly detail: string;
  readonly bytes: Buffer;
}

export interface ConflictingLine extends EventIdentity {
  readonly seq: number;
  readonly lineNo: number;
  readonly developerId: string;
  readonly bytes: Buffer;
}

/** `rows`: those to be prepared, ascending; all unless given. */
export function prepareBatch(
  { columns, refused }: BatchContent,
  {
    seq,
    calendar,
    rateCards,
    judge,
    rows = allRows(columns),
  }: {
    readonly seq: number;
    readonly calendar: BusinessCalendar;
    readonly rateCards: RateCards;
    readonly judge: AloneJudge;
    readonly rows?: Int32Array;
  },
): PreparedBatch {
  const { days, dayPlaces } = daysOfRows(columns, rows, calendar);
  return {
    seq,
    columns,
    rows,
    identities: hashIdentities(columns, rows, seq),
    days,
    dayPlaces,
    prices: priceRows(columns, { rows, days, dayPlaces, rateCards }),
    verdicts: judgeRows(columns, { rows, days, dayPlaces, judge }),
    refused,
  };
}

export function allRows({ count }: BatchColumns): Int32Array {
  const rows = new Int32Array(count);
  for (let row = 0; row < count; row += 1) rows[row] = row;
  return rows;
}

/**
 * What batches come to, folded in their recorded order: the one place that decides what counts. Processing writes its results,
 * verifying compares them.
 */
export class BatchFold {
  /** Of events that are valid by themselves. */
  readonly earnings = new EarningsFold();
  readonly invalid = new InvalidFold();
  readonly rejected: RejectedLine[] = [];
  /** The first line of each conflicting content. */
  readonly conflicting: ConflictingLine[] = [];
  readonly #known: IdentityTable;
  readonly #knownBefore: number;
  readonly #conflicts = new Set<string>();

  /** `known`: every identity among the batches' events that was claimed before, perhaps others too; it grows. */
  constructor(known: IdentityTable = new IdentityTable()) {
    this.#known = known;
    this.#knownBefore = known.count;
  }

  /** The identities that these batches claimed, in no order. */
  get claimed(): IdentityColumns {
    return this.#known.entriesFrom(this.#knownBefore);
  }

  /** `poisonous`: numbers of lines that made the batch fail; they are rejected as `internal_error`. */
  add(batch: PreparedBatch, poisonous: ReadonlySet<number> = new Set()): FoldedBatch {
    const { seq, columns, rows, identities, days, dayPlaces, prices, verdicts, refused } = batch;
    for (const line of refused) this.rejected.push({ seq, ...line });
    const counts = { accepted: 0, duplicates: 0, conflicts: 0, rejected: refused.length };
    const known = this.#known;
    const sums = new UnitSums(columns, days);
    let repeated: Buffer | null = null;
    const invalidSums = new Map<number, UnitSums>();
    const invalid: Partial<Record<AloneReason, number>> = {};
    for (let place = 0; place < rows.length; place += 1) {
      const row = rows[place] as number;
      const grossNanos = prices.grossNanos[place] as number;
      if (poisonous.size > 0 && poisonous.has(columns.lineNo[row] as number)) {
        const detail = 'the line could not be processed; it is kept, to be tried again with a mended program';
        this.#reject(batch, row, { reason: 'internal_error', field: null, detail });
        counts.rejected += 1;
        continue;
      }
      if (Number.isNaN(grossNanos)) {
        const refusal = prices.refusals.get(place);
        if (refusal === undefined) throw new Error(`line ${columns.lineNo[row]} has neither a gross nor a refusal`);
        this.#reject(batch, row, refusal);
        counts.rejected += 1;
        continue;
      }
      const first = known.find(identities, place);
      if (first < 0) {
        known.add(identities, place);
        const verdict = verdicts === null ? 0 : (verdicts[place] as number);
        if (verdict === 0) {
          sums.add(row, { day: dayPlaces[place] as number, grossNanos });
        } else {
          const reason = reasonOfVerdict(verdict);
          invalid[reason] = (invalid[reason] ?? 0) + 1;
          sumsOf(invalidSums, verdict, batch).add(row, { day: dayPlaces[place] as number, grossNanos });
        }
        counts.accepted += 1;
      } else if (sameContent(known.tails, first, identities.tails, place)) {
        repeated = withRepeated(repeated, columns, row);
        counts.duplicates += 1;
      } else {
        repeated = withRepeated(repeated, columns, row);
        this.#addConflict(batch, place);
        counts.conflicts += 1;
      }
    }
    sums.addTo(this.earnings);
    for (const [verdict, each] of invalidSums) each.addTo(this.invalid.of(reasonOfVerdict(verdict)));
    return { counts: { ...counts, invalid }, repeated: counts.accepted === 0 ? null : repeated };
  }

  #reject(
    { seq, columns }: PreparedBatch,
    row: number,
    refusal: { readonly reason: RejectionReason; readonly field: string | null; readonly detail: string },
  ): void {
    const { lineNo, developerId, event } = eventAt(columns, row);
    this.rejected.push({ seq, lineNo, ownerId: developerId, ...refusal, bytes: Buffer.from(formatAdEvent(event)) });
  }

  #addConflict({ seq, columns, rows, identities }: PreparedBatch, place: number): void {
    const { identity, content } = claimedAt(identities, place);
    const key = `${identity} ${content}`;
    if (this.#conflicts.has(key)) return;
    this.#conflicts.add(key);
    const { lineNo, developerId, event } = eventAt(columns, rows[place] as number);
    this.conflicting.push({ seq, lineNo, developerId, identity, content, bytes: Buffer.from(formatAdEvent(event)) });
  }
}

function sumsOf(sums: Map<number, UnitSums>, verdict: number, { columns, days }: PreparedBatch): UnitSums {
  let found = sums.get(verdict);
  if (found === undefined) {
    found = new UnitSums(columns, days);
    sums.set(verdict, found);
  }
  return found;
}
