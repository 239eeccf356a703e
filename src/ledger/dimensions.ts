import { Refusal } from '../domain/errors.ts';
import { shown } from '../domain/shown.ts';
import type { Conditions } from './transfer-filters.ts';

/** What balances may be told apart by, beside account and currency. */
export const DIMENSIONS = [
  'owner',
  'app',
  'period',
  'day',
  'booked-day',
  'reason',
  'run',
  'decision',
  'provider',
  'fund',
  'payout',
  'link',
] as const;

export type Dimension = (typeof DIMENSIONS)[number];

interface DimensionSql {
  /** What a row calls it. */
  readonly column: string;
  /** Text; empty where a transfer has none. */
  readonly sql: (conditions: Conditions, timeZone: string) => string;
}

const SQL: Record<Dimension, DimensionSql> = {
  owner: { column: 'developer_id', sql: () => 'developer_id' },
  app: textOf('app_id'),
  period: { column: 'period', sql: () => 'period' },
  day: textOf('business_date'),
  'booked-day': {
    column: 'booked_on',
    sql: (conditions, timeZone) => `((booked_at at time zone ${conditions.value(timeZone)}::text)::date)::text`,
  },
  reason: { column: 'reason', sql: () => 'reason' },
  run: textOf('run_id'),
  decision: textOf('decision_id'),
  provider: textOf('provider_id'),
  fund: textOf('fund_id'),
  payout: textOf('payout_id'),
  link: textOf('link_id', 'link'),
};

function textOf(name: string, column = name): DimensionSql {
  return { column, sql: () => `coalesce(${name}::text, '')` };
}

/** `owner,period` as two dimensions. Refuses (`bad_dimension`) an unknown one and one that is named twice. */
export function parseDimensions(text: string): Dimension[] {
  const names = text.split(',').map(name => name.trim());
  const isKnown = (name: string): name is Dimension => (DIMENSIONS as readonly string[]).includes(name);
  const known = names.filter(isKnown);
  if (known.length === names.length && new Set(names).size === names.length) return known;
  throw new Refusal({
    code: 'bad_dimension',
    message: `${shown(text)} are not dimensions, each named once`,
    remedy: `give one or more of ${DIMENSIONS.join(', ')}, with commas between`,
    details: { by: shown(text) },
    exitCode: 2,
  });
}

/** The columns of a row, in the order of the dimensions. */
export function columnsOf(by: readonly Dimension[]): string[] {
  return by.map(dimension => SQL[dimension].column);
}

/** SQL for the dimension's value of a transfer. */
export function sqlOf(dimension: Dimension, conditions: Conditions, timeZone: string): string {
  return SQL[dimension].sql(conditions, timeZone);
}
