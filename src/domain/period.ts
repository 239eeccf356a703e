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
