import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CatalogLookup } from '../../src/catalog/lookup.ts';
import { loadRateCards } from '../../src/catalog/rate-cards.ts';
import type { Queryable } from '../../src/db/database.ts';
import { importCatalogFile } from '../../src/decisions/import-alone.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { catalogText, day, shanghai } from '../support/reference-files.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
  await importText(catalogText());
});
afterAll(async () => await database.drop());

async function importText(text: string): Promise<void> {
  const deps = { db: database.db, now: () => new Date('2018-04-15T00:00:00Z'), calendar: shanghai };
  await importCatalogFile(deps, { text, source: 'catalog.json' });
}

/** Counts the queries that pass. */
function counting(): { q: Queryable; count: () => number } {
  let count = 0;
  return {
    q: {
      query: async (text, values) => {
        count += 1;
        return await database.db.query(text, values);
      },
    },
    count: () => count,
  };
}

describe('a lookup', () => {
  it('asks two queries for what it does not know, and none for what it does', async () => {
    const lookup = new CatalogLookup({ limit: 100 });
    const { q, count } = counting();
    const asked = { appIds: ['app_7_1', 'app_8_1', 'app_7_1'], adUnitIds: new Set(['unit_7_1_b']) };
    await lookup.resolve(q, asked);
    expect(count()).toBe(2);
    expect(lookup.developerOf('app_7_1')).toBe('dev_7');
    expect(lookup.developerOf('app_8_1')).toBe('dev_8');
    expect(lookup.appOfAdUnit('unit_7_1_b')).toBe('app_7_1');
    await lookup.resolve(q, asked);
    expect(count()).toBe(2);
  });

  it('asks again for what was not there', async () => {
    const lookup = new CatalogLookup({ limit: 100 });
    const asked = { appIds: ['late_app'], adUnitIds: ['late_unit'] };
    await lookup.resolve(database.db, asked);
    expect([lookup.developerOf('late_app'), lookup.appOfAdUnit('late_unit')]).toEqual([null, null]);
    await importText(
      JSON.stringify({
        apps: [{ id: 'late_app', developer_id: 'dev_7', name: 'Late', category: 'tools' }],
        ad_units: [{ id: 'late_unit', app_id: 'late_app', format: 'banner' }],
      }),
    );
    await lookup.resolve(database.db, asked);
    expect([lookup.developerOf('late_app'), lookup.appOfAdUnit('late_unit')]).toEqual(['dev_7', 'late_app']);
  });

  it('forgets the ones longest not asked for, but nothing that the last call named', async () => {
    const lookup = new CatalogLookup({ limit: 1 });
    await lookup.resolve(database.db, { appIds: ['app_7_1', 'app_8_1'], adUnitIds: [] });
    expect([lookup.developerOf('app_7_1'), lookup.developerOf('app_8_1')]).toEqual(['dev_7', 'dev_8']);
    await lookup.resolve(database.db, { appIds: ['app_7_1'], adUnitIds: [] });
    expect([lookup.developerOf('app_7_1'), lookup.developerOf('app_8_1')]).toEqual(['dev_7', null]);
  });
});

describe('rate cards', () => {
  it('price by campaign, type and day, as the version asked for knows them', async () => {
    const campaign = (...cards: unknown[]) =>
      JSON.stringify({ campaigns: [{ id: 'c_1', currency: 'EUR', rate_cards: cards }] });
    const first = { effective_from: '2018-01-01', effective_to: '2018-06-30', cpm: '2.50', cpc: '0.30' };
    await importText(campaign(first, { effective_from: '2018-08-01', effective_to: null, cpm: '3' }));
    const { rows } = await database.db.query<{ last: number }>(
      'select max(reference_version) as last from reference_versions',
    );
    const known = rows[0]?.last ?? 0;
    await importText(campaign({ ...first, cpm: '9' }));

    const cards = await loadRateCards(database.db, known);
    const price = (type: 'impression' | 'click', on: string, campaignId = 'c_1') =>
      cards.priceOf({ campaignId, type, day: day(on) });
    expect(price('impression', '2018-01-01')).toEqual({ currency: 'EUR', price: '2.5' });
    expect(price('click', '2018-06-30')).toEqual({ currency: 'EUR', price: '0.3' });
    expect(price('impression', '2017-12-31')).toBeNull();
    expect(price('impression', '2018-07-15')).toBeNull();
    expect(price('impression', '2018-08-01')).toEqual({ currency: 'EUR', price: '3' });
    expect(price('click', '2018-08-01')).toBeNull();
    expect(price('click', '2018-04-01', 'nobody')).toBeNull();

    const later = await loadRateCards(database.db, known + 1);
    expect(later.priceOf({ campaignId: 'c_1', type: 'impression', day: day('2018-01-01') })?.price).toBe('9');
    expect(later.priceOf({ campaignId: 'c_1', type: 'impression', day: day('2018-08-01') })).toBeNull();
    const none = await loadRateCards(database.db, 0);
    expect(none.priceOf({ campaignId: 'c_42', type: 'click', day: day('2018-04-01') })).toBeNull();
  });
});
