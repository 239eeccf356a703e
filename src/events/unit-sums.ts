import type { BusinessDay } from '../domain/business-day.ts';
import { nanos } from '../domain/nanos.ts';
import type { EarningsFold, UnitEarnings } from '../earnings/earnings-fold.ts';
import type { BatchColumns } from './batch-columns.ts';

/** Far enough below the last safe integer that one more event fits. */
const CARRIED_AT = 2 ** 52;

/**
 * What the ad units of one batch earned, added up in plain numbers: of a batch's events many are of one ad unit, and a `bigint` for
 * each would cost more than all else.
 */
export class UnitSums {
  readonly #columns: BatchColumns;
  readonly #days: readonly BusinessDay[];
  /** The last sum + 1 of each ad unit; 0 for none. */
  readonly #lastOfUnit: Int32Array;
  readonly #before: number[] = [];
  readonly #unit: number[] = [];
  readonly #day: number[] = [];
  readonly #currency: number[] = [];
  readonly #impressions: number[] = [];
  readonly #clicks: number[] = [];
  readonly #grossNanos: number[] = [];
  readonly #carried = new Map<number, bigint>();

  constructor(columns: BatchColumns, days: readonly BusinessDay[]) {
    this.#columns = columns;
    this.#days = days;
    this.#lastOfUnit = new Int32Array(columns.adUnit.values.length);
  }

  /** `day`: a place among the days. `grossNanos`: whole, at most 10¹⁵. */
  add(row: number, { day, grossNanos }: { readonly day: number; readonly grossNanos: number }): void {
    const sum = this.#sumOf(row, day);
    if (this.#columns.isClick[row] === 1) this.#clicks[sum] = (this.#clicks[sum] as number) + 1;
    else this.#impressions[sum] = (this.#impressions[sum] as number) + 1;
    const gross = (this.#grossNanos[sum] as number) + grossNanos;
    if (gross < CARRIED_AT) {
      this.#grossNanos[sum] = gross;
    } else {
      this.#grossNanos[sum] = 0;
      this.#carried.set(sum, (this.#carried.get(sum) ?? 0n) + BigInt(gross));
    }
  }

  addTo(earnings: EarningsFold): void {
    const { adUnit, appOfAdUnit, apps, developerOfApp, developers, currency } = this.#columns;
    const rows = this.#unit.map((unit, sum): UnitEarnings => {
      const app = appOfAdUnit[unit] as number;
      return {
        businessDay: this.#days[this.#day[sum] as number] as BusinessDay,
        developerId: developers[developerOfApp[app] as number] as string,
        appId: apps[app] as string,
        adUnitId: adUnit.values[unit] as string,
        currency: currency.values[this.#currency[sum] as number] as string,
        impressions: this.#impressions[sum] as number,
        clicks: this.#clicks[sum] as number,
        grossNanos: nanos(BigInt(this.#grossNanos[sum] as number) + (this.#carried.get(sum) ?? 0n)),
      };
    });
    earnings.addDistinct(rows);
  }

  #sumOf(row: number, day: number): number {
    const unit = this.#columns.adUnit.places[row] as number;
    const currency = this.#columns.currency.places[row] as number;
    const last = (this.#lastOfUnit[unit] as number) - 1;
    for (let sum = last; sum >= 0; sum = this.#before[sum] as number) {
      if (this.#day[sum] === day && this.#currency[sum] === currency) return sum;
    }
    const sum = this.#unit.push(unit) - 1;
    this.#before.push(last);
    this.#day.push(day);
    this.#currency.push(currency);
    this.#impressions.push(0);
    this.#clicks.push(0);
    this.#grossNanos.push(0);
    this.#lastOfUnit[unit] = sum + 1;
    return sum;
  }
}
