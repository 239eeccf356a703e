import type { Queryable } from '../db/database.ts';
import { addDays, type BusinessDay } from '../domain/business-day.ts';
import { parseRate } from '../domain/exchange.ts';
import type { Recorded } from './payout-terms.ts';

/** What one unit of the source was worth on a day, as somebody published it. */
export interface ExchangeRate {
  readonly sourceCurrency: string;
  readonly targetCurrency: string;
  readonly day: BusinessDay;
  /** Units of the target for one of the source, as `parseRate` gives it. */
  readonly rate: string;
  /** Who published it. */
  readonly source: string;
}

/** A rate may be used on its day and as many days after it. */
export const MOST_RATE_AGE_DAYS = 7;

const COLUMNS = `source_currency as "sourceCurrency", target_currency as "targetCurrency", day, rate::text as rate, source,
  import_no as "importNo"`;

/**
 * The rates of a source currency to use on a day, by target: of each the latest that is neither of a later day nor more than 7 days
 * old. Only rates as they were recorded: none is turned round or made of two others.
 */
export async function ratesOn(
  q: Queryable,
  { sourceCurrency, day }: { readonly sourceCurrency: string; readonly day: BusinessDay },
): Promise<Map<string, Recorded<ExchangeRate>>> {
  const { rows } = await q.query<Recorded<ExchangeRate>>(
    `select distinct on (target_currency) ${COLUMNS}
     from exchange_rates
     where source_currency = $1 and day between $2 and $3
     order by target_currency, exchange_rates.day desc, import_no desc`,
    [sourceCurrency, addDays(day, -MOST_RATE_AGE_DAYS), day],
  );
  return new Map(rows.map(row => [row.targetCurrency, rateOf(row)]));
}

/** All that was recorded of the rates of a source currency that could be used on a day, in the order of the imports. */
export async function ratesRecorded(
  q: Queryable,
  { sourceCurrency, day }: { readonly sourceCurrency: string; readonly day: BusinessDay },
): Promise<Recorded<ExchangeRate>[]> {
  const { rows } = await q.query<Recorded<ExchangeRate>>(
    `select ${COLUMNS}
     from exchange_rates
     where source_currency = $1 and day between $2 and $3
     order by import_no`,
    [sourceCurrency, addDays(day, -MOST_RATE_AGE_DAYS), day],
  );
  return rows.map(rateOf);
}

/** Rates that hold, by currencies and day; null stands for all. */
export async function ratesInOrder(
  q: Queryable,
  {
    sourceCurrency,
    targetCurrency,
    after,
    limit,
  }: {
    readonly sourceCurrency: string | null;
    readonly targetCurrency: string | null;
    readonly after: Pick<ExchangeRate, 'sourceCurrency' | 'targetCurrency' | 'day'> | null;
    readonly limit: number;
  },
): Promise<Recorded<ExchangeRate>[]> {
  const { rows } = await q.query<Recorded<ExchangeRate>>(
    `select distinct on (source_currency, target_currency, exchange_rates.day) ${COLUMNS}
     from exchange_rates
     where ($1::text is null or source_currency = $1) and ($2::text is null or target_currency = $2)
       and ($3::text is null or (source_currency, target_currency, day) > ($3, $4, $5::date))
     order by source_currency, target_currency, exchange_rates.day, import_no desc
     limit $6`,
    [
      sourceCurrency,
      targetCurrency,
      after?.sourceCurrency ?? null,
      after?.targetCurrency ?? null,
      after?.day ?? null,
      limit,
    ],
  );
  return rows.map(rateOf);
}

function rateOf(row: Recorded<ExchangeRate>): Recorded<ExchangeRate> {
  return { ...row, rate: parseRate(row.rate) };
}
