import type { BusinessDay } from '../domain/business-day.ts';
import { type Money, money } from '../domain/money.ts';
import { nanos } from '../domain/nanos.ts';
import { type Period, periodOf } from '../domain/period.ts';
import { type BookTransfer, movedOn } from '../ledger/book-transfers.ts';
import { instantOf } from './corrections.ts';

/** What became of an app's day after its own period had been closed: booked in this one, all runs of the period together. */
export interface LateDifference {
  readonly date: BusinessDay;
  /** Of that day; closed. */
  readonly period: Period;
  readonly app_id: string;
  readonly name: string;
  /** Of the first booking. */
  readonly booked_at: string;
  /** Of a developer's book; null in a provider's. */
  readonly gross: Money | null;
  readonly platform_share: Money | null;
  readonly provider_share: Money | null;
  /** Of what is payable. */
  readonly change: Money;
  readonly transfers: readonly string[];
}

/** By day and app, from the settlement transfers of days before the period, in one currency. */
export function lateDifferences(
  late: readonly BookTransfer[],
  { isProvider, nameOf }: { readonly isProvider: boolean; readonly nameOf: (appId: string) => string },
): LateDifference[] {
  const byDay = [...Map.groupBy(late, each => `${each.businessDay} ${each.appId}`)].sort(([a], [b]) =>
    a < b ? -1 : 1,
  );
  return byDay.flatMap(([, transfers]) => {
    const [first] = transfers;
    if (first === undefined) return [];
    const { currency } = first;
    const date = first.businessDay as BusinessDay;
    const appId = first.appId as string;
    const part = (moved: bigint) => (isProvider ? null : money(nanos(moved), currency));
    return [
      {
        date,
        period: periodOf(date),
        app_id: appId,
        name: nameOf(appId),
        booked_at: instantOf(first),
        gross: part(-movedOn('ad_revenue', transfers)),
        platform_share: part(movedOn('platform_share', transfers)),
        provider_share: part(movedOn('provider_share', transfers)),
        change: money(movedOn('payable', transfers), currency),
        transfers: transfers.map(each => each.transferId),
      },
    ];
  });
}
