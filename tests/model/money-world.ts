import type { TaxTier } from './money-figures.ts';

/** Set up two days before anything is earned. */
export const SET_UP_AT = '2018-04-08T12:00:00+08:00';
export const BEGIN = '2018-04-12T09:00:00+08:00';
export const FIRST_EARNING_DAY = '2018-04-10';

export interface Owner {
  readonly id: string;
  readonly type: 'individual' | 'company';
  readonly country: string;
}

/** A company with a provider, an individual taxed by tiers, a company that sends no invoices, an individual nobody may pay. */
export const DEVELOPERS: readonly Owner[] = [
  { id: 'dev_1', type: 'company', country: 'CN' },
  { id: 'dev_2', type: 'individual', country: 'CN' },
  { id: 'dev_3', type: 'company', country: 'DE' },
  { id: 'dev_4', type: 'individual', country: 'DE' },
];
export const PROVIDER: Owner = { id: 'agency_1', type: 'company', country: 'CN' };
export const OWNERS: readonly Owner[] = [...DEVELOPERS, PROVIDER];

/** Of dev_1's two apps the first has the provider. */
export const APPS: Readonly<Record<string, string>> = {
  app_1: 'dev_1',
  app_2: 'dev_1',
  app_3: 'dev_2',
  app_4: 'dev_3',
  app_5: 'dev_4',
};
export const PROVIDERS_APP = 'app_1';
export const CURRENCIES = ['CNY', 'USD', 'JPY'] as const;

/** Odd ones, so that there is something to round. */
export const SHARE = '0.412345';
export const RATIO = '0.123457';

/** Of every app's gross in CNY; it never runs out. */
export const FUND = { id: 'fund_1', currency: 'CNY', budget: '100000000', points: '0.030303' };

export const NET_DAYS = 3;
export const THRESHOLDS: Readonly<Record<string, string>> = { CNY: '100.00', USD: '20.00', JPY: '1000' };

interface TaxTable extends Pick<Owner, 'type' | 'country'> {
  readonly currency: string;
  readonly tiers: readonly TaxTier[];
}

/** China's table on labour income, and flat ones. */
export const TAX: readonly TaxTable[] = [
  {
    ...({ type: 'individual', country: 'CN', currency: 'CNY' } as const),
    tiers: [
      { upTo: '800.00', rate: '0' },
      { upTo: '4000.00', rate: '0.2' },
      { upTo: '25000.00', rate: '0.16' },
      { upTo: '62500.00', rate: '0.24' },
      { rate: '0.32' },
    ],
  },
  { type: 'individual', country: 'CN', currency: 'USD', tiers: [{ rate: '0.153333' }] },
  { type: 'individual', country: 'CN', currency: 'JPY', tiers: [{ rate: '0.1' }] },
  { type: 'company', country: 'DE', currency: 'CNY', tiers: [{ rate: '0.05' }] },
];

/** Of which countries' companies no invoice is asked for. */
export const WITHOUT_INVOICE = ['DE'];

export interface PayeeEntry {
  readonly id: string;
  readonly destination: string | null;
  readonly currency: string | null;
  readonly minimum: string | null;
  readonly hold: boolean;
}

/** The one in Germany is paid in yen. */
export const PAYEES: readonly PayeeEntry[] = OWNERS.map(({ id }) => ({
  ...{ id, destination: `vault:${id}`, currency: id === 'dev_3' ? 'JPY' : null, minimum: null, hold: false },
}));

export const FIRST_RATES: Readonly<Record<string, string>> = {
  'CNY USD': '0.159143',
  'CNY JPY': '17.0123456789',
  'USD JPY': '107.35',
};

export const CATALOG = {
  developers: DEVELOPERS.map(({ id, type, country }) => ({ id, name: `Studio ${id}`, type, country })),
  apps: Object.entries(APPS).map(([id, developer_id]) => ({ id, developer_id, name: id, category: 'games' })),
  ad_units: Object.keys(APPS).map(id => ({ id: `${id}_unit`, app_id: id, format: 'banner' })),
  providers: [
    {
      ...{ id: PROVIDER.id, name: 'Agency', type: PROVIDER.type, country: PROVIDER.country },
      ratios: [{ effective_from: '2018-01-01', ratio: RATIO }],
      apps: [{ app_id: PROVIDERS_APP, effective_from: '2018-01-01' }],
    },
  ],
};

export const PLANS = ['CNY', 'USD'].map(currency => ({
  ...{ id: `all-${currency}`, scope: { default: true }, currency, effective_from: '2018-01-01', effective_to: null },
  ...{ basis: 'app_day', mode: 'marginal', tiers: [{ share: SHARE }] },
}));

export const PAYOUT_TERMS = {
  currencies: Object.entries(THRESHOLDS).map(([currency, threshold]) => ({
    ...{ currency, threshold, net_days: NET_DAYS, effective_from: '2018-01-01' },
  })),
  withholding: TAX.map(({ type, country, currency, tiers }) => ({
    ...{ id: `${country}-${type}-${currency}`, country, payee: type, currency, effective_from: '2018-01-01' },
    tiers: tiers.map(({ upTo, rate }) => (upTo === undefined ? { rate } : { up_to: upTo, rate })),
  })),
  invoices: WITHOUT_INVOICE.map(country => ({ country, required: false, effective_from: '2018-01-01' })),
};
