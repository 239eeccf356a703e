import { isCurrency } from './currency.ts';
import { isRefusal } from './errors.ts';
import { type Nanos, nanos, parseAmount } from './nanos.ts';

/** How much gross one person may decide about alone on a business day, by currency; of a currency that is not named, nothing. */
export type SoleLimits = ReadonlyMap<string, Nanos>;

/** As in `CNY:100.00,USD:15`; null where it is of another form or names a currency twice. */
export function parseSoleLimits(text: string): SoleLimits | null {
  const limits = new Map<string, Nanos>();
  for (const part of text.split(',')) {
    const [currency = '', amount = '', ...rest] = part.trim().split(':');
    const limitNanos = amountOf(amount);
    if (rest.length > 0 || !isCurrency(currency) || limits.has(currency) || limitNanos === null) return null;
    limits.set(currency, limitNanos);
  }
  return limits;
}

function amountOf(text: string): Nanos | null {
  try {
    const amountNanos = parseAmount(text);
    return amountNanos > 0n ? nanos(amountNanos) : null;
  } catch (error) {
    if (isRefusal(error)) return null;
    throw error;
  }
}
