import type { BusinessDay } from '../domain/business-day.ts';
import { type Nanos, nanos } from '../domain/nanos.ts';

/** A business day of one ad unit in one currency. */
export interface UnitDay {
  readonly businessDay: BusinessDay;
  readonly developerId: string;
  readonly appId: string;
  readonly adUnitId: string;
  readonly currency: string;
}

/** What one ad unit earned on one business day in one currency. */
export interface UnitEarnings extends UnitDay {
  impressions: number;
  clicks: number;
  grossNanos: Nanos;
}

/** Adds events up in memory, so that each earnings row is touched once a transaction. */
export class EarningsFold {
  /** By day, then by ad unit, which belongs to one app and so to one developer; of each mostly a single currency. */
  readonly #days = new Map<BusinessDay, Map<string, UnitEarnings[]>>();

  add(
    { businessDay, developerId, appId, adUnitId, currency }: UnitDay,
    { impressions, clicks, grossNanos }: { impressions: number; clicks: number; grossNanos: bigint },
  ): void {
    let adUnits = this.#days.get(businessDay);
    if (adUnits === undefined) {
      adUnits = new Map();
      this.#days.set(businessDay, adUnits);
    }
    let rows = adUnits.get(adUnitId);
    if (rows === undefined) {
      rows = [];
      adUnits.set(adUnitId, rows);
    }
    const row = rows.find(each => each.currency === currency);
    if (row === undefined) {
      const gross = nanos(grossNanos);
      rows.push({ businessDay, developerId, appId, adUnitId, currency, impressions, clicks, grossNanos: gross });
      return;
    }
    row.impressions += impressions;
    row.clicks += clicks;
    row.grossNanos = nanos(row.grossNanos + grossNanos);
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
