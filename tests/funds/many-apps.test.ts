import { afterAll, expect, test } from 'vitest';
import { CATEGORIES, Funding } from '../support/funding.ts';

const APPS = 2_000;

let funding: Funding;
afterAll(async () => await funding.system.drop());

test('a fund for apps in nine categories is used up exactly over several days, in many buckets', async () => {
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
  // 10 % of 10, 11, 12 … 16.99 yuan: about 2,430 yuan a day, so the third day is shared.
  await funding.createFund('fund_1', '6000', { rule: { points: '0.10', categories: CATEGORIES } });
  const claims: bigint[] = [];
  for (const day of ['2018-09-02', '2018-09-03', '2018-09-04', '2018-09-05']) {
    const grosses = ids.map((id, app) => [id, `${10 + (app % 7)}.${String(app % 100).padStart(2, '0')}`] as const);
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
  const rest = 6_000n * 10n ** 9n - first - second;
  expect(rest > 0n && rest < first).toBe(true);
  expect(rows.map(row => BigInt(row.awarded))).toEqual([first, second, rest, 0n]);
  expect(await funding.left('fund_1')).toBe('0');
  expect((await system.verify()).differences).toEqual([]);
});
