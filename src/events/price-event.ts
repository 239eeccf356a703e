import type { RateCards } from '../catalog/rate-cards.ts';
import { type AdEvent, grossNanosOf } from '../domain/ad-event.ts';
import type { BusinessDay } from '../domain/business-day.ts';
import type { Nanos } from '../domain/nanos.ts';
import type { RejectionReason } from './rejection-reasons.ts';

export type PricedEvent =
  | { readonly grossNanos: Nanos; readonly refusal: null }
  | {
      readonly refusal: {
        readonly reason: RejectionReason;
        readonly field: string;
        readonly detail: string;
      };
    };

/** What one event earned: by the price on its line, else by its campaign's rate card in force on the business day. */
export function priceEvent(event: AdEvent, day: BusinessDay, rateCards: RateCards): PricedEvent {
  if (event.price !== null) return { grossNanos: grossNanosOf(event.type, event.price), refusal: null };
  const card =
    event.campaignId === null ? null : rateCards.priceOf({ campaignId: event.campaignId, type: event.type, day });
  if (card === null) {
    const detail =
      event.campaignId === null
        ? 'price is absent and no campaign_id tells a rate card; send one of them'
        : `campaign_id "${event.campaignId}" has no rate card for ${event.type}s on ${day}; import one, then try the line again`;
    return { refusal: { reason: 'no_price', field: 'price', detail } };
  }
  if (card.currency !== event.currency) {
    const detail = `currency ${event.currency} differs from ${card.currency} of the rate card of campaign "${event.campaignId}"; correct one of them`;
    return { refusal: { reason: 'currency_mismatch', field: 'currency', detail } };
  }
  return { grossNanos: grossNanosOf(event.type, card.price), refusal: null };
}
