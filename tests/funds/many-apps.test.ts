import { afterAll, expect, test } from 'vitest';
import { CATEGORIES, Funding } from '../support/funding.ts';

const APPS = 20_000;
const BUDGET_YUAN = 1_000_000_000n;
/** Its last among them. */
const DAYS = ['2018-09-02', '2020-02-29', '2021-08-31'];

let funding: Funding;
afterAll(async () => await funding.system.drop());

test('1 billion yuan over three years for 20,000 apps in nine categories is used up exactly, in many buckets', async () => {
  funding = await Funding.open();
  const { system } = funding;
  const ids = Array.from({ length: APPS }, (_, app) => `app_m${app}`);
  const developers = Array.from({ length: APPS / 4 }, (_, number) => `dev_m${number}`);
  await system.importCatalog({
    developers: developers.map(id => ({ id, name: id, type: 'company', country: 'CN' })),
    // Every tenth app is in a category that the fund is not for.
    apps: ids.map((id, app) => ({
      ...{ id, developer_id: developers[app % developers.length], name: id },
      category: CATEGORIES[app % 10] ?? 'other',
    })),
    ad_units: ids.map(id => ({ id: `${id}_unit`, app_id: id, format: 'banner' })),
  });
  // 10 % of 200,000 to 260,000.99 yuan for 18,000 apps: about 414 million a day, so the third day is shared.
  const dates = { start: '2018-09-01', end: '2021-08-31' };
  await funding.createFund('fund_1', String(BUDGET_YUAN), {
    rule: { points: '0.10', categories: CATEGORIES },
    ...dates,
  });
  const claims: bigint[] = [];
  for (const day of DAYS) {
    const grosses = ids.map((id, app) => [id, `${20 + (app % 7)}0000.${String(app % 100).padStart(2, '0')}`] as const);
    await funding.earnAndSettle(day, Object.fromEntries(grosses));
    const ofDay = grosses
      .filter((_, app) => app % 10 !== 9)
      .map(([, gross]) => BigInt(gross.replace('.', '')) * 10n ** 6n);
    claims.push(ofDay.reduce((sum, claim) => sum + claim, 0n));
  }
  const { rows } = await system.db.query<{ day: string; awarded: string }>(
    `select business_date::text as day, sum(award_change_nanos) as awarded from fund_days group by 1 order by 1`,
  );
  const [first = 0n, second = 0n] = claims;
  const rest = BUDGET_YUAN * 10n ** 9n - first - second;
  expect(rest > 0n && rest < first).toBe(true);
  expect(rows.map(row => BigInt(row.awarded))).toEqual([first, second, rest]);
  expect(await funding.left('fund_1')).toBe('0');
  expect((await system.verify()).differences).toEqual([]);
}, 180_000);
