import type { RateCards } from '../catalog/rate-cards.ts';
import { formatAdEvent } from '../domain/ad-event.ts';
import type { BusinessCalendar, BusinessDay } from '../domain/business-day.ts';
import { EarningsFold } from '../earnings/earnings-fold.ts';
import type { BatchContent, BatchEvent, RefusedLine } from './batch.ts';
import { type ClaimedIdentity, type EventIdentity, identityOf } from './identity.ts';
import type { LineCounts } from './inbox.ts';
import { type PricedEvent, priceEvent } from './price-event.ts';
import type { RejectionReason } from './rejection-reasons.ts';

/** A batch with everything about its events that does not depend on other events. */
export interface PreparedBatch {
  readonly seq: number;
  readonly events: readonly PreparedEvent[];
  readonly refused: readonly RefusedLine[];
}

interface PreparedEvent extends BatchEvent, EventIdentity {
  readonly businessDay: BusinessDay;
  readonly price: PricedEvent;
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

export function prepareBatch(
  content: BatchContent,
  {
    seq,
    calendar,
    rateCards,
  }: { readonly seq: number; readonly calendar: BusinessCalendar; readonly rateCards: RateCards },
): PreparedBatch {
  const events = content.events.map(({ lineNo, developerId, event }): PreparedEvent => {
    const businessDay = calendar.dayOf(event.occurredAtMs);
    const { identity, content: said } = identityOf(developerId, event);
    return {
      lineNo,
      developerId,
      event,
      identity,
      content: said,
      businessDay,
      price: priceEvent(event, businessDay, rateCards),
    };
  });
  return { seq, events, refused: content.refused };
}

/**
 * What batches come to, folded in their recorded order: the one place that decides what counts. Processing writes its results,
 * verifying compares them.
 */
export class BatchFold {
  readonly earnings = new EarningsFold();
  readonly claimed: ClaimedIdentity[] = [];
  readonly rejected: RejectedLine[] = [];
  /** The first line of each conflicting content. */
  readonly conflicting: ConflictingLine[] = [];
  readonly #known: Map<string, string>;
  readonly #conflicts = new Set<string>();

  /** `known`: content by identity, of every identity among the batches' events that was claimed before; it grows. */
  constructor(known: Map<string, string>) {
    this.#known = known;
  }

  /** `poisonous`: numbers of lines that made the batch fail; they are rejected as `internal_error`. */
  add({ seq, events, refused }: PreparedBatch, poisonous: ReadonlySet<number> = new Set()): LineCounts {
    for (const line of refused) this.rejected.push({ seq, ...line });
    const counts = { accepted: 0, duplicates: 0, conflicts: 0, rejected: refused.length };
    for (const each of events) {
      if (poisonous.has(each.lineNo)) {
        const detail = 'the line could not be processed; it is kept, to be tried again with a mended program';
        this.#reject(seq, each, { reason: 'internal_error', field: null, detail });
        counts.rejected += 1;
      } else if (each.price.refusal !== null) {
        this.#reject(seq, each, each.price.refusal);
        counts.rejected += 1;
      } else {
        const first = this.#known.get(each.identity);
        if (first === undefined) {
          this.#known.set(each.identity, each.content);
          this.claimed.push({ identity: each.identity, content: each.content, seq });
          this.earnings.add(each, each.price.grossNanos);
          counts.accepted += 1;
        } else if (first === each.content) {
          counts.duplicates += 1;
        } else {
          this.#addConflict(seq, each);
          counts.conflicts += 1;
        }
      }
    }
    return counts;
  }

  #reject(
    seq: number,
    { lineNo, developerId, event }: BatchEvent,
    refusal: { readonly reason: RejectionReason; readonly field: string | null; readonly detail: string },
  ): void {
    this.rejected.push({ seq, lineNo, ownerId: developerId, ...refusal, bytes: Buffer.from(formatAdEvent(event)) });
  }

  #addConflict(seq: number, { lineNo, developerId, event, identity, content }: PreparedEvent): void {
    const key = `${identity} ${content}`;
    if (this.#conflicts.has(key)) return;
    this.#conflicts.add(key);
    this.conflicting.push({ seq, lineNo, developerId, identity, content, bytes: Buffer.from(formatAdEvent(event)) });
  }
}
