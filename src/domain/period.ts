import { type BusinessDay, parseBusinessDay } from './business-day.ts';
import { Refusal } from './errors.ts';
import { daysInMonth } from './instant.ts';
import { shown } from './shown.ts';

declare const brand: unique symbol;

/** A half-month, 'YYYY-MM-H1' (1st to 15th) or 'YYYY-MM-H2' (16th to the end); the text order is the order in time. */
export type Period = string & { readonly [brand]: 'Period' };

/** What a statement covers: a half-month or a month. */
export interface PeriodRange {
  readonly label: string;
  readonly halves: readonly Period[];
  readonly firstDay: BusinessDay;
  readonly lastDay: BusinessDay;
}

const LAST_DAY_OF_FIRST_HALF = '15';
const PERIOD = /^(\d{4})-(\d{2})(?:-(H1|H2))?$/;

export function periodOf(day: BusinessDay): Period {
  return `${day.slice(0, 7)}-${day.slice(8) <= LAST_DAY_OF_FIRST_HALF ? 'H1' : 'H2'}` as Period;
}

/** Where a transfer of the day is filed: in the day's own half-month, or in the earliest open one if that is later; null: none is closed. */
export function openPeriodOf(day: BusinessDay, firstOpen: Period | null): Period {
  const own = periodOf(day);
  return firstOpen !== null && firstOpen > own ? firstOpen : own;
}

export function nextPeriod(period: Period): Period {
  if (period.endsWith('H1')) return `${period.slice(0, 7)}-H2` as Period;
  const [year, month] = [Number(period.slice(0, 4)), Number(period.slice(5, 7))];
  return periodAt(month === 12 ? [year + 1, 1] : [year, month + 1], 'H1');
}

export function previousPeriod(period: Period): Period {
  if (period.endsWith('H2')) return `${period.slice(0, 7)}-H1` as Period;
  const [year, month] = [Number(period.slice(0, 4)), Number(period.slice(5, 7))];
  return periodAt(month === 1 ? [year - 1, 12] : [year, month - 1], 'H2');
}

function periodAt([year, month]: readonly [number, number], half: 'H1' | 'H2'): Period {
  return `${String(year).padStart(4, '0')}-${String(month).padStart(2, '0')}-${half}` as Period;
}

/** '2018-03-H1', '2018-03-H2' or the month '2018-03'; refuses (`bad_period`) anything else. */
export function parsePeriod(text: string): PeriodRange {
  const [, year = '', month = '', half] = PERIOD.exec(text) ?? [];
  if (year === '' || year === '0000' || month < '01' || month > '12') {
    throw new Refusal({
      code: 'bad_period',
      message: `${shown(text)} is not a period`,
      details: { period: shown(text) },
      remedy: 'write a half-month as 2018-03-H1 or 2018-03-H2, a month as 2018-03',
    });
  }
  const firstDay = half === 'H2' ? '16' : '01';
  const lastDay = half === 'H1' ? LAST_DAY_OF_FIRST_HALF : daysInMonth(Number(year), Number(month));
  const halves = half === undefined ? ['H1', 'H2'] : [half];
  return {
    label: text,
    halves: halves.map(name => `${year}-${month}-${name}` as Period),
    firstDay: parseBusinessDay(`${year}-${month}-${firstDay}`),
    lastDay: parseBusinessDay(`${year}-${month}-${lastDay}`),
  };
}
