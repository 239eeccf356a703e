import type { Queryable } from '../db/database.ts';
import type { BusinessDay } from '../domain/business-day.ts';
import { type Money, money } from '../domain/money.ts';
import type { Nanos } from '../domain/nanos.ts';
import { deductionsOfDeveloper } from '../earnings/deductions.ts';
import { invalidEarningsOfDeveloper } from '../earnings/invalid-earnings.ts';
import { type Column, grouped, textTable } from './text-table.ts';

/** Accepted events of one ad unit and day that do not count, for one reason. */
export interface InvalidTraffic {
  readonly businessDay: BusinessDay;
  readonly appId: string;
  readonly adUnitId: string;
  readonly currency: string;
  readonly reason: string;
  /** Null: an automatic check. */
  readonly invalidationId: string | null;
  readonly impressions: number;
  readonly clicks: number;
  readonly grossNanos: Nanos;
  /** Whether it was deducted from earnings, which it had become; else it never was among them. */
  readonly isDeducted: boolean;
}

export interface InvalidLine {
  readonly date: BusinessDay;
  readonly app_id: string;
  readonly ad_unit_id: string;
  readonly reason: string;
  readonly invalidation_id: string | null;
  readonly impressions: number;
  readonly clicks: number;
  /** What it would have earned. */
  readonly gross: Money;
}

/** A developer's invalid traffic of the given days, of one app only if it is given: by day, app, ad unit and reason. */
export async function invalidTrafficOf(
  q: Queryable,
  of: {
    readonly bucket: number;
    readonly developerId: string;
    readonly days: readonly BusinessDay[];
    readonly appId?: string;
  },
): Promise<InvalidTraffic[]> {
  const never = (await invalidEarningsOfDeveloper(q, of)).map(row => ({
    ...row,
    invalidationId: null,
    isDeducted: false,
  }));
  const deducted = (await deductionsOfDeveloper(q, of)).map(row => ({ ...row, isDeducted: true }));
  return inOrder([...never, ...deducted]);
}

export function inOrder(rows: readonly InvalidTraffic[]): InvalidTraffic[] {
  return rows.toSorted((a, b) => (orderOf(a) < orderOf(b) ? -1 : 1));
}

function orderOf({ businessDay, appId, adUnitId, reason, invalidationId }: InvalidTraffic): string {
  return [businessDay, appId, adUnitId, reason, invalidationId ?? ''].join('\0');
}

export function invalidLine(row: InvalidTraffic): InvalidLine {
  return {
    date: row.businessDay,
    app_id: row.appId,
    ad_unit_id: row.adUnitId,
    reason: row.reason,
    invalidation_id: row.invalidationId,
    impressions: row.impressions,
    clicks: row.clicks,
    gross: money(row.grossNanos, row.currency),
  };
}

const COLUMNS: readonly Column[] = [
  { title: 'Not counted', align: 'left' },
  { title: 'Reason', align: 'left' },
  { title: 'Impressions', align: 'right' },
  { title: 'Clicks', align: 'right' },
  { title: 'Gross', align: 'decimal' },
];

/** As a table; without days and apps where the reader knows them. */
export function invalidTable(lines: readonly InvalidLine[], { withDays }: { readonly withDays: boolean }): string[] {
  if (lines.length === 0) return [];
  const rows = lines.map(({ date, ad_unit_id, reason, impressions, clicks, gross }) => [
    `  ${withDays ? `${date} ` : ''}${ad_unit_id}`,
    reason,
    grouped(impressions),
    grouped(clicks),
    grouped(gross.amount),
  ]);
  return ['', ...textTable(COLUMNS, rows)];
}
