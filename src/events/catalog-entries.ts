/** What the program itself writes into catalogs; the catalog room reads more than this. */
export interface DeveloperEntry {
  readonly id: string;
  readonly name: string;
  readonly type: 'company' | 'individual';
  readonly country: string;
}

export interface AppEntry {
  readonly id: string;
  readonly developer_id: string;
  readonly name: string;
  readonly category: string;
}

export interface AdUnitEntry {
  readonly id: string;
  readonly app_id: string;
  readonly format: string;
}

export interface RateCardEntry {
  readonly effective_from: string;
  readonly effective_to: string | null;
  readonly cpm: string;
  readonly cpc: string;
}

export interface CampaignEntry {
  readonly id: string;
  readonly currency: string;
  readonly rate_cards: readonly RateCardEntry[];
}

/** A catalog as its file has it, for `catalog import` to read. */
export interface CatalogEntries {
  readonly developers: readonly DeveloperEntry[];
  readonly apps: readonly AppEntry[];
  readonly ad_units: readonly AdUnitEntry[];
  readonly campaigns: readonly CampaignEntry[];
}
