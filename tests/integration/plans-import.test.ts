import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { currentReferenceVersion } from '../../src/catalog/reference-version.ts';
import { importCatalogFile, importPlansFile } from '../../src/decisions/import-alone.ts';
import type { PlansImport } from '../../src/plans/import-plans.ts';
import { loadPlans } from '../../src/plans/stored-plans.ts';
import { acceptPlanAs } from '../../src/settlement/import-reference.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { catalogText, day, planEntry, plansText, shanghai } from '../support/reference-files.ts';
import { rejectionOf } from '../support/refusals.ts';

let database: TestDatabase;
const deps = () => ({ db: database.db, now: () => new Date('2018-04-15T00:00:00Z'), calendar: shanghai });
beforeEach(async () => {
  database = await createTestDatabase();
  await importCatalogFile(deps(), { text: catalogText(), source: 'catalog.json' });
});
afterEach(async () => await database.drop());

const importPlans = async (...plans: Record<string, unknown>[]): Promise<PlansImport> =>
  await importPlansFile(deps(), { text: plansText(...plans), source: 'plans.json' });

const asked = { appId: 'app_7_1', developerId: 'dev_7', category: 'tools', currency: 'CNY', day: day('2018-04-15') };

describe('importing plans', () => {
  it('records new plans as one version; a second import changes nothing', async () => {
    const plans = [planEntry(), planEntry({ id: 'dollars', currency: 'USD' })];
    expect(await importPlans(...plans)).toMatchObject({ referenceVersion: 2, added: 2, changed: 0, unchanged: 0 });
    const respelled = [planEntry({ tiers: [{ share: '0.5' }] }), ...plans.slice(1)];
    expect(await importPlans(...respelled)).toEqual({
      referenceVersion: 2,
      added: 0,
      changed: 0,
      unchanged: 2,
      waiting: [],
      affected: [],
    });
  });

  it('replaces a whole plan by its new version, and each version of the reference knows its own', async () => {
    const tiers = [{ up_to: '100000.00', share: '0.50' }, { share: '0.30' }];
    await importPlans(planEntry({ tiers }));
    const changed = await importPlans(planEntry({ effective_from: '2018-05-01', mode: 'whole' }));
    expect(changed).toMatchObject({ referenceVersion: 3, added: 0, changed: 1, unchanged: 0 });
    expect(changed.affected.map(extent => extent.fromDay)).toEqual(['2018-03-28', '2018-05-01']);

    expect((await loadPlans(database.db, 2)).planFor(asked)).toEqual({
      planId: 'half',
      referenceVersion: 2,
      scope: 'default',
      scopeId: '',
      currency: 'CNY',
      effectiveFrom: '2018-03-28',
      effectiveTo: null,
      basis: 'app_day',
      mode: 'marginal',
      tiers: [
        { upToNanos: 100_000_000_000_000n, sharePpm: 500_000n },
        { upToNanos: null, sharePpm: 300_000n },
      ],
      outsideBand: null,
      acceptance: 'not_needed',
    });
    const latest = await loadPlans(database.db, 3);
    expect(latest.planFor(asked)).toBeNull();
    expect(latest.planFor({ ...asked, day: day('2018-05-01') })?.mode).toBe('whole');
    expect((await loadPlans(database.db, 1)).planFor(asked)).toBeNull();
  });

  it('takes plans of every scope', async () => {
    await importPlans(
      planEntry(),
      planEntry({ id: 'app', scope: { app: 'app_7_1' } }),
      planEntry({ id: 'developer', scope: { developer: 'dev_7' } }),
      planEntry({ id: 'category', scope: { category: 'tools' } }),
    );
    expect((await loadPlans(database.db, 2)).planFor(asked)?.planId).toBe('category');
    await acceptPlanAs(deps(), { planId: 'app', developerId: 'dev_7', actor: 'li.wei' });
    await acceptPlanAs(deps(), { planId: 'developer', developerId: 'dev_7', actor: 'li.wei' });
    expect((await loadPlans(database.db, 3)).planFor({ ...asked, appId: 'app_7_2' })?.planId).toBe('category');
    const book = await loadPlans(database.db, 4);
    expect(book.planFor(asked)?.planId).toBe('app');
    expect(book.planFor({ ...asked, appId: 'app_7_2' })?.planId).toBe('developer');
    expect(book.planFor({ ...asked, appId: 'app_8_1', developerId: 'dev_8' })?.planId).toBe('category');
    expect(book.planFor({ ...asked, appId: 'app_8_1', developerId: 'dev_8', category: null })?.planId).toBe('half');
  });

  const refused: [what: string, plans: Record<string, unknown>[], message: string][] = [
    [
      'an app that the catalog does not have',
      [planEntry({ scope: { app: 'dev_7' } })],
      'plans[0].scope.app is "dev_7", which the catalog does not have; import the catalog with that app first, or correct the id',
    ],
    [
      'a developer that the catalog does not have',
      [planEntry(), planEntry({ id: 'b', scope: { developer: 'dev_9' } })],
      'plans[1].scope.developer is "dev_9", which the catalog does not have; import the catalog with that developer first, or correct the id',
    ],
    [
      'two plans of one file on one day',
      [planEntry({ effective_to: '2018-07-31' }), planEntry({ id: 'b', effective_from: '2018-07-31' })],
      'plans[1] is "b", which would be in force together with "half" from 2018-07-31 to 2018-07-31 (CNY, default scope); end one of them before the other starts, or leave one out',
    ],
    [
      'a plan on days of one recorded before',
      [planEntry({ id: 'b', scope: { developer: 'dev_7' }, effective_from: '2019-01-01' })],
      'plans[0] is "b", which would be in force together with "seven" from 2019-01-01 on (CNY, developer "dev_7"); end one of them before the other starts, or leave one out',
    ],
    [
      'a plan that is put back to days of another',
      [planEntry({ id: 'early', scope: { category: 'tools' }, effective_to: '2018-06-10' })],
      'plans[0] is "early", which would be in force together with "late" from 2018-06-01 to 2018-06-10 (CNY, category "tools"); end one of them before the other starts, or leave one out',
    ],
  ];

  it.each(refused)('refuses %s, and takes nothing of the file', async (_what, plans, message) => {
    await importPlans(
      planEntry({ id: 'seven', scope: { developer: 'dev_7' } }),
      planEntry({ id: 'early', scope: { category: 'tools' }, effective_to: '2018-05-31' }),
      planEntry({ id: 'late', scope: { category: 'tools' }, effective_from: '2018-06-01' }),
    );
    const refusal = await rejectionOf(importPlans(...plans));
    expect(refusal.code).toBe('bad_plans');
    expect(refusal.message).toBe(`plans.json: ${message}`);
    expect(await currentReferenceVersion(database.db)).toBe(2);
    expect((await loadPlans(database.db, 3)).planFor({ ...asked, developerId: 'dev_8', category: null })).toBeNull();
  });

  it('looks at the result of the whole import, so that plans may change places', async () => {
    await importPlans(planEntry({ effective_to: '2018-07-31' }), planEntry({ id: 'b', effective_from: '2018-08-01' }));
    const swapped = [
      planEntry({ effective_from: '2018-08-01' }),
      planEntry({ id: 'b', effective_from: '2018-03-28', effective_to: '2018-07-31' }),
    ];
    expect(await importPlans(...swapped)).toMatchObject({ referenceVersion: 3, changed: 2 });
  });

  it('comes to one version when 20 import the same at once', async () => {
    const results = await Promise.all(Array.from({ length: 20 }, () => importPlans(planEntry())));
    expect(results.filter(result => result.added === 1)).toHaveLength(1);
    expect(new Set(results.map(result => result.referenceVersion))).toEqual(new Set([2]));
  });
});
