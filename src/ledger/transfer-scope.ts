import type pg from 'pg';
import { bucketOf } from '../domain/bucket.ts';
import type { BusinessDay } from '../domain/business-day.ts';
import type { PeriodRange } from '../domain/period.ts';
import { AFTER_ALL_DAYS, BEFORE_ALL_DAYS, type DayRange, daysOfPeriod, intersection, unionOf } from './day-ranges.ts';
import { bookOf, checkIds, type TransferFilters } from './transfer-filters.ts';

/** Where transfers that pass the filters may lie, so that nothing else is read. */
export interface TransferScope {
  /** The one book they are in; null: they may be in any. */
  readonly owner: string | null;
  readonly buckets: readonly number[];
  /** In order, without overlaps. */
  readonly ranges: readonly DayRange[];
}

/**
 * Finds out from indexes and from the totals that are recorded with each posting.
 * @throws Refusal `unknown_developer`, `unknown_provider`, `unknown_fund`, `two_owners`, `unknown_app`, `bad_run_id`,
 * `bad_decision_id`, `bad_payout_id`, `bad_link`
 */
export async function scopeOf(tx: pg.ClientBase, filters: TransferFilters): Promise<TransferScope> {
  checkIds(filters);
  const owner = await bookOf(tx, filters);
  const { bucketCount, from = BEFORE_ALL_DAYS, to = AFTER_ALL_DAYS, period } = filters;
  const everywhere = Array.from({ length: bucketCount }, (_, bucket) => bucket);
  let scope: TransferScope = {
    owner,
    buckets: owner === null ? everywhere : [bucketOf(owner, bucketCount)],
    ranges: from <= to ? [{ first: from, last: to }] : [],
  };
  if (filters.runId !== undefined || filters.decisionId !== undefined) scope = await withinPosting(tx, scope, filters);
  if (filters.payoutId !== undefined || filters.link !== undefined) scope = await withinIndex(tx, scope, filters);
  // In one book its own index is the shortest way to a period, and there is little else in the way.
  if (owner !== null) return scope;
  if (filters.bookedFrom !== undefined || filters.bookedBefore !== undefined) {
    scope = { ...scope, ranges: intersection(scope.ranges, await rangesBooked(tx, filters)) };
  }
  if (period === undefined) return scope;
  return { ...scope, ranges: intersection(scope.ranges, await rangesFiledIn(tx, scope.buckets, period)) };
}

/** What one run or decision has posted. */
async function withinPosting(
  tx: pg.ClientBase,
  { owner, buckets, ranges }: TransferScope,
  { runId, decisionId }: TransferFilters,
): Promise<TransferScope> {
  const { rows } = await tx.query<{ bucket: number; first: BusinessDay; last: BusinessDay }>(
    `select bucket, min(first_day) as first, max(last_day) as last
     from posting_totals
     where bucket = any ($1::smallint[]) and run_id = $2::uuid and $3::text is null
     group by bucket
     union all
     select bucket, min(first_day), max(last_day)
     from decision_totals
     where bucket = any ($1::smallint[]) and decision_id = $3 and $2::uuid is null
     group by bucket
     order by bucket`,
    [buckets, runId ?? null, decisionId ?? null],
  );
  return { owner, buckets: rows.map(row => row.bucket), ranges: intersection(ranges, unionOf(rows)) };
}

/** The few transfers of a payout or of a link. */
async function withinIndex(
  tx: pg.ClientBase,
  { owner, buckets, ranges }: TransferScope,
  { payoutId, link }: TransferFilters,
): Promise<TransferScope> {
  const { rows } = await tx.query<{ bucket: number; day: BusinessDay }>(
    `select distinct bucket, ledger_date as day
     from transfers
     where bucket = any ($1::smallint[]) and ${payoutId === undefined ? 'link_id' : 'payout_id'} = $2::uuid
     order by bucket`,
    [buckets, payoutId ?? link],
  );
  const days = unionOf(rows.map(({ day }) => ({ first: day, last: day })));
  return { owner, buckets: [...new Set(rows.map(row => row.bucket))], ranges: intersection(ranges, days) };
}

/** The days that postings of these instants went to. */
async function rangesBooked(
  tx: pg.ClientBase,
  { bookedFrom, bookedBefore }: Pick<TransferFilters, 'bookedFrom' | 'bookedBefore'>,
): Promise<DayRange[]> {
  const { rows } = await tx.query<{ first: BusinessDay; last: BusinessDay }>(
    `select first_day as first, last_day as last
     from posting_totals
     where booked_at >= coalesce($1, '-infinity'::timestamptz) and booked_at < coalesce($2, 'infinity'::timestamptz)
     union
     select first_day, last_day
     from decision_totals
     where booked_at >= coalesce($1, '-infinity'::timestamptz) and booked_at < coalesce($2, 'infinity'::timestamptz)`,
    [bookedFrom ?? null, bookedBefore ?? null],
  );
  return unionOf(rows);
}

/** The half-months' own days and, of earlier ones, what came when their own half-month was closed. */
async function rangesFiledIn(
  tx: pg.ClientBase,
  buckets: readonly number[],
  { halves }: PeriodRange,
): Promise<DayRange[]> {
  const own = halves.map(daysOfPeriod);
  const { rows } = await tx.query<{ day: BusinessDay }>(
    `select distinct ledger_date as day
     from transfers
     where bucket = any ($1::smallint[]) and period = any ($2::text[]) and period <> half_month(ledger_date)
     order by day`,
    [buckets, halves],
  );
  const isOwn = (day: BusinessDay) => own.some(({ first, last }) => first <= day && day <= last);
  const late = rows.filter(({ day }) => !isOwn(day));
  return [...late.map(({ day }): DayRange => ({ first: day, last: day, lateOnly: true })), ...unionOf(own)];
}
