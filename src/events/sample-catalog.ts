import { addDays, type BusinessDay } from '../domain/business-day.ts';
import { priceOfMicros } from '../domain/price.ts';
import type { AdUnitEntry, AppEntry, CampaignEntry, DeveloperEntry, RateCardEntry } from './catalog-entries.ts';
import { drawPriceMicros } from './sample-prices.ts';
import { SampleRandom, traitOf } from './sample-random.ts';

/** Rate cards and plans of a sample begin so many days before its day: late lines fall under them too. */
export const RULES_BEGIN_DAYS_BEFORE = 60;

const OLDER_APPS_IN_100 = 35;
const MAX_AD_UNITS = 3;
const APPS_PER_CAMPAIGN = 100;
const MAX_CAMPAIGNS = 500;

const CATEGORIES = ['games', 'tools', 'news', 'shopping', 'travel', 'education', 'video', 'social', 'finance'];
const COUNTRIES = ['CN', 'CN', 'CN', 'CN', 'CN', 'CN', 'CN', 'CN', 'HK', 'SG'];
const QUALITIES = ['Lucky', 'Bright', 'Quiet', 'Swift', 'Golden', 'Little', 'Happy', 'Clever', 'Blue', 'Jade', 'Early'];
const THINGS = ['Seven', 'Panda', 'River', 'Lantern', 'Bamboo', 'Fox', 'Garden', 'Kite', 'Mountain', 'Tea', 'Harbour'];
const COMPANIES = ['Studio', 'Games', 'Network', 'Technology', 'Media', 'Interactive', 'Labs'];
/** Formats with what they pay beside a banner, in tenths. */
const FORMATS = [
  { format: 'banner', worthTenths: 10 },
  { format: 'native', worthTenths: 18 },
  { format: 'interstitial', worthTenths: 30 },
  { format: 'rewarded_video', worthTenths: 60 },
];
/** What a thousand banners pay in an app, in millionths of a yuan. */
const APP_LEVELS_MICROS = [1_200_000, 2_000_000, 3_000_000, 5_000_000, 8_000_000, 12_000_000, 20_000_000];

/** Where one ad unit stands, and the middle of what it is paid, in millionths of a yuan. */
export interface SampleAdUnit {
  readonly appId: string;
  readonly adUnitId: string;
  readonly cpmMicros: number;
}

/**
 * Developers, apps, ad units and campaigns of a sample. Apps are numbered by popularity: app 0 is the most visited one. Of each
 * app two whole numbers are kept; all else about it is computed from its number, so that a million apps need 8 MB.
 */
export class SampleCatalog {
  readonly appCount: number;
  readonly campaignCount: number;
  readonly #day: BusinessDay;
  readonly #seed: string;
  readonly #key: number;
  /** By app: its developer, and which of the developer's apps it is; both from 1. */
  readonly #developerOf: Uint32Array;
  readonly #placeOf: Uint32Array;
  readonly #developerCount: number;

  constructor({ apps, day, seed }: { readonly apps: number; readonly day: BusinessDay; readonly seed: string }) {
    const random = new SampleRandom({ seed, stream: 'catalog' });
    this.appCount = apps;
    this.campaignCount = Math.min(MAX_CAMPAIGNS, 10 + Math.floor(apps / APPS_PER_CAMPAIGN));
    this.#day = day;
    this.#seed = seed;
    this.#key = random.uint32();
    this.#developerOf = new Uint32Array(apps);
    this.#placeOf = new Uint32Array(apps);
    const appsOf = new Uint32Array(apps + 1);
    let developers = 0;
    for (let app = 0; app < apps; app += 1) {
      // Who has apps gets more of them, so a few developers have many.
      const known = app > 0 && random.chance({ count: OLDER_APPS_IN_100, outOf: 100 });
      if (!known) developers += 1;
      const developer = known ? this.#developer(random.below(app)) : developers;
      const place = (appsOf[developer] as number) + 1;
      appsOf[developer] = place;
      this.#developerOf[app] = developer;
      this.#placeOf[app] = place;
    }
    this.#developerCount = developers;
  }

  *developers(): Generator<DeveloperEntry> {
    for (let developer = 1; developer <= this.#developerCount; developer += 1) {
      const trait = this.#trait('developer', developer);
      const type = trait % 10 < 7 ? 'company' : 'individual';
      const name = `${this.#name('developer name', developer)} ${type === 'company' ? pick(COMPANIES, trait >>> 8) : developer}`;
      yield { id: `dev_${developer}`, name, type, country: pick(COUNTRIES, trait >>> 16) };
    }
  }

  *apps(): Generator<AppEntry> {
    for (let app = 0; app < this.appCount; app += 1) {
      const name = this.#name('app name', app);
      const category = pick(CATEGORIES, this.#trait('category', app));
      yield { id: this.#appId(app), developer_id: `dev_${this.#developer(app)}`, name, category };
    }
  }

  *adUnits(): Generator<AdUnitEntry> {
    for (let app = 0; app < this.appCount; app += 1) {
      const appId = this.#appId(app);
      for (let unit = 0; unit < this.adUnitCount(app); unit += 1) {
        yield { id: adUnitId(appId, unit), app_id: appId, format: this.#format(app, unit).format };
      }
    }
  }

  /** Each campaign had another price until the day before the sample's. */
  *campaigns(): Generator<CampaignEntry> {
    const random = new SampleRandom({ seed: this.#seed, stream: 'campaigns' });
    const before = addDays(this.#day, -1);
    const first = addDays(this.#day, -RULES_BEGIN_DAYS_BEFORE);
    for (let campaign = 1; campaign <= this.campaignCount; campaign += 1) {
      const cards = [
        rateCard(random, { effective_from: first, effective_to: before }),
        rateCard(random, { effective_from: this.#day, effective_to: null }),
      ];
      yield { id: `c_${campaign}`, currency: 'CNY', rate_cards: cards };
    }
  }

  /** `app` from 0 to `appCount` − 1, `unit` from 0 to `adUnitCount(app)` − 1. */
  adUnit(app: number, unit: number): SampleAdUnit {
    const appId = this.#appId(app);
    const level = pick(APP_LEVELS_MICROS, this.#trait('level', app));
    const cpmMicros = (level * this.#format(app, unit).worthTenths) / 10;
    return { appId, adUnitId: adUnitId(appId, unit), cpmMicros };
  }

  /** 1 to 3. */
  adUnitCount(app: number): number {
    return 1 + (this.#trait('ad units', app) % MAX_AD_UNITS);
  }

  #developer(app: number): number {
    return this.#developerOf[app] as number;
  }

  #appId(app: number): string {
    return `app_${this.#developerOf[app]}_${this.#placeOf[app]}`;
  }

  #format(app: number, unit: number): (typeof FORMATS)[number] {
    return pick(FORMATS, this.#trait('format', app * MAX_AD_UNITS + unit));
  }

  #name(kind: Kind, index: number): string {
    const trait = this.#trait(kind, index);
    return `${pick(QUALITIES, trait)} ${pick(THINGS, trait >>> 12)}`;
  }

  #trait(kind: Kind, index: number): number {
    return traitOf({ key: this.#key ^ KINDS[kind], index });
  }
}

/** Arbitrary constants that keep the traits of one number apart. */
const KINDS = {
  developer: 0x1b87_3593,
  'developer name': 0x2c1b_3c6d,
  'app name': 0x297a_2d39,
  category: 0x3c6e_f372,
  'ad units': 0x5851_f42d,
  format: 0x6c07_8965,
  level: 0x7feb_352d,
};
type Kind = keyof typeof KINDS;

/** As in unit_7_1_b. */
function adUnitId(appId: string, unit: number): string {
  return `unit_${appId.slice('app_'.length)}_${'abc'[unit]}`;
}

function rateCard(random: SampleRandom, days: Pick<RateCardEntry, 'effective_from' | 'effective_to'>): RateCardEntry {
  const cpm = priceOfMicros(drawPriceMicros(random, pick(APP_LEVELS_MICROS, random.uint32())));
  const cpc = priceOfMicros(drawPriceMicros(random, 400_000));
  return { ...days, cpm, cpc };
}

function pick<Value>(values: readonly Value[], trait: number): Value {
  return values[trait % values.length] as Value;
}
