import type { BusinessDay } from '../domain/business-day.ts';
import { type Money, money } from '../domain/money.ts';
import { type BookTransfer, movedOn } from '../ledger/book-transfers.ts';
import { instantOf } from './corrections.ts';

/** What a decision changed of what is owed. */
export interface StatementAdjustment {
  readonly booked_at: string;
  /** The day and the app that it refers to, if any. */
  readonly business_date: BusinessDay | null;
  readonly app_id: string | null;
  /** `adjustment` or `write_off`. */
  readonly reason: string;
  /** In the words of who proposed it. */
  readonly why: string;
  /** Positive: in favour. */
  readonly change: Money;
  readonly transfer: string;
  readonly decision_id: string;
}

/** What decisions changed on a book's `payable`, in the order of booking. */
export function adjustmentsAmong(
  transfers: readonly BookTransfer[],
  whyOf: (transferId: string) => string,
): StatementAdjustment[] {
  return transfers.map(each => ({
    booked_at: instantOf(each),
    business_date: each.businessDay,
    app_id: each.appId,
    reason: each.reason,
    why: whyOf(each.transferId),
    change: money(movedOn('payable', [each]), each.currency),
    transfer: each.transferId,
    decision_id: each.decisionId as string,
  }));
}
