import { afterAll, beforeAll, expect, test } from 'vitest';
import { knownBooks } from '../../src/catalog/known-books.ts';
import { currentReferenceVersion } from '../../src/catalog/reference-version.ts';
import { Deciding } from '../support/deciding.ts';
import { planEntry } from '../support/reference-files.ts';
import { rejectionOf } from '../support/refusals.ts';

const CNY = 1_000_000_000n;

let deciding: Deciding;

beforeAll(async () => {
  deciding = await Deciding.open();
  await deciding.system.importPlans(planEntry());
  const event = {
    id: 'e1',
    type: 'click',
    occurred_at: '2018-05-31T10:00:00+08:00',
    app_id: 'app_7_1',
    ad_unit_id: 'unit_7_1',
    currency: 'CNY',
    price: '100.00',
  };
  await deciding.system.take([JSON.stringify(event)]);
  await deciding.system.settleDue();
});
afterAll(async () => await deciding.system.drop());

const planDecision = (changes: Record<string, unknown>, plan: Record<string, unknown>) => ({
  id: 'plan-1',
  kind: 'plan',
  parameters: { plans: [planEntry(plan)] },
  reason: 'a new season',
  evidence: [{ text: 'the minutes of 2018-05-30' }],
  ...changes,
});

const version = async () => await currentReferenceVersion(deciding.system.db);

test('a plan that is proposed changes nothing, and shows what it would make due; approved, the next run posts it', async () => {
  const before = await version();
  const proposed = await deciding.propose(planDecision({}, { tiers: [{ share: '0.40' }] }));
  expect(proposed.effects?.due).toEqual([
    { developerId: null, appId: null, currency: 'CNY', fromDay: '2018-03-28', toDay: null },
  ]);
  expect(await version()).toBe(before);
  expect(await deciding.system.due()).toEqual([]);
  expect(await deciding.show('plan-1')).toMatchObject({ status: 'proposed', due: [{ from: '2018-03-28', to: null }] });

  await deciding.approve('plan-1');
  expect(await version()).toBe(before + 1);
  expect(await deciding.system.due()).toEqual(['2018-05-31 dev_7']);
  expect(await deciding.balance('dev_7', 'payable')).toBe(50n * CNY);
  await deciding.system.settleDue();
  expect(await deciding.balance('dev_7', 'payable')).toBe(40n * CNY);
  expect((await deciding.system.verify()).differences).toEqual([]);
});

test('a plan that cannot be imported is not even proposed', async () => {
  const overlap = planDecision({ id: 'plan-2' }, { id: 'another', tiers: [{ share: '0.45' }] });
  expect(await rejectionOf(deciding.propose(overlap))).toMatchObject({ code: 'bad_plans' });
  const band = planDecision({ id: 'plan-2' }, { tiers: [{ share: '0.90' }] });
  expect((await rejectionOf(deciding.propose(band))).message).toContain('parameters: plans[0].tiers[0].share');
});

test('a plan that has become impossible stays proposed', async () => {
  const later = { id: 'later', effective_from: '2019-01-01', scope: { category: 'tools' }, tiers: [{ share: '0.45' }] };
  await deciding.propose(planDecision({ id: 'plan-3' }, later));
  await deciding.system.importPlans(planEntry({ ...later, id: 'first' }));
  const before = await version();
  expect(await rejectionOf(deciding.approve('plan-3'))).toMatchObject({ code: 'bad_plans' });
  expect(await deciding.show('plan-3')).toMatchObject({ status: 'proposed', problem: { code: 'bad_plans' } });
  expect(await version()).toBe(before);
});

test('a provider with its ratio is recorded by approval', async () => {
  const provider = { id: 'prov_1', name: 'Agency', type: 'company', country: 'CN' };
  const ratios = [{ effective_from: '2018-06-01', ratio: '0.20' }];
  const decision = planDecision({ id: 'ratio-1', kind: 'provider_ratio' }, {});
  await deciding.propose({ ...decision, parameters: { providers: [{ ...provider, ratios, apps: [] }] } });
  expect(await knownBooks(deciding.system.db, ['prov_1'])).toEqual(new Set());
  await deciding.approve('ratio-1');
  expect(await knownBooks(deciding.system.db, ['prov_1'])).toEqual(new Set(['prov_1']));
  const bad = { ...decision, id: 'ratio-2', parameters: { providers: [{ ...provider, ratios: [], apps: 7 }] } };
  expect(await rejectionOf(deciding.propose(bad))).toMatchObject({ code: 'bad_catalog' });
});

const invalidation = (changes: Record<string, unknown>) => ({
  id: 'ticket-1',
  kind: 'invalidate',
  parameters: { app: 'app_7_1', code: 'click_farm', slice: { from: '2018-05-31', to: '2018-05-31', type: 'click' } },
  reason: 'a farm in the logs',
  evidence: [{ text: 'ticket 1' }],
  ...changes,
});

test('traffic invalidated and reinstated by decision is clawed back and given back by the runs after', async () => {
  const owed = await deciding.balance('dev_7', 'payable');
  const proposed = await deciding.propose(invalidation({}));
  expect(proposed.effects?.due).toEqual([
    { developerId: 'dev_7', appId: 'app_7_1', currency: null, fromDay: '2018-05-31', toDay: '2018-05-31' },
  ]);
  expect(await deciding.system.due()).toEqual([]);
  await deciding.approve('ticket-1');
  await deciding.system.settleDue();
  expect(await deciding.balance('dev_7', 'payable')).toBe(0n);

  const reinstatement = { kind: 'reinstate', parameters: { invalidation: 'ticket-1', ground: 'appeal upheld' } };
  await deciding.propose(invalidation({ id: 'appeal-1', ...reinstatement }));
  await deciding.approve('appeal-1');
  await deciding.system.settleDue();
  expect(await deciding.balance('dev_7', 'payable')).toBe(owed);
  const twice = await rejectionOf(deciding.propose(invalidation({ id: 'appeal-2', ...reinstatement })));
  expect(twice).toMatchObject({ code: 'already_reinstated' });
  expect((await deciding.system.verify()).differences).toEqual([]);
});

test('single events are invalidated by a list of them; one that was not accepted is refused', async () => {
  const events = (...ids: string[]) => ({
    parameters: { app: 'app_7_1', code: 'click_farm', events: ids.map(id => ({ type: 'click', id })) },
  });
  const unknown = await rejectionOf(deciding.propose(invalidation({ id: 'list-1', ...events('e1', 'e9') })));
  expect(unknown).toMatchObject({ code: 'bad_event_list' });
  await deciding.propose(invalidation({ id: 'list-2', ...events('e1') }));
  await deciding.approve('list-2');
  await deciding.system.settleDue();
  expect(await deciding.balance('dev_7', 'payable')).toBe(0n);
});
