import type { AdEvent } from '../domain/ad-event.ts';
import { formatAmount, type Nanos, nanos } from '../domain/nanos.ts';

export type PricedBy = 'line' | 'rate_card';

/** What an accepted event was priced at: its gross tells it exactly, whoever set the price. */
export function priceOf({
  event: { type, price, currency },
  grossNanos,
}: {
  readonly event: Pick<AdEvent, 'type' | 'price' | 'currency'>;
  readonly grossNanos: Nanos;
}): { readonly price: string; readonly priced_by: PricedBy } {
  const pricedNanos = type === 'impression' ? nanos(grossNanos * 1000n) : grossNanos;
  return { price: formatAmount(pricedNanos, currency), priced_by: price === null ? 'rate_card' : 'line' };
}
