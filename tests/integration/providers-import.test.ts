import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { listProviderTerms, type ProviderTermsRow } from '../../src/catalog/list-provider-terms.ts';
import { currentReferenceVersion } from '../../src/catalog/reference-version.ts';
import { importCatalogFile } from '../../src/decisions/import-alone.ts';
import { confirmProvider } from '../../src/settlement/confirm-provider.ts';
import { openProviderWorld, provider } from '../support/provider-world.ts';
import { rejectionOf } from '../support/refusals.ts';
import type { SettlementSystem } from '../support/settlement-system.ts';

let system: SettlementSystem;
beforeEach(async () => {
  system = await openProviderWorld();
});
afterEach(async () => await system.drop());

const deps = () => ({ db: system.db, now: () => system.now, calendar: system.calendar });
const load = async (catalog: object) =>
  await importCatalogFile(deps(), { text: JSON.stringify(catalog), source: 'catalog.json' });
const confirm = async (providerId: string, appId: string | null, actor = 'li.wei') =>
  await confirmProvider(deps(), { providerId, appId, actor });
const list = async (options: Parameters<typeof listProviderTerms>[1] = {}) =>
  await listProviderTerms(system.db, options);

const told = ({ provider_id, app_id, terms, terms_version, status, confirmation }: ProviderTermsRow) =>
  [
    `${provider_id} ${app_id ?? 'default'} ${status} v${terms_version}:`,
    terms.map(({ ratio, effective_from, effective_to }) => `${ratio} ${effective_from} ${effective_to}`).join(', '),
    confirmation === null ? '' : `by ${confirmation.confirmed_by} on ${confirmation.confirmed_on}`,
  ]
    .join(' ')
    .trim();

describe('importing providers', () => {
  test('records one version, of terms only what is new or changed; a second import changes nothing', async () => {
    const file = { providers: [provider('a', '0.20', { app_1: {}, app_2: { ratio: '0.30' } })] };
    expect(await load(file)).toMatchObject({ referenceVersion: 3, added: { providers: 1 }, changed: { providers: 0 } });
    expect(await load(file)).toMatchObject({
      referenceVersion: 3,
      added: { providers: 0 },
      unchanged: { providers: 1 },
    });
    const changed = await load({ providers: [provider('a', '0.20', { app_1: { ratio: '0.25' } })] });
    expect(changed).toMatchObject({ referenceVersion: 4, changed: { providers: 1 }, unchanged: { providers: 0 } });
    expect((await list()).items.map(told)).toEqual([
      'a default waiting v3: 0.20 2018-01-01 null',
      'a app_1 waiting v4: 0.25 2018-04-10 null',
      // No longer named, so ended.
      'a app_2 none v4:',
    ]);
    expect(
      await load({ providers: [{ ...provider('a', '0.20', { app_1: { ratio: '0.25' } }), name: 'New' }] }),
    ).toMatchObject({
      referenceVersion: 5,
      changed: { providers: 1 },
    });
    expect((await list()).items.map(row => [row.provider_name, row.terms_version])).toEqual([
      ['New', 3],
      ['New', 4],
      ['New', 4],
    ]);
  });

  test('goes with the rest of the catalog as one version', async () => {
    const app = { id: 'app_3', developer_id: 'dev_1', name: 'Three', category: 'games' };
    const loaded = await load({ apps: [app], providers: [provider('a', '0.20', { app_3: {} })] });
    expect(loaded).toMatchObject({ referenceVersion: 3, added: { apps: 1, providers: 1 } });
  });

  const studio = (id: string) => ({ id, name: id, type: 'company', country: 'CN' });
  const refused: [what: string, file: object, told: string][] = [
    [
      'an id of a developer',
      { providers: [provider('dev_1', '0.20')] },
      'providers[0].id is "dev_1", the id of a developer too; give one of them another id, for both own books',
    ],
    [
      'an id of a developer of the same file',
      { developers: [studio('new')], providers: [provider('b', '0.20'), provider('new', '0.20')] },
      'developers[0].id is "new", the id of a service provider too; give one of them another id, for both own books',
    ],
    [
      'a developer with the id of a provider',
      { developers: [studio('a')] },
      'developers[0].id is "a", the id of a service provider too; give one of them another id, for both own books',
    ],
    [
      'an unknown app',
      { providers: [provider('b', '0.20', { app_2: {}, app_9: {} })] },
      'providers[0].apps[1].app_id is "app_9", no app of this file or of the catalog; add that app, or correct the id',
    ],
    [
      'an app that another provider has',
      {
        providers: [
          provider('b', '0.20', { app_2: {}, app_1: { effective_from: '2018-05-01', effective_to: '2018-05-31' } }),
        ],
      },
      'providers[0].apps[1].app_id is "app_1", which provider "a" would have too from 2018-05-01 to 2018-05-31; end one of them before the other starts',
    ],
    [
      'an app of two providers of the file',
      { providers: [provider('b', '0.20', { app_2: {} }), provider('c', '0.20', { app_2: {} })] },
      'providers[1].apps[0].app_id is "app_2", which provider "b" would have too from 2018-04-10 on; end one of them before the other starts',
    ],
  ];

  test.each(refused)('is refused with %s, and nothing is taken', async (_what, file, message) => {
    await load({ providers: [provider('a', '0.20', { app_1: {} })] });
    const refusal = await rejectionOf(load(file));
    expect(refusal.code).toBe('bad_catalog');
    expect(refusal.message).toBe(`catalog.json: ${message}`);
    expect(await currentReferenceVersion(system.db)).toBe(3);
  });

  test('lets an app change hands in one file, and on neighbouring days', async () => {
    await load({ providers: [provider('a', '0.20', { app_1: {} })] });
    await load({
      providers: [
        provider('b', '0.20', { app_1: { effective_from: '2018-05-01' } }),
        provider('a', '0.20', { app_1: { effective_to: '2018-04-30' } }),
      ],
    });
    expect((await list()).items.filter(row => row.app_id !== null).map(told)).toEqual([
      'a app_1 waiting v4: null 2018-04-10 2018-04-30',
      'b app_1 waiting v4: null 2018-05-01 null',
    ]);
  });
});

describe('confirming', () => {
  test('is told with the terms, which wait again once they change', async () => {
    await load({ providers: [provider('a', '0.20', { app_1: { ratio: '0.30' } })] });
    expect(await confirm('a', 'app_1', 'zhang.min')).toMatchObject({
      referenceVersion: 4,
      isNew: true,
      termsVersion: 3,
    });
    system.now = new Date('2018-04-12T00:30:00+08:00');
    expect(await confirm('a', 'app_1')).toMatchObject({
      ...{ referenceVersion: 4, isNew: false, actor: 'zhang.min', confirmedOn: '2018-04-10' },
    });
    await load({ providers: [provider('a', '0.20', { app_1: { ratio: '0.40' } })] });
    await confirm('a', null);
    const { items } = await list();
    expect(items.map(told)).toEqual([
      'a default confirmed v3: 0.20 2018-01-01 null by li.wei on 2018-04-12',
      'a app_1 waiting v5: 0.40 2018-04-10 null by zhang.min on 2018-04-10',
    ]);
    expect(items[1]?.confirmation).toMatchObject({ version: 4, terms: [{ ratio: '0.30' }] });
    // To take the change back needs no new confirmation.
    await load({ providers: [provider('a', '0.20', { app_1: { ratio: '0.30' } })] });
    expect(await confirm('a', 'app_1')).toMatchObject({ isNew: false, actor: 'zhang.min' });
  });

  test.each<[what: string, provider: string, app: string | null, code: string]>([
    ['an unknown provider', 'nobody', null, 'unknown_provider'],
    ['a developer for a provider', 'dev_1', null, 'unknown_provider'],
    ['an unknown app', 'a', 'app_9', 'unknown_app'],
    ['an app that the provider never had', 'a', 'app_2', 'no_terms'],
    ['a default ratio that there never was', 'b', null, 'no_terms'],
  ])('%s is refused', async (_what, providerId, appId, code) => {
    await load({ providers: [provider('a', '0.20', { app_1: {} }), provider('b', null)] });
    expect(await rejectionOf(confirm(providerId, appId))).toMatchObject({ code });
    expect(await currentReferenceVersion(system.db)).toBe(3);
  });

  test('by many at once comes to one version', async () => {
    await load({ providers: [provider('a', '0.20', { app_1: {} })] });
    const all = await Promise.all(Array.from({ length: 10 }, () => confirm('a', 'app_1')));
    expect(all.map(each => each.referenceVersion)).toEqual(Array(10).fill(4));
    expect(all.filter(each => each.isNew)).toHaveLength(1);
  });
});

test('the list comes in pages that join to the whole', async () => {
  await load({
    providers: [provider('a', '0.20', { app_1: {} }), provider('b', '0.10', { app_2: {} }), provider('c', null)],
  });
  const whole = (await list()).items;
  expect(whole).toHaveLength(5);
  for (const limit of [1, 2, 5]) {
    const joined: ProviderTermsRow[] = [];
    let after: string | undefined;
    do {
      const page = await list({ limit, after });
      joined.push(...page.items);
      after = page.next ?? undefined;
    } while (after !== undefined);
    expect(joined).toEqual(whole);
  }
  expect((await list({ providerId: 'b' })).items).toEqual(whole.filter(row => row.provider_id === 'b'));
  expect(await rejectionOf(list({ providerId: 'nobody' }))).toMatchObject({ code: 'unknown_provider' });
});
