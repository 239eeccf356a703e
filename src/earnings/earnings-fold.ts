import type { AdEvent } from '../domain/ad-event.ts';
import type { BusinessDay } from '../domain/business-day.ts';
import type { Nanos } from '../domain/nanos.ts';

/** What one ad unit earned on one business day in one currency. */
export interface UnitEarnings {
  readonly businessDay: BusinessDay;
  readonly developerId: string;
  readonly appId: string;
  readonly adUnitId: string;
  readonly currency: string;
  impressions: number;
  clicks: number;
  grossNanos: Nanos;
}

/** Adds events up in memory, so that each earnings row is touched once a transaction. */
export class EarningsFold {
  /** By ad unit, which belongs to one app and so to one developer; of each mostly a single day and currency. */
  readonly #rowsByAdUnit = new Map<string, UnitEarnings[]>();

  add(
    {
      event,
      developerId,
      businessDay,
    }: { readonly event: AdEvent; readonly developerId: string; readonly businessDay: BusinessDay },
    grossNanos: Nanos,
  ): void {
    let rows = this.#rowsByAdUnit.get(event.adUnitId);
    if (rows === undefined) {
      rows = [];
      this.#rowsByAdUnit.set(event.adUnitId, rows);
    }
    let row = rows.find(each => each.businessDay === businessDay && each.currency === event.currency);
    if (row === undefined) {
      row = {
        businessDay,
        developerId,
        appId: event.appId,
        adUnitId: event.adUnitId,
        currency: event.currency,
        impressions: 0,
        clicks: 0,
        grossNanos: 0n as Nanos,
      };
      rows.push(row);
    }
    if (event.type === 'click') row.clicks += 1;
    else row.impressions += 1;
    row.grossNanos = (row.grossNanos + grossNanos) as Nanos;
  }

  /** What the ad units have earned on a day so far, in no order. */
  *onDay(day: BusinessDay): Generator<Readonly<UnitEarnings>> {
    for (const rows of this.#rowsByAdUnit.values()) {
      for (const row of rows) if (row.businessDay === day) yield row;
    }
  }

  /** In the order of the earnings table's key, the order in which its rows are locked. */
  sorted(): UnitEarnings[] {
    return [...this.#rowsByAdUnit.values()].flat().sort(compareUnitEarnings);
  }
}

/** The order of the earnings table's key; ids are ASCII, so code units compare as bytes do. */
export function compareUnitEarnings(a: UnitEarnings, b: UnitEarnings): number {
  return (
    compare(a.businessDay, b.businessDay) ||
    compare(a.developerId, b.developerId) ||
    compare(a.appId, b.appId) ||
    compare(a.adUnitId, b.adUnitId) ||
    compare(a.currency, b.currency)
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
