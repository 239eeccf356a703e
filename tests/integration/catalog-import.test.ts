import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { categoriesOn } from '../../src/catalog/categories.ts';
import type { CatalogImport } from '../../src/catalog/import-catalog.ts';
import { currentReferenceVersion } from '../../src/catalog/reference-version.ts';
import { importCatalogFile } from '../../src/decisions/import-alone.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { catalogText, day, shanghai } from '../support/reference-files.ts';
import { rejectionOf } from '../support/refusals.ts';

let database: TestDatabase;
beforeEach(async () => {
  database = await createTestDatabase();
});
afterEach(async () => await database.drop());

const NONE = { developers: 0, apps: 0, adUnits: 0, campaigns: 0, providers: 0 };

async function importText(text: string, on = '2018-04-15'): Promise<CatalogImport> {
  const now = () => new Date(`${on}T12:00:00+08:00`);
  return await importCatalogFile({ db: database.db, now, calendar: shanghai }, { text, source: 'catalog.json' });
}

const app = (changes: Record<string, unknown>) => ({
  ...{ id: 'app_7_1', developer_id: 'dev_7', name: 'Lucky Seven', category: 'tools' },
  ...changes,
});
const importApp = async (changes: Record<string, unknown>, on?: string) =>
  await importText(JSON.stringify({ apps: [app(changes)] }), on);

describe('importing a catalog', () => {
  it('adds what the catalog lacks as one version; a second import changes nothing', async () => {
    const all = { developers: 2, apps: 2, adUnits: 2, campaigns: 1, providers: 0 };
    expect(await importText(catalogText())).toEqual({
      referenceVersion: 1,
      added: all,
      changed: NONE,
      unchanged: NONE,
      categoryChanges: [],
    });
    expect(await importText(catalogText(), '2018-04-16')).toEqual({
      referenceVersion: 1,
      added: NONE,
      changed: NONE,
      unchanged: all,
      categoryChanges: [],
    });
    expect(await currentReferenceVersion(database.db)).toBe(1);
  });

  it('records only what differs, and leaves what the file leaves out', async () => {
    await importText(catalogText());
    const changed = await importText(
      JSON.stringify({
        developers: [
          { id: 'dev_7', name: 'Seven Studios', type: 'company', country: 'CN' },
          { id: 'dev_8', name: 'Eight', type: 'individual', country: 'DE' },
          { id: 'dev_9', name: 'Nine', type: 'company', country: 'JP' },
        ],
        ad_units: [{ id: 'unit_7_1_b', app_id: 'app_7_1', format: 'interstitial' }],
        campaigns: [
          { id: 'c_42', currency: 'CNY', rate_cards: [{ effective_from: '2018-01-01', cpm: '3' }] },
          { id: 'c_43', currency: 'CNY', rate_cards: [{ effective_from: '2018-01-01', cpc: '1' }] },
        ],
      }),
    );
    expect(changed).toMatchObject({
      referenceVersion: 2,
      added: { developers: 1, apps: 0, adUnits: 0, campaigns: 1, providers: 0 },
      changed: { developers: 1, apps: 0, adUnits: 1, campaigns: 1, providers: 0 },
      unchanged: { developers: 1, apps: 0, adUnits: 0, campaigns: 0, providers: 0 },
    });
    const { rows } = await database.db.query(
      `select developer_id, reference_version, name from developer_versions order by developer_id, reference_version`,
    );
    expect(rows).toEqual([
      { developer_id: 'dev_7', reference_version: 1, name: 'Seven Studio' },
      { developer_id: 'dev_7', reference_version: 2, name: 'Seven Studios' },
      { developer_id: 'dev_8', reference_version: 1, name: 'Eight' },
      { developer_id: 'dev_9', reference_version: 2, name: 'Nine' },
    ]);
  });

  it('does not mind how a price is spelled or in which order cards come', async () => {
    const cards = (...list: unknown[]) =>
      JSON.stringify({ campaigns: [{ id: 'c', currency: 'CNY', rate_cards: list }] });
    const first = { effective_from: '2018-01-01', effective_to: '2018-06-30', cpm: '2.50' };
    await importText(cards(first, { effective_from: '2018-07-01', cpm: '3' }));
    const again = await importText(
      cards({ effective_from: '2018-07-01', effective_to: null, cpm: '3.000' }, { ...first, cpm: '2.5', cpc: null }),
    );
    expect(again).toMatchObject({ referenceVersion: 1, unchanged: { campaigns: 1, providers: 0 } });
  });

  it('keeps names as they are, whatever their characters', async () => {
    const name = 'back\\slash "quoted" \'single\' 七号 {braces} \\N';
    await importText(catalogText());
    await importApp({ name });
    expect((await importApp({ name })).referenceVersion).toBe(2);
    const { rows } = await database.db.query('select name from app_versions where reference_version = 2');
    expect(rows).toEqual([{ name }]);
  });

  const refused: [what: string, file: Record<string, unknown>, message: string][] = [
    [
      'an app of an unknown developer',
      { apps: [app({ id: 'new', developer_id: 'dev_9' })] },
      'apps[0].developer_id is "dev_9", no developer of this file or of the catalog; add that developer, or correct the id',
    ],
    [
      'an ad unit of an unknown app',
      { apps: [app({ id: 'new' })], ad_units: [{ id: 'u', app_id: 'mew', format: 'banner' }] },
      'ad_units[0].app_id is "mew", no app of this file or of the catalog; add that app, or correct the id',
    ],
    [
      'an app that moves',
      { apps: [app({ developer_id: 'dev_8' })] },
      'apps[0].developer_id is "dev_8", but the app belongs to developer "dev_7" and never moves; correct it, or give the app of the new developer an id of its own',
    ],
    [
      'an ad unit that moves',
      { ad_units: [{ id: 'unit_7_1_b', app_id: 'app_8_1', format: 'banner' }] },
      'ad_units[0].app_id is "app_8_1", but the ad unit belongs to app "app_7_1" and never moves; correct it, or give the ad unit of the new app an id of its own',
    ],
  ];

  it.each(refused)('refuses %s, and takes nothing of the file', async (_what, file, message) => {
    await importText(catalogText());
    const developers = [{ id: 'fresh', name: 'Fresh', type: 'company', country: 'CN' }];
    const refusal = await rejectionOf(importText(JSON.stringify({ developers, ...file })));
    expect(refusal.code).toBe('bad_catalog');
    expect(refusal.message).toBe(`catalog.json: ${message}`);
    expect(await currentReferenceVersion(database.db)).toBe(1);
    const { rows } = await database.db.query('select developer_id from developers order by developer_id');
    expect(rows).toEqual([{ developer_id: 'dev_7' }, { developer_id: 'dev_8' }]);
  });

  it('counts all unknown references and lists the first 20', async () => {
    const apps = Array.from({ length: 25 }, (_, index) => app({ id: `a${index}`, developer_id: 'nobody' }));
    const refusal = await rejectionOf(importText(JSON.stringify({ apps })));
    expect(refusal.message).toMatch(/ \(and 24 more problems\)$/);
    expect(refusal.details.problems).toHaveLength(20);
  });

  it('comes to one version when 20 import the same at once, and to one each when they differ', async () => {
    const results = await Promise.all(Array.from({ length: 20 }, () => importText(catalogText())));
    expect(results.map(result => result.referenceVersion)).toEqual(Array.from({ length: 20 }, () => 1));
    expect(results.filter(result => result.added.apps > 0)).toHaveLength(1);
    const differing = await Promise.all(
      Array.from({ length: 20 }, (_, index) => importApp({ id: `new_${index}`, name: `N ${index}` })),
    );
    const versions = differing.map(result => result.referenceVersion).toSorted((a, b) => a - b);
    expect(versions).toEqual(Array.from({ length: 20 }, (_, index) => index + 2));
  });
});

describe('the category of an app', () => {
  const category = async (on: string, referenceVersion: number) =>
    (await categoriesOn(database.db, { appIds: ['app_7_1', 'nobody'], day: day(on), referenceVersion })).get('app_7_1');

  it('holds from the day of the import, the first one for all days before, and each version knows its own', async () => {
    await importText(catalogText(), '2018-04-15');
    const change = await importApp({ category: 'games' }, '2018-06-01');
    expect(change.categoryChanges).toEqual([{ appId: 'app_7_1', developerId: 'dev_7', fromDay: '2018-06-01' }]);
    expect((await importApp({ category: 'games' }, '2018-06-02')).referenceVersion).toBe(2);
    expect(await category('2017-01-01', 2)).toBe('tools');
    expect(await category('2018-05-31', 2)).toBe('tools');
    expect(await category('2018-06-01', 2)).toBe('games');
    expect(await category('2018-06-01', 1)).toBe('tools');
    expect(await category('2018-06-01', 0)).toBeUndefined();
  });

  it('holds from a date that the file gives, over what was recorded before', async () => {
    await importText(catalogText(), '2018-04-15');
    await importApp({ category: 'games' }, '2018-06-01');
    const change = await importApp({ category: 'social', category_from: '2018-03-01' }, '2018-07-01');
    expect(change.categoryChanges).toMatchObject([{ fromDay: '2018-03-01' }]);
    expect(await category('2018-02-28', 3)).toBe('tools');
    expect(await category('2018-03-01', 3)).toBe('social');
    expect(await category('2018-06-01', 3)).toBe('social');
    expect(await category('2018-06-01', 2)).toBe('games');
    const again = await importApp({ category: 'social', category_from: '2018-03-01' }, '2018-08-01');
    expect(again).toMatchObject({ referenceVersion: 3, categoryChanges: [] });
  });

  it('may be announced for a later day, and stays so when only the name changes', async () => {
    await importText(catalogText(), '2018-04-15');
    await importApp({ category: 'games', category_from: '2018-12-01' }, '2018-06-01');
    const renamed = await importApp({ name: 'Luckier', category: 'tools' }, '2018-07-01');
    expect(renamed).toMatchObject({ referenceVersion: 3, changed: { apps: 1 }, categoryChanges: [] });
    expect(await category('2018-11-30', 3)).toBe('tools');
    expect(await category('2018-12-01', 3)).toBe('games');
    expect((await importApp({ name: 'Luckier', category: 'games' }, '2018-12-02')).referenceVersion).toBe(3);
  });

  it('is the one since `category_from` until now, also where it has been another in between', async () => {
    await importText(catalogText(), '2018-04-15');
    await importApp({ category: 'games' }, '2018-06-01');
    await importApp({ category: 'tools', category_from: '2018-01-01' }, '2018-07-01');
    expect(await category('2018-06-15', 3)).toBe('tools');
    expect(await category('2018-07-15', 3)).toBe('tools');
  });
});
