import type { Queryable } from '../db/database.ts';
import type { BusinessDay } from '../domain/business-day.ts';

/** A card as it is stored; prices are canonical decimal strings. Both days are inclusive. */
export interface StoredRateCard {
  readonly effective_from: BusinessDay;
  readonly effective_to: BusinessDay | null;
  readonly cpm: string | null;
  readonly cpc: string | null;
}

export interface CampaignRateCards {
  readonly campaignId: string;
  readonly currency: string;
  readonly rateCards: readonly StoredRateCard[];
}

/** A decimal string: CPM of an impression, CPC of a click. */
export interface CardPrice {
  readonly currency: string;
  readonly price: string;
}

interface Card {
  readonly from: BusinessDay;
  readonly to: BusinessDay | null;
  readonly impression: CardPrice | null;
  readonly click: CardPrice | null;
}

/** The rate cards that one reference version knows. */
export class RateCards {
  readonly #cardsByCampaign: ReadonlyMap<string, readonly Card[]>;

  constructor(campaigns: readonly CampaignRateCards[]) {
    this.#cardsByCampaign = new Map(campaigns.map(campaign => [campaign.campaignId, cardsOf(campaign)]));
  }

  /** Null: no such campaign, no card in force on the day, or none with a price for this type. */
  priceOf(event: {
    readonly campaignId: string;
    readonly type: 'impression' | 'click';
    readonly day: BusinessDay;
  }): CardPrice | null {
    const cards = this.#cardsByCampaign.get(event.campaignId);
    if (cards === undefined) return null;
    for (const card of cards) {
      if (card.from <= event.day && (card.to === null || event.day <= card.to)) return card[event.type];
    }
    return null;
  }
}

/** Each campaign's cards as its last version up to `referenceVersion` has them. */
export async function loadRateCards(q: Queryable, referenceVersion: number): Promise<RateCards> {
  const { rows } = await q.query<CampaignRateCards>(
    `select distinct on (campaign_id) campaign_id as "campaignId", currency, rate_cards as "rateCards"
     from campaign_versions
     where reference_version <= $1
     order by campaign_id, reference_version desc`,
    [referenceVersion],
  );
  return new RateCards(rows);
}

function cardsOf({ currency, rateCards }: CampaignRateCards): Card[] {
  const priceOf = (price: string | null) => (price === null ? null : { currency, price });
  return rateCards.map(card => ({
    from: card.effective_from,
    to: card.effective_to,
    impression: priceOf(card.cpm),
    click: priceOf(card.cpc),
  }));
}
