import { formatAmount, type Nanos } from './nanos.ts';

/** Money as it leaves the program: a decimal string with its currency. */
export interface Money {
  readonly amount: string;
  readonly currency: string;
}

export function money(amountNanos: Nanos, currency: string): Money {
  return { amount: formatAmount(amountNanos, currency), currency };
}
