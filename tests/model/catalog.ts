/** Rules 5 and 7 and docs/formats.md, as far as they speak of catalogs; nothing here comes from the program. */
import { microsOf } from './read-line.ts';

export interface CatalogFile {
  readonly developers?: readonly OwnerFile[];
  readonly apps?: readonly AppFile[];
  readonly ad_units?: readonly { readonly id: string; readonly app_id: string; readonly format: string }[];
  readonly campaigns?: readonly CampaignFile[];
  readonly providers?: readonly ProviderFile[];
}

interface OwnerFile {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly country: string;
}

export interface AppFile {
  readonly id: string;
  readonly developer_id: string;
  readonly name: string;
  readonly category: string;
  readonly category_from?: string;
}

interface CampaignFile {
  readonly id: string;
  readonly currency: string;
  readonly rate_cards: readonly RateCardFile[];
}

interface RateCardFile {
  readonly effective_from: string;
  readonly effective_to: string | null;
  readonly cpm?: string;
  readonly cpc?: string;
}

export interface ProviderFile extends OwnerFile {
  readonly ratios: readonly (TermFile & { readonly ratio: string })[];
  readonly apps: readonly (TermFile & { readonly app_id: string; readonly ratio?: string | null })[];
}

export interface TermFile {
  readonly effective_from: string;
  readonly effective_to?: string | null;
}

interface ModelApp {
  readonly developerId: string;
  /** In the order in which they were recorded. */
  readonly categories: { readonly category: string; readonly from: string }[];
}

export type CardPrice = 'none' | 'other_currency' | bigint;

export class ModelCatalog {
  readonly #developers = new Set<string>();
  readonly #apps = new Map<string, ModelApp>();
  readonly #appByAdUnit = new Map<string, string>();
  readonly #campaigns = new Map<string, CampaignFile>();

  hasDeveloper(id: string): boolean {
    return this.#developers.has(id);
  }

  developerOf(appId: string): string | null {
    return this.#apps.get(appId)?.developerId ?? null;
  }

  appOfAdUnit(adUnitId: string): string | null {
    return this.#appByAdUnit.get(adUnitId) ?? null;
  }

  /** Whether developers, apps and ad units may be taken as the file has them. */
  isSound({ developers = [], apps = [], ad_units: adUnits = [] }: CatalogFile): boolean {
    const knows = (id: string) => this.#developers.has(id) || developers.some(developer => developer.id === id);
    const hasApp = (id: string) => this.#apps.has(id) || apps.some(app => app.id === id);
    const moves = (app: AppFile) => (this.developerOf(app.id) ?? app.developer_id) !== app.developer_id;
    if (apps.some(app => !knows(app.developer_id) || moves(app))) return false;
    return adUnits.every(unit => hasApp(unit.app_id) && (this.appOfAdUnit(unit.id) ?? unit.app_id) === unit.app_id);
  }

  take({ developers = [], apps = [], ad_units: adUnits = [], campaigns = [] }: CatalogFile, today: string): void {
    for (const { id } of developers) this.#developers.add(id);
    for (const app of apps) this.#recordCategory(app, today);
    for (const unit of adUnits) this.#appByAdUnit.set(unit.id, unit.app_id);
    for (const campaign of campaigns) this.#campaigns.set(campaign.id, campaign);
  }

  /** The file says what the category is from a day until now; what is so already is not recorded again. */
  #recordCategory({ id, developer_id: developerId, category, category_from: from }: AppFile, today: string): void {
    const known = this.#apps.get(id);
    if (known === undefined) {
      this.#apps.set(id, { developerId, categories: [{ category, from: from ?? today }] });
      return;
    }
    const first = from ?? today;
    const last = first > today ? first : today;
    const days = [first, last, ...known.categories.map(each => each.from).filter(day => day > first && day <= last)];
    if (days.every(day => this.categoryOn(id, day) === category)) return;
    known.categories.push({ category, from: first });
  }

  /** The one recorded last among those that hold from the day or earlier; before all of them, the first. */
  categoryOn(appId: string, day: string): string {
    const categories = this.#apps.get(appId)?.categories ?? [];
    const held = categories.findLast(({ from }) => from <= day) ?? categories[0];
    if (held === undefined) throw new Error(`no app ${appId}`);
    return held.category;
  }

  /** The campaign's price for the day, in millionths. */
  cardPrice(
    event: { readonly campaignId: string | null; readonly type: 'impression' | 'click'; readonly currency: string },
    day: string,
  ): CardPrice {
    const campaign = event.campaignId === null ? undefined : this.#campaigns.get(event.campaignId);
    const card = campaign?.rate_cards.find(each => each.effective_from <= day && day <= (each.effective_to ?? '9999'));
    const price = event.type === 'click' ? card?.cpc : card?.cpm;
    if (campaign === undefined || price === undefined) return 'none';
    return campaign.currency === event.currency ? (microsOf(price) ?? 'none') : 'other_currency';
  }
}
