export const DEVELOPERS = 160;
export const APPS_PER_DEVELOPER = 5;
export const UNITS_PER_APP = 2;
const CATEGORIES = ['games', 'tools', 'reading'];

interface Card {
  readonly from: string;
  readonly to: string | null;
  readonly cpmMicros: number;
  readonly cpcMicros: number;
}

/** By campaign; its currency is the events' own. */
export const CARDS: Readonly<Record<string, { readonly currency: string; readonly cards: readonly Card[] }>> = {
  c_cny: {
    currency: 'CNY',
    cards: [
      { from: '2018-01-01', to: '2018-04-12', cpmMicros: 12_345_678, cpcMicros: 654_321 },
      { from: '2018-04-13', to: null, cpmMicros: 20_000_001, cpcMicros: 300_000 },
    ],
  },
  c_usd: { currency: 'USD', cards: [{ from: '2018-01-01', to: null, cpmMicros: 3_000_007, cpcMicros: 90_909 }] },
};

export interface SharePlan {
  readonly id: string;
  readonly scope: Readonly<Record<string, string | true>>;
  readonly currency: string;
  readonly mode: 'marginal' | 'whole';
  readonly tiers: readonly { readonly upToMicros: number | null; readonly sharePpm: number }[];
}

/** The narrowest first, as they apply. Shares that do not divide evenly, so that every amount is rounded. */
export const PLANS: readonly SharePlan[] = [
  {
    id: 'one-app',
    scope: { app: 'app_1_0' },
    currency: 'CNY',
    mode: 'whole',
    tiers: [
      { upToMicros: 2_500_000, sharePpm: 333_333 },
      { upToMicros: null, sharePpm: 477_777 },
    ],
  },
  {
    id: 'one-developer',
    scope: { developer: 'dev_2' },
    currency: 'CNY',
    mode: 'marginal',
    tiers: [{ upToMicros: null, sharePpm: 412_345 }],
  },
  {
    id: 'games',
    scope: { category: 'games' },
    currency: 'CNY',
    mode: 'marginal',
    tiers: [
      { upToMicros: 1_000_000, sharePpm: 500_000 },
      { upToMicros: 3_333_333, sharePpm: 412_347 },
      { upToMicros: null, sharePpm: 300_001 },
    ],
  },
  {
    id: 'everybody',
    scope: { default: true },
    currency: 'CNY',
    mode: 'marginal',
    tiers: [
      { upToMicros: 1_500_000, sharePpm: 499_999 },
      { upToMicros: null, sharePpm: 333_333 },
    ],
  },
  {
    id: 'dollars',
    scope: { default: true },
    currency: 'USD',
    mode: 'marginal',
    tiers: [{ upToMicros: null, sharePpm: 371_113 }],
  },
];

export function categoryOf(appId: string): string {
  const [, developer, app] = appId.split('_');
  return CATEGORIES[(Number(developer) + Number(app)) % CATEGORIES.length] as string;
}

export function catalogText(): string {
  const developers = numbers(DEVELOPERS).map(developer => `dev_${developer}`);
  const apps = numbers(DEVELOPERS).flatMap(developer =>
    numbers(APPS_PER_DEVELOPER).map(app => ({ id: `app_${developer}_${app}`, developer_id: `dev_${developer}` })),
  );
  return JSON.stringify({
    developers: developers.map(id => ({ id, name: id, type: 'company', country: 'CN' })),
    apps: apps.map(app => ({ ...app, name: app.id, category: categoryOf(app.id) })),
    ad_units: apps.flatMap(app =>
      numbers(UNITS_PER_APP).map(unit => ({ id: unitOf(app.id, unit), app_id: app.id, format: 'banner' })),
    ),
    campaigns: Object.entries(CARDS).map(([id, { currency, cards }]) => ({
      id,
      currency,
      rate_cards: cards.map(({ from, to, cpmMicros, cpcMicros }) => ({
        effective_from: from,
        effective_to: to,
        cpm: decimal(cpmMicros),
        cpc: decimal(cpcMicros),
      })),
    })),
  });
}

/** `everybodyPpm`: another share of the first tier of the plan for everybody, as an import that is corrected later might have it. */
export function plansText(everybodyPpm?: number): string {
  const plans = PLANS.map(({ id, scope, currency, mode, tiers }) => ({
    id,
    scope,
    currency,
    effective_from: '2018-01-01',
    effective_to: null,
    basis: 'app_day',
    mode,
    tiers: tiers.map(({ upToMicros, sharePpm }, tier) => ({
      ...(upToMicros === null ? {} : { up_to: decimal(upToMicros) }),
      share: decimal(id === 'everybody' && tier === 0 ? (everybodyPpm ?? sharePpm) : sharePpm),
    })),
  }));
  return JSON.stringify({ plans });
}

/** Millionths as a decimal string, with or without zeros at its end. */
export function decimal(micros: number, shortest = false): string {
  const digits = String(micros).padStart(7, '0');
  const text = `${digits.slice(0, -6)}.${digits.slice(-6)}`;
  return shortest ? text.replace(/\.?0+$/, '') : text;
}

export function unitOf(appId: string, unit: number): string {
  return `${appId}_u${unit}`;
}

export function numbers(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}
