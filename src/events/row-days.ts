import type { BusinessCalendar, BusinessDay } from '../domain/business-day.ts';
import type { BatchColumns } from './batch-columns.ts';

/** On which business days rows occurred. */
export interface RowDays {
  /** The distinct ones. */
  readonly days: readonly BusinessDay[];
  /** The place of each row's among them, by the row's place. */
  readonly dayPlaces: Int32Array;
}

export function daysOfRows(
  { occurredAtMs }: Pick<BatchColumns, 'occurredAtMs'>,
  rows: Int32Array,
  calendar: BusinessCalendar,
): RowDays {
  const days: BusinessDay[] = [];
  const dayPlaces = new Int32Array(rows.length);
  let last = 0;
  for (let place = 0; place < rows.length; place += 1) {
    const day = calendar.dayOf(occurredAtMs[rows[place] as number] as number);
    if (day !== days[last]) {
      const known = days.indexOf(day);
      last = known >= 0 ? known : days.push(day) - 1;
    }
    dayPlaces[place] = last;
  }
  return { days, dayPlaces };
}
