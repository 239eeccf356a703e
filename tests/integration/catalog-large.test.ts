import { afterAll, beforeAll, expect, it } from 'vitest';
import { checkReferenceDigests } from '../../src/catalog/reference-version.ts';
import { importCatalogFile } from '../../src/decisions/import-alone.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { shanghai } from '../support/reference-files.ts';

const APPS = 200_000;

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(async () => await database.drop());

function largeCatalog(): string {
  const developers = Array.from({ length: APPS / 4 }, (_, index) => ({
    ...{ id: `dev_${index}`, name: `Developer ${index}`, type: 'company', country: 'CN' },
  }));
  const apps = Array.from({ length: APPS }, (_, index) => ({
    ...{ id: `app_${index}`, developer_id: `dev_${index % (APPS / 4)}`, name: `App ${index}`, category: 'tools' },
  }));
  const adUnits = apps.map(({ id }) => ({ id: `${id}_banner`, app_id: id, format: 'banner' }));
  return JSON.stringify({ developers, apps, ad_units: adUnits });
}

it('imports 200,000 apps, and finds them unchanged, within 90 s each on a busy machine', {
  timeout: 240_000,
}, async () => {
  const text = largeCatalog();
  const timed = async () => {
    const startedMs = performance.now();
    const deps = { db: database.db, now: () => new Date('2018-04-15T00:00:00Z'), calendar: shanghai };
    const result = await importCatalogFile(deps, { text, source: 'catalog.json' });
    return { result, seconds: (performance.now() - startedMs) / 1000 };
  };
  const first = await timed();
  expect(first.result.added).toEqual({ developers: APPS / 4, apps: APPS, adUnits: APPS, campaigns: 0, providers: 0 });
  const second = await timed();
  expect(second.result.unchanged).toEqual(first.result.added);
  expect(await checkReferenceDigests(database.db)).toEqual([]);
  expect(first.seconds).toBeLessThan(90);
  expect(second.seconds).toBeLessThan(90);
});
