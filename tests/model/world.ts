import type { AppFile, CatalogFile, ProviderFile } from './catalog.ts';
import type { PlanFileEntry } from './plans.ts';

/** When the first catalog and plans are recorded; what is accepted and confirmed soon after acts on most days. */
export const EARLY = '2018-03-08T12:00:00+08:00';

/** When traffic begins to come in; its days lie around it, on both sides of the middle of the month. */
export const START = '2018-03-18T12:00:00+08:00';

export const DAYS = ['2018-02-11', '2018-03-10', '2018-03-14', '2018-03-15', '2018-03-16', '2018-03-17', '2018-03-18'];
const DEVELOPERS = ['ann', 'ben', 'cat', 'dan'];
export const CATEGORIES = ['tools', 'games', 'news'];

export const APPS: readonly AppFile[] = [
  { id: 'a1', developer_id: 'ann', name: 'A1', category: 'tools' },
  { id: 'a2', developer_id: 'ann', name: 'A2', category: 'games' },
  { id: 'b1', developer_id: 'ben', name: 'B1', category: 'games' },
  { id: 'c1', developer_id: 'cat', name: 'C1', category: 'tools' },
  { id: 'd1', developer_id: 'dan', name: 'D1', category: 'news' },
];

/** Not in the first catalog; a step may bring it. */
export const LATE_APP: AppFile = { id: 'd2', developer_id: 'dan', name: 'D2', category: 'tools' };

export const unitsOf = ({ id }: AppFile) =>
  ['banner', 'video'].map(format => ({ id: `${id}-${format}`, app_id: id, format }));

const company = { type: 'company', country: 'CN' };

const PROVIDERS: readonly ProviderFile[] = [
  {
    ...{ id: 'p1', name: 'Agency One', ...company },
    ratios: [{ effective_from: '2018-01-01', ratio: '0.20' }],
    apps: [
      { app_id: 'a1', effective_from: '2018-01-01' },
      { app_id: 'b1', effective_from: '2018-03-14', effective_to: '2018-03-16', ratio: '0.333333' },
    ],
  },
  {
    ...{ id: 'p2', name: 'Agency Two', ...company },
    ...{ ratios: [], apps: [{ app_id: 'c1', effective_from: '2018-03-01', effective_to: null, ratio: '1' }] },
  },
];

export const FIRST_CATALOG: CatalogFile = {
  developers: DEVELOPERS.map(id => ({ id, name: id, ...company })),
  apps: APPS,
  ad_units: APPS.flatMap(unitsOf),
  providers: PROVIDERS,
  campaigns: [
    {
      id: 'c-cny',
      currency: 'CNY',
      rate_cards: [
        { effective_from: '2018-01-01', effective_to: '2018-03-14', cpm: '2.50', cpc: '0.30' },
        { effective_from: '2018-03-15', effective_to: '2018-03-16', cpm: '3.333333' },
      ],
    },
    { id: 'c-usd', currency: 'USD', rate_cards: [{ effective_from: '2018-01-01', effective_to: null, cpc: '0.07' }] },
  ],
};

const always = { currency: 'CNY', effective_from: '2018-01-01', effective_to: null, basis: 'app_day' } as const;

/** Apps of one category have another share than the others, so that a change of category is worth something. */
export const FIRST_PLANS: readonly PlanFileEntry[] = [
  {
    ...{ id: 'p-default', scope: { default: true }, ...always, mode: 'marginal' },
    tiers: [{ up_to: '0.01', share: '0.5' }, { up_to: '1000.00', share: '0.333333' }, { share: '0.3' }],
  },
  { id: 'p-category', scope: { category: 'games' }, ...always, mode: 'whole', tiers: [{ share: '0.45' }] },
  // These wait for acceptance.
  { id: 'p-app', scope: { app: 'a1' }, ...always, mode: 'marginal', tiers: [{ share: '0.41' }] },
  {
    ...{ id: 'p-developer', scope: { developer: 'ann' }, ...always, mode: 'marginal' },
    tiers: [{ up_to: '0.02', share: '0.5' }, { share: '0.333333' }],
  },
];

/** Where any plan goes by the month, later days of a month become due with earlier ones, which would hide that a day was not marked. */
export const MONTHLY_PLANS: readonly PlanFileEntry[] = FIRST_PLANS.filter(({ id }) => id === 'p-developer').map(
  plan => ({
    ...plan,
    basis: 'app_month',
  }),
);

/** A text file of networks, with and without the addresses of events. */
export const DATA_CENTRES = ['203.0.113.0/24 # documentation\n\n2001:db8::/32\n', '203.0.112.0/22\n', '# none\n'];
