import type { BusinessDay } from '../domain/business-day.ts';
import { type Money, money } from '../domain/money.ts';
import { type Nanos, nanos } from '../domain/nanos.ts';
import type { UncountedDay } from '../earnings/days-of-books.ts';
import { type Column, decimal, grouped, left, right, textTable } from './text-table.ts';

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

export function inOrder(rows: readonly InvalidTraffic[]): InvalidTraffic[] {
  return rows.toSorted((a, b) => (orderOf(a) < orderOf(b) ? -1 : 1));
}

type Placed = Pick<InvalidTraffic, 'businessDay' | 'appId' | 'adUnitId' | 'reason' | 'invalidationId'>;

function orderOf({ businessDay, appId, adUnitId, reason, invalidationId }: Placed): string {
  return [businessDay, appId, adUnitId, reason, invalidationId ?? ''].join('\0');
}

/** By day, app, ad unit and reason; what runs deducted and gave back again is left out. */
export function invalidLines(uncounted: readonly UncountedDay[]): InvalidLine[] {
  const byKey = Map.groupBy(uncounted, row => `${orderOf(row)}\0${row.runId === null ? '' : 'deducted'}`);
  const sums = [...byKey.values()].flatMap(rows => {
    const [first] = rows;
    if (first === undefined) return [];
    const impressions = rows.reduce((sum, row) => sum + row.impressions, 0);
    const clicks = rows.reduce((sum, row) => sum + row.clicks, 0);
    const grossNanos = nanos(rows.reduce((sum, row) => sum + row.grossNanos, 0n));
    const isNothing = impressions === 0 && clicks === 0 && grossNanos === 0n;
    return isNothing ? [] : [{ ...first, impressions, clicks, grossNanos }];
  });
  return sums.sort((a, b) => (orderOf(a) < orderOf(b) ? -1 : 1)).map(invalidLine);
}

type Shown = Omit<InvalidTraffic, 'isDeducted'>;

export function invalidLine(row: Shown): InvalidLine {
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

interface Titles {
  readonly notCounted: string;
  readonly reason: string;
  readonly impressions: string;
  readonly clicks: string;
  readonly gross: string;
}

/** As a table; without days and apps where the reader knows them. */
export function invalidTable(
  lines: readonly InvalidLine[],
  { withDays, columns }: { readonly withDays: boolean; readonly columns: Titles },
): string[] {
  if (lines.length === 0) return [];
  const table: Column[] = [
    left(columns.notCounted),
    left(columns.reason),
    right(columns.impressions),
    right(columns.clicks),
    decimal(columns.gross),
  ];
  const rows = lines.map(({ date, ad_unit_id, reason, impressions, clicks, gross }) => [
    `  ${withDays ? `${date} ` : ''}${ad_unit_id}`,
    reason,
    grouped(impressions),
    grouped(clicks),
    grouped(gross.amount),
  ]);
  return ['', ...textTable(table, rows)];
}
