import type { BusinessDay } from '../domain/business-day.ts';
import { type Money, money } from '../domain/money.ts';
import { nanos } from '../domain/nanos.ts';
import type { BookTransfer } from '../ledger/book-transfers.ts';

/** A transfer that changed what was posted for an (app, business day) before. */
export interface StatementCorrection {
  readonly booked_at: string;
  /** The day that it refers to. */
  readonly business_date: BusinessDay;
  readonly app_id: string;
  readonly reason: string;
  /** Only of a provider's part. */
  readonly provider_id?: string;
  readonly change: Money;
  readonly version: number;
  readonly transfer: string;
  readonly corrects: string | null;
  readonly run_id: string | null;
}

/**
 * Every later version among the settlement transfers of the days, in the order of booking; of a provider's part also the first one,
 * where it changed what the day had been settled to.
 */
export function correctionsAmong(settled: readonly BookTransfer[]): StatementCorrection[] {
  if (settled.every(each => each.version === 1 && each.providerId === null)) return [];
  const firstRuns = new Map<string, string | null>();
  for (const each of settled) {
    const key = `${each.businessDay} ${each.appId}`;
    if (!firstRuns.has(key)) firstRuns.set(key, each.runId);
  }
  return settled
    .filter(
      each =>
        (each.version ?? 0) > 1 ||
        (each.providerId !== null && each.runId !== firstRuns.get(`${each.businessDay} ${each.appId}`)),
    )
    .map(each => ({ line: correctionLine(each), bookedAtMs: each.bookedAtMs ?? 0 }))
    .sort((a, b) => a.bookedAtMs - b.bookedAtMs || (orderOf(a.line) < orderOf(b.line) ? -1 : 1))
    .map(({ line }) => line);
}

function orderOf(line: StatementCorrection): string {
  const version = String(line.version).padStart(10, '0');
  return [line.business_date, line.app_id, line.reason, line.provider_id ?? '', version].join('\0');
}

function correctionLine(each: BookTransfer): StatementCorrection {
  return {
    booked_at: instantOf(each),
    business_date: each.businessDay as BusinessDay,
    app_id: each.appId as string,
    reason: each.reason,
    ...(each.providerId === null ? {} : { provider_id: each.providerId }),
    change: money(nanos(takesFromSource(each) ? each.amountNanos : -each.amountNanos), each.currency),
    version: each.version as number,
    transfer: each.transferId,
    corrects: each.correctsId,
    run_id: each.runId,
  };
}

/** Parts come out of revenue in a developer's book, out of the developers' totals in a provider's. */
function takesFromSource({ debit, reason }: BookTransfer): boolean {
  return debit === (reason === 'provider_income' ? 'provider_share' : 'ad_revenue');
}

export function instantOf({ bookedAtMs }: Pick<BookTransfer, 'bookedAtMs'>): string {
  return new Date(bookedAtMs ?? 0).toISOString();
}
