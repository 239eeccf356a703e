import { describe, expect, test } from 'vitest';
import { parseCatalog } from '../../src/catalog/catalog-file.ts';
import { refusalOf } from '../support/refusals.ts';

const provider = (changes: Record<string, unknown> = {}) => ({
  id: 'agency_1',
  name: 'Agency One',
  type: 'company',
  country: 'CN',
  ratios: [{ effective_from: '2018-04-01', ratio: '0.2' }],
  apps: [{ app_id: 'app_7_1', effective_from: '2018-04-01', ratio: '0.300000' }],
  ...changes,
});

const parse = (...providers: unknown[]) => parseCatalog(JSON.stringify({ providers }), 'catalog.json');
const engagement = (changes: Record<string, unknown>) => ({ app_id: 'a', effective_from: '2018-04-01', ...changes });

test('terms are kept by app, in the order of their days, ratios in one spelling', () => {
  const apps = [
    engagement({ effective_from: '2018-06-01' }),
    engagement({ app_id: 'b' }),
    engagement({ effective_to: '2018-05-31', ratio: '1' }),
  ];
  expect(parse(provider({ apps })).providers).toEqual([
    {
      ...{ providerId: 'agency_1', name: 'Agency One', type: 'company', country: 'CN' },
      terms: [
        { appId: '', entry: 0, terms: [{ effective_from: '2018-04-01', effective_to: null, ratio: '0.20' }] },
        {
          appId: 'a',
          entry: 0,
          terms: [
            { effective_from: '2018-04-01', effective_to: '2018-05-31', ratio: '1.00' },
            { effective_from: '2018-06-01', effective_to: null, ratio: null },
          ],
        },
        { appId: 'b', entry: 1, terms: [{ effective_from: '2018-04-01', effective_to: null, ratio: null }] },
      ],
    },
  ]);
});

const RATIO = 'write a decimal string from "0" to "1" with at most 6 decimals, such as "0.20"';

describe('a provider is refused', () => {
  test.each<[string, Record<string, unknown>, string]>([
    [
      'a ratio above 1',
      { ratios: [{ effective_from: '2018-04-01', ratio: '1.000001' }] },
      `ratios[0].ratio is "1.000001"; ${RATIO}`,
    ],
    ['a negative ratio', { apps: [engagement({ ratio: '-0.1' })] }, `apps[0].ratio is "-0.1"; ${RATIO}`],
    ['7 decimals', { apps: [engagement({ ratio: '0.1234567' })] }, `apps[0].ratio is "0.1234567"; ${RATIO}`],
    ['a number', { apps: [engagement({ ratio: 0.2 })] }, `apps[0].ratio is 0.2; ${RATIO}`],
    [
      'no apps',
      { apps: undefined },
      'apps is missing; write a list of at most 1000000 apps, such as [{"app_id": "app_7_1", "effective_from": "2018-04-01"}]',
    ],
    [
      'an end before its start',
      { apps: [engagement({ effective_to: '2018-03-31' })] },
      'apps[0].effective_to is "2018-03-31", before effective_from 2018-04-01; put the last day there',
    ],
    [
      'two terms of an app on one day',
      { apps: [engagement({ effective_to: '2018-04-30' }), engagement({ effective_from: '2018-04-30' })] },
      'apps[1].effective_from is "2018-04-30", a day of providers[0].apps[0] too, which ends 2018-04-30; end one before the other starts',
    ],
    [
      'two default ratios on one day',
      {
        ratios: [
          { effective_from: '2018-04-01', ratio: '0.2' },
          { effective_from: '2018-05-01', ratio: '0.3' },
        ],
      },
      'ratios[1].effective_from is "2018-05-01", a day of providers[0].ratios[0] too, which ends never; end one before the other starts',
    ],
    [
      'an app without a ratio where there is no default one',
      { ratios: [], apps: [engagement({ ratio: '0.1' }), engagement({ app_id: 'b' })] },
      'apps[1].ratio is missing, and the provider has no default one; give it here or in "ratios"',
    ],
    [
      'an unknown field',
      { share: '0.2' },
      'share is "0.2", an unknown field; remove it, its fields are id, name, type, country, ratios, apps',
    ],
    [
      'an id of the program',
      { id: '_agency' },
      'id is "_agency"; write 1 to 64 printable ASCII characters, the first of them no underscore',
    ],
  ])('with %s', (_what, changes, told) => {
    const refusal = refusalOf(() => parse(provider(changes)));
    expect(refusal.code).toBe('bad_catalog');
    expect(refusal.message).toBe(`catalog.json: providers[0].${told}`);
  });

  test('that comes twice', () => {
    expect(refusalOf(() => parse(provider(), provider())).message).toBe(
      'catalog.json: providers[1].id is "agency_1", the id of an earlier entry too; keep one of them',
    );
  });
});
