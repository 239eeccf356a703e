import type { RateCards } from '../catalog/rate-cards.ts';
import { type AdEvent, grossNanosOf, grossOfMicros } from '../domain/ad-event.ts';
import type { BusinessDay } from '../domain/business-day.ts';
import type { Nanos } from '../domain/nanos.ts';
import { type BatchColumns, valueAt } from './batch-columns.ts';
import type { RejectionReason } from './rejection-reasons.ts';

export interface PriceRefusal {
  readonly reason: RejectionReason;
  readonly field: string;
  readonly detail: string;
}

export type PricedEvent = { readonly grossNanos: Nanos; readonly refusal: null } | { readonly refusal: PriceRefusal };

/** What the rows of a batch earned, by their place: NaN for one that is refused. */
export interface PricedRows {
  /** Whole; at most 10¹⁵, the highest price of a click. */
  readonly grossNanos: Float64Array;
  readonly refusals: ReadonlyMap<number, PriceRefusal>;
}

/** What one event earned: by the price on its line, else by its campaign's rate card in force on the business day. */
export function priceEvent(
  event: Pick<AdEvent, 'type' | 'price' | 'campaignId' | 'currency'>,
  day: BusinessDay,
  rateCards: RateCards,
): PricedEvent {
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

/** `priceEvent` of rows; what one rate card's price comes to is computed once. */
export function priceRows(
  columns: BatchColumns,
  {
    rows,
    days,
    dayPlaces,
    rateCards,
  }: {
    readonly rows: Int32Array;
    /** The distinct business days, and the place of each row's. */
    readonly days: readonly BusinessDay[];
    readonly dayPlaces: Int32Array;
    readonly rateCards: RateCards;
  },
): PricedRows {
  const { campaign, currency, isClick, priceMicros } = columns;
  const grossNanos = new Float64Array(rows.length);
  const refusals = new Map<number, PriceRefusal>();
  // By a number for each campaign, currency, type and day: a text for each row would cost more than all else here.
  const ofCard = new Map<number, PricedEvent>();
  for (let place = 0; place < rows.length; place += 1) {
    const row = rows[place] as number;
    const micros = priceMicros[row] as number;
    const type = isClick[row] === 1 ? 'click' : 'impression';
    if (micros >= 0) {
      grossNanos[place] = grossOfMicros(type, micros);
      continue;
    }
    const dayPlace = dayPlaces[place] as number;
    const campaignAndCurrency =
      ((campaign.places[row] as number) + 1) * currency.values.length + (currency.places[row] as number);
    const key = (campaignAndCurrency * 2 + (isClick[row] as number)) * days.length + dayPlace;
    let priced = ofCard.get(key);
    if (priced === undefined) {
      const event = {
        type,
        price: null,
        campaignId: valueAt(campaign, row),
        currency: valueAt(currency, row) as string,
      } as const;
      priced = priceEvent(event, days[dayPlace] as BusinessDay, rateCards);
      ofCard.set(key, priced);
    }
    grossNanos[place] = priced.refusal === null ? Number(priced.grossNanos) : Number.NaN;
    if (priced.refusal !== null) refusals.set(place, priced.refusal);
  }
  return { grossNanos, refusals };
}
