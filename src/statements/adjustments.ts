import type { DecidedAmount } from '../decisions/decided-amounts.ts';
import type { BusinessDay } from '../domain/business-day.ts';
import { type Money, money } from '../domain/money.ts';
import { type Nanos, nanos } from '../domain/nanos.ts';
import { grouped } from './text-table.ts';

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

/** What decisions changed on a book's `payable` in one currency, in the order of booking, and in all. */
export function adjustmentsIn(
  currency: string,
  amounts: readonly DecidedAmount[],
): { readonly adjustments: readonly StatementAdjustment[]; readonly adjustedNanos: Nanos } {
  const onPayable = amounts.filter(each => each.currency === currency && [each.debit, each.credit].includes('payable'));
  const adjustments = onPayable.map(each => ({
    booked_at: each.bookedAt.toISOString(),
    business_date: each.businessDay,
    app_id: each.appId,
    reason: each.reason,
    why: each.why,
    change: money(changeOf(each), currency),
    transfer: each.transferId,
    decision_id: each.decisionId,
  }));
  return { adjustments, adjustedNanos: nanos(onPayable.reduce((sum, each) => sum + changeOf(each), 0n)) };
}

function changeOf({ credit, amountNanos }: DecidedAmount): Nanos {
  return credit === 'payable' ? amountNanos : nanos(-amountNanos);
}

const KINDS: Record<string, string> = { adjustment: '', write_off: 'written off: ' };

/** As a section of a statement; nothing where there are none. */
export function adjustmentLines(adjustments: readonly StatementAdjustment[]): string[] {
  if (adjustments.length === 0) return [];
  const changes = adjustments.map(
    ({ change }) => `${change.amount.startsWith('-') ? '' : '+'}${grouped(change.amount)}`,
  );
  const width = changes.reduce((most, change) => Math.max(most, change.length), 0);
  const lines = adjustments.map(({ booked_at, business_date, app_id, reason, why, decision_id }, place) => {
    const refersTo = [app_id, business_date].filter(each => each !== null).join(' on ');
    return [
      `  ${booked_at.slice(0, 10)}  ${changes[place]?.padStart(width)}  ${KINDS[reason] ?? ''}${why}`,
      `              ${refersTo === '' ? '' : `for ${refersTo}, `}decision ${decision_id}`,
    ];
  });
  return ['', 'Adjustments', ...lines.flat()];
}
