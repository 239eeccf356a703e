import { afterAll, beforeAll, expect, test } from 'vitest';
import { currentReferenceVersion } from '../../src/catalog/reference-version.ts';
import { Deciding } from '../support/deciding.ts';
import { planEntry } from '../support/reference-files.ts';
import { rejectionOf } from '../support/refusals.ts';

const CNY = 1_000_000_000n;

const CLICK = {
  ...{ type: 'click', app_id: 'app_7_1', ad_unit_id: 'unit_7_1', currency: 'CNY', device_id: 'phone-1' },
  occurred_at: '2018-05-31T10:30:00+08:00',
};

let deciding: Deciding;

beforeAll(async () => {
  deciding = await Deciding.open();
  await deciding.system.importPlans(planEntry());
  const first = { ...CLICK, id: 'e1', occurred_at: '2018-05-31T10:00:00+08:00', price: '100.00' };
  await deciding.system.take([JSON.stringify(first)]);
  await deciding.system.settleDue();
});
afterAll(async () => await deciding.system.drop());

const proposal = (changes: Record<string, unknown>) => ({
  reason: 'a new season',
  evidence: [{ text: 'the minutes of 2018-05-30' }],
  ...changes,
});

const version = async () => await currentReferenceVersion(deciding.system.db);

const APP = { id: 'app_7_1', developer_id: 'dev_7', name: 'Lucky Seven' };

test('another category makes due the days from which on it holds, and the next run posts them by its plan', async () => {
  await deciding.system.importPlans(
    planEntry({ id: 'games', scope: { category: 'games' }, tiers: [{ share: '0.30' }] }),
  );
  await deciding.system.settleDue();
  const before = await version();
  const apps = [{ ...APP, category: 'games', category_from: '2018-05-31' }];
  const decision = proposal({ id: 'category-1', kind: 'category', parameters: { apps } });
  const proposed = await deciding.propose(decision);
  expect(proposed.effects?.due).toEqual([
    { developerId: 'dev_7', appId: 'app_7_1', currency: null, fromDay: '2018-05-31', toDay: null },
  ]);
  expect(await version()).toBe(before);
  await deciding.approve('category-1');
  await deciding.system.settleDue();
  expect(await deciding.balance('dev_7', 'payable')).toBe(30n * CNY);

  const back = [{ ...APP, category: 'tools', category_from: '2018-05-31' }];
  await deciding.propose({ ...decision, id: 'category-2', parameters: { apps: back } });
  await deciding.approve('category-2');
  await deciding.system.settleDue();
  expect(await deciding.balance('dev_7', 'payable')).toBe(50n * CNY);
  expect((await deciding.system.verify()).differences).toEqual([]);
});

test('rate cards are recorded by approval, and price what comes later', async () => {
  const campaign = { id: 'c_42', currency: 'CNY', rate_cards: [{ effective_from: '2018-05-31', cpc: '10.00' }] };
  const click = (id: string) => JSON.stringify({ ...CLICK, id, campaign_id: 'c_42' });
  const decision = proposal({ id: 'cards-1', kind: 'rate_cards', parameters: { campaigns: [campaign] } });
  expect((await deciding.propose(decision)).effects?.due).toEqual([]);
  await deciding.system.take([click('k1')]);
  await deciding.approve('cards-1');
  await deciding.system.take([click('k2')]);
  await deciding.system.settleDue();
  // A half of 110.00: the first of the two clicks had no price.
  expect(await deciding.balance('dev_7', 'payable')).toBe(55n * CNY);
});

test('a traffic policy is recorded by approval, and takes back what it finds', async () => {
  const checks = { repeated_click: { window_ms: 3_600_000 } };
  const policies = { traffic_policies: [{ effective_from: '2018-05-31', checks }] };
  const decision = proposal({ id: 'policy-1', kind: 'traffic_policy', parameters: policies });
  expect((await deciding.propose(decision)).effects?.due).toEqual([
    { developerId: null, appId: null, currency: null, fromDay: '2018-05-31', toDay: null },
  ]);
  await deciding.approve('policy-1');
  expect(await deciding.system.due()).toEqual(['2018-05-31 dev_7']);
  await deciding.system.settleDue();
  expect(await deciding.balance('dev_7', 'payable')).toBe(50n * CNY);
  const lifted = { traffic_policies: [{ effective_from: '2018-05-31', checks: { repeated_click: false } }] };
  await deciding.propose({ ...decision, id: 'policy-2', parameters: lifted });
  await deciding.approve('policy-2');
  await deciding.system.settleDue();
  expect(await deciding.balance('dev_7', 'payable')).toBe(55n * CNY);
  expect((await deciding.system.verify()).differences).toEqual([]);
});

test.each([
  ['category', { apps: [] }, 'parameters.apps'],
  ['category', { apps: [{ ...APP, category: 7 }] }, 'parameters: apps[0].category'],
  ['category', { apps: [{ ...APP, developer_id: 'dev_1', category: 'games' }] }, 'apps[0].developer_id'],
  ['category', { file: 7 }, 'parameters.apps is missing'],
  ['rate_cards', {}, 'parameters.campaigns'],
  ['rate_cards', { campaigns: [{ id: 'c', currency: 'CNY', rate_cards: [{ effective_from: '2018-01-01' }] }] }, 'cpm'],
  ['traffic_policy', { traffic_policies: 'none' }, 'parameters.traffic_policies'],
  ['traffic_policy', { traffic_policies: [{ effective_from: 'soon' }] }, 'traffic_policies[0].effective_from'],
  ['traffic_policy', { traffic_policies: [], data_centres: ['here'] }, 'parameters.data_centres: line 1'],
  ['traffic_policy', { file: 7, traffic_policies: [] }, 'parameters.file'],
])('%s: %j is refused with the place', async (kind, parameters, place) => {
  const before = await version();
  const refused = await rejectionOf(deciding.propose(proposal({ id: 'bad', kind, parameters })));
  expect(refused.message).toContain(place);
  expect(await version()).toBe(before);
});
