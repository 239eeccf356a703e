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
  /** What was added as distinct rows, while that is all there is: to find rows by their texts takes longer than to make them. */
  #only: UnitEarnings[] = [];

  add(
    { businessDay, developerId, appId, adUnitId, currency }: UnitDay,
    { impressions, clicks, grossNanos }: { impressions: number; clicks: number; grossNanos: bigint },
  ): void {
    this.#enterOnly();
    const gross = nanos(grossNanos);
    this.#add({ businessDay, developerId, appId, adUnitId, currency, impressions, clicks, grossNanos: gross });
  }

  /** Rows of which no two are of one day, ad unit and currency. They are the fold's from now on. */
  addDistinct(rows: UnitEarnings[]): void {
    if (this.#only.length === 0 && this.#days.size === 0) {
      this.#only = rows;
      return;
    }
    this.#enterOnly();
    for (const row of rows) this.#add(row);
  }

  /** What the ad units have earned on a day so far, in no order. */
  onDay(day: BusinessDay): Readonly<UnitEarnings>[] {
    this.#enterOnly();
    return [...(this.#days.get(day)?.values() ?? [])].flat();
  }

  /** In the order of the earnings table's key, the order in which its rows are locked. */
  sorted(): UnitEarnings[] {
    const entered = [...this.#days.values()].flatMap(adUnits => [...adUnits.values()].flat());
    return [...this.#only, ...entered].sort(compareUnitEarnings);
  }

  #enterOnly(): void {
    const rows = this.#only;
    if (rows.length === 0) return;
    this.#only = [];
    for (const row of rows) this.#add(row);
  }

  #add(added: UnitEarnings): void {
    const { businessDay, adUnitId } = added;
    let adUnits = this.#days.get(businessDay);
    if (adUnits === undefined) {
      adUnits = new Map();
      this.#days.set(businessDay, adUnits);
    }
    const rows = adUnits.get(adUnitId);
    if (rows === undefined) {
      adUnits.set(adUnitId, [added]);
      return;
    }
    const row = rows.find(each => each.currency === added.currency);
    if (row === undefined) {
      rows.push(added);
      return;
    }
    row.impressions += added.impressions;
    row.clicks += added.clicks;
    row.grossNanos = nanos(row.grossNanos + added.grossNanos);
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
  return a === b ? 0 : a < b ? -1 : 1;
}
