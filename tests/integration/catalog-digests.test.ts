import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkReferenceDigests } from '../../src/catalog/reference-version.ts';
import { importCatalogFile, importPlansFile } from '../../src/decisions/import-alone.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { catalogText, planEntry, plansText, shanghai } from '../support/reference-files.ts';

let database: TestDatabase;
let owner: pg.Client;
beforeAll(async () => {
  database = await createTestDatabase();
  owner = await database.owner();
  const deps = { db: database.db, now: () => new Date('2018-04-15T00:00:00.123Z'), calendar: shanghai };
  const developers = [{ id: 'dev_9', name: 'Nine', type: 'company', country: 'JP' }];
  await importCatalogFile(deps, { text: catalogText(), source: 'catalog.json' });
  await importPlansFile(deps, { text: plansText(planEntry()), source: 'plans.json' });
  await importCatalogFile(deps, { text: JSON.stringify({ developers }), source: 'catalog.json' });
});
afterAll(async () => await database.drop());

/** What the check says while the damage is there. */
async function whileDamaged(...damage: string[]) {
  await owner.query('begin');
  try {
    // As somebody would who gets around the foreign keys.
    await owner.query('set local session_replication_role = replica');
    for (const sql of damage) await owner.query(sql);
    return await checkReferenceDigests(owner);
  } finally {
    await owner.query('rollback');
  }
}

const CATALOG = [{ referenceVersion: 1, kind: 'catalog' }];
const PLANS = [{ referenceVersion: 2, kind: 'plans' }];

const damages: [sql: string, found: unknown][] = [
  [`update developers set developer_id = 'dev_x' where developer_id = 'dev_8'`, CATALOG],
  [`update developer_versions set country = 'US' where developer_id = 'dev_8'`, CATALOG],
  [`update apps set developer_id = 'dev_8' where app_id = 'app_7_1'`, CATALOG],
  [`delete from apps where app_id = 'app_7_1'`, CATALOG],
  [`update app_versions set category_from = category_from + 1 where app_id = 'app_7_1'`, CATALOG],
  [`update ad_units set app_id = 'app_8_1' where ad_unit_id = 'unit_7_1_b'`, CATALOG],
  [`update ad_unit_versions set format = 'video' where ad_unit_id = 'unit_7_1_b'`, CATALOG],
  [`insert into ad_unit_versions values ('unit_x', 1, 'video')`, CATALOG],
  [`update campaign_versions set rate_cards = jsonb_set(rate_cards, '{0,cpm}', '"9"')`, CATALOG],
  [`update plan_versions set tiers = '[{"share": "0.49"}]'`, PLANS],
  [`update plan_versions set effective_to = '2030-01-01'`, PLANS],
  [`update reference_versions set kind = 'catalog' where reference_version = 2`, [{ ...PLANS[0], kind: 'catalog' }]],
  [
    `update reference_versions set recorded_at = recorded_at + interval '1 microsecond' where reference_version = 2`,
    PLANS,
  ],
  [`update reference_versions set digest = digest || digest where reference_version = 2`, PLANS],
  [`delete from reference_versions where reference_version = 2`, [{ ...PLANS[0], kind: null }]],
  [
    `insert into plan_versions select plan_id, 1, scope, scope_id, currency, effective_from, effective_to, basis, mode, tiers from plan_versions`,
    CATALOG,
  ],
  [`insert into developers values ('dev_x', 7)`, [{ referenceVersion: 7, kind: null }]],
];

describe('the digests of reference data', () => {
  it('match what was imported, under any settings of the session', async () => {
    expect(await checkReferenceDigests(database.db)).toEqual([]);
    expect(await whileDamaged(`set local datestyle = 'SQL, DMY'`, `set local timezone = 'Asia/Tokyo'`)).toEqual([]);
  });

  it.each(damages)('find: %s', async (sql, found) => {
    expect(await whileDamaged(sql)).toEqual(found);
  });

  it('find a version that was removed with its rows', async () => {
    const tables = ['developer_versions', 'developers', 'reference_versions'];
    const gone = ['reference_versions', 'plan_versions'].map(
      table => `delete from ${table} where reference_version = 2`,
    );
    expect(await whileDamaged(...gone)).toEqual([{ referenceVersion: 2, kind: null }]);
    const moved = tables.map(table => `update ${table} set reference_version = 4 where reference_version = 3`);
    expect(await whileDamaged(...moved)).toEqual([
      { referenceVersion: 3, kind: null },
      { referenceVersion: 4, kind: 'catalog' },
    ]);
  });
});
