import type { HoldRow } from '../decisions/list-holds.ts';
import { grouped, textTable } from './text-table.ts';

/** A row for each currency that a hold holds; one where it holds nothing. */
export function holdsTable(holds: readonly HoldRow[]): string {
  return textTable(
    [
      { title: 'Hold', align: 'left' },
      { title: 'Book', align: 'left' },
      { title: 'App', align: 'left' },
      { title: 'Since', align: 'left' },
      { title: 'Approved by', align: 'left' },
      { title: 'Held', align: 'decimal' },
      { title: 'Currency', align: 'left' },
      { title: 'Reason', align: 'left' },
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
