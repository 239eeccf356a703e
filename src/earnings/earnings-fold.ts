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
  /** By day, then by ad unit, which belongs to one app and so to one developer; of each mostly a single currency. */
  readonly #days = new Map<BusinessDay, Map<string, UnitEarnings[]>>();

  add(
    {
      event,
      developerId,
      businessDay,
    }: { readonly event: AdEvent; readonly developerId: string; readonly businessDay: BusinessDay },
    grossNanos: Nanos,
  ): void {
    let adUnits = this.#days.get(businessDay);
    if (adUnits === undefined) {
      adUnits = new Map();
      this.#days.set(businessDay, adUnits);
    }
    let rows = adUnits.get(event.adUnitId);
    if (rows === undefined) {
      rows = [];
      adUnits.set(event.adUnitId, rows);
    }
    let row = rows.find(each => each.currency === event.currency);
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
  onDay(day: BusinessDay): Readonly<UnitEarnings>[] {
    return [...(this.#days.get(day)?.values() ?? [])].flat();
  }

  /** In the order of the earnings table's key, the order in which its rows are locked. */
  sorted(): UnitEarnings[] {
    return [...this.#days.values()].flatMap(adUnits => [...adUnits.values()].flat()).sort(compareUnitEarnings);
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
