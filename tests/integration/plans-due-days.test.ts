import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { importCatalogFile, importPlansFile } from '../../src/decisions/import-alone.ts';
import { dueDates, markDue } from '../../src/earnings/due-days.ts';
import { acceptPlanAs } from '../../src/settlement/import-reference.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { catalogText, day, planEntry, plansText, shanghai } from '../support/reference-files.ts';

let database: TestDatabase;
beforeEach(async () => {
  database = await createTestDatabase();
  await importCatalog(catalogText());
  await database.db.query(
    `insert into earnings (bucket, business_date, developer_id, app_id, ad_unit_id, currency, impressions, clicks, gross_nanos)
     select bucket, day, developer_id, app_id, unit, currency, 1, 0, 1
     from (values
       (7, 'dev_7', 'app_7_1', 'u1', 'CNY'), (7, 'dev_7', 'app_7_1', 'u2', 'CNY'), (7, 'dev_7', 'app_7_1', 'u1', 'USD'),
       (8, 'dev_8', 'app_8_1', 'u3', 'CNY'), (8, 'dev_8', 'app_8_2', 'u4', 'EUR')
     ) as unit (bucket, developer_id, app_id, unit, currency)
     cross join unnest('{2018-04-01,2018-04-02,2018-04-03}'::date[]) as day`,
  );
});
afterEach(async () => await database.drop());

const deps = () => ({ db: database.db, now: () => new Date('2018-04-15T00:00:00Z'), calendar: shanghai });
const importCatalog = async (text: string) => await importCatalogFile(deps(), { text, source: 'catalog.json' });
const importPlans = async (...plans: Record<string, unknown>[]) =>
  await importPlansFile(deps(), { text: plansText(...plans), source: 'plans.json' });

/** Takes what is due, as `developer day`, with the month left out. */
async function takeDue(): Promise<string[]> {
  const { rows } = await database.db.query<{ due: string }>(
    `with taken as (delete from due_days returning *)
     select bucket || ' ' || developer_id || ' ' || right(business_date::text, 2) as due
     from taken
     order by bucket, business_date, developer_id`,
  );
  return rows.map(row => row.due);
}

const SEVEN = ['7 dev_7 01', '7 dev_7 02', '7 dev_7 03'];
const EIGHT = ['8 dev_8 01', '8 dev_8 02', '8 dev_8 03'];

describe('an import marks as due', () => {
  it.each([
    ['all with earnings in the currency, for the default scope', {}, [...SEVEN, ...EIGHT]],
    ['only the currency of the plan', { currency: 'EUR' }, EIGHT],
    [
      'only the days of the plan, both ends included',
      { effective_from: '2018-04-02', effective_to: '2018-04-02' },
      ['7 dev_7 02', '8 dev_8 02'],
    ],
    ['only apps that are in the category', { scope: { category: 'games' } }, EIGHT],
    ['nothing for a plan that waits for acceptance', { scope: { developer: 'dev_8' } }, []],
    ['nothing without earnings', { effective_from: '2018-05-01' }, []],
  ])('%s', async (_what, changes, due) => {
    await importPlans(planEntry(changes));
    expect(await takeDue()).toEqual(due);
    await importPlans(planEntry(changes));
    expect(await takeDue()).toEqual([]);
  });

  it('days of the old and of the new version of a plan', async () => {
    await importPlans(planEntry({ scope: { category: 'tools' }, effective_to: '2018-04-01' }));
    await takeDue();
    await importPlans(planEntry({ scope: { category: 'games' }, effective_from: '2018-04-03' }));
    expect(await takeDue()).toEqual(['7 dev_7 01', '8 dev_8 03']);
  });

  it('only the days that a plan gains or loses when its ends move', async () => {
    await importPlans(planEntry());
    await takeDue();
    await importPlans(planEntry({ effective_from: '2018-04-02', effective_to: '2018-04-02' }));
    expect(await takeDue()).toEqual(['7 dev_7 01', '7 dev_7 03', '8 dev_8 01', '8 dev_8 03']);
  });

  it('the days since the change of a category, in every currency, and none for a new name', async () => {
    const app = { id: 'app_7_1', developer_id: 'dev_7', name: 'Lucky Seven', category: 'tools' };
    await importCatalog(JSON.stringify({ apps: [{ ...app, name: 'Luckier' }] }));
    expect(await takeDue()).toEqual([]);
    await importCatalog(JSON.stringify({ apps: [{ ...app, category: 'games', category_from: '2018-04-02' }] }));
    expect(await takeDue()).toEqual(['7 dev_7 02', '7 dev_7 03']);
    await importPlans(planEntry({ scope: { category: 'games' }, currency: 'USD' }));
    expect(await takeDue()).toEqual(SEVEN);
  });

  it.each([
    ['only the app and its developer', { scope: { app: 'app_7_1' } }, 'dev_7', SEVEN.slice(1)],
    ['only the developer', { scope: { developer: 'dev_8' } }, 'dev_8', EIGHT.slice(1)],
    ['only the currency of the plan', { scope: { developer: 'dev_8' }, currency: 'USD' }, 'dev_8', []],
    ['only days of the plan', { scope: { developer: 'dev_8' }, effective_from: '2018-04-03' }, 'dev_8', EIGHT.slice(2)],
  ])('when a plan is accepted, the days from then on: %s', async (_what, changes, developerId, due) => {
    const accept = { planId: 'half', developerId, actor: 'li.wei' };
    const onTheSecond = { ...deps(), now: () => new Date('2018-04-01T16:00:00Z') };
    await importPlans(planEntry(changes));
    expect(await takeDue()).toEqual([]);
    expect((await acceptPlanAs(onTheSecond, accept)).isNew).toBe(true);
    expect(await takeDue()).toEqual(due);
    expect((await acceptPlanAs(onTheSecond, accept)).isNew).toBe(false);
    expect(await takeDue()).toEqual([]);
  });

  it('the rest of the month too, where any plan goes by the month', async () => {
    await importPlans(planEntry({ basis: 'app_month', effective_to: '2018-04-01' }));
    expect(await takeDue()).toEqual([...SEVEN, ...EIGHT]);
    const firstOfEight = [{ developerId: 'dev_8', businessDay: day('2018-04-01') }];
    await database.db.transaction(async tx => await markDue(tx, 8, firstOfEight));
    expect(await takeDue()).toEqual(EIGHT);
  });

  it('days that are due already, once', async () => {
    await importPlans(planEntry());
    await importPlans(planEntry(), planEntry({ id: 'dollars', currency: 'USD' }));
    expect(await takeDue()).toEqual([...SEVEN, ...EIGHT]);
  });
});

describe('due days', () => {
  it('are marked by (developer, day) of one bucket, and told oldest first up to a day', async () => {
    const days = ['2018-05-02', '2018-05-01', '2018-05-03', '2018-05-01'].map(text => ({
      developerId: 'dev_7',
      businessDay: day(text),
    }));
    for (let time = 0; time < 2; time += 1) await database.db.transaction(async tx => await markDue(tx, 7, days));
    expect(await dueDates(database.db, { upTo: day('2018-05-02') })).toEqual(['2018-05-01', '2018-05-02']);
    expect(await takeDue()).toEqual(SEVEN);
  });
});
