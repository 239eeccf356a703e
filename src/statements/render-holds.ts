import type { HoldRow } from '../decisions/list-holds.ts';
import { decimal, grouped, left, textTable } from './text-table.ts';

/** A row for each currency that a hold holds; one where it holds nothing. */
export function holdsTable(holds: readonly HoldRow[]): string {
  return textTable(
    [
      left('Hold'),
      left('Book'),
      left('App'),
      left('Since'),
      left('Approved by'),
      decimal('Held'),
      left('Currency'),
      left('Reason'),
    ],
    holds.flatMap(hold => {
      const head = [hold.id, hold.book, hold.app_id ?? 'all'];
      const since = hold.in_force ? (hold.approved_at?.slice(0, 10) ?? '') : 'ended';
      const amounts = hold.held.length === 0 ? [{ amount: '', currency: '' }] : hold.held;
      return amounts.map(({ amount, currency }) => [
        ...head,
        since,
        hold.approved_by ?? '',
        grouped(amount),
        currency,
        hold.reason,
      ]);
    }),
  ).join('\n');
}
