import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { currentReferenceVersion, lockReference } from '../../src/catalog/reference-version.ts';
import { importCatalogFile, importPlansFile, importTrafficFile } from '../../src/decisions/import-alone.ts';
import { invalidateAlone, reinstateAlone } from '../../src/decisions/invalidate-alone.ts';
import { anyPersons } from '../../src/decisions/stored-persons.ts';
import { parseSoleLimits } from '../../src/domain/sole-limit.ts';
import { parseEventList } from '../../src/traffic/event-list-file.ts';
import { CATALOG, Deciding, PERSONS } from '../support/deciding.ts';
import { day, planEntry, plansText } from '../support/reference-files.ts';
import { rejectionOf } from '../support/refusals.ts';
import { SettlementSystem } from '../support/settlement-system.ts';

let deciding: Deciding;
beforeEach(async () => {
  deciding = new Deciding(await SettlementSystem.open({ bucketCount: 4 }));
});
afterEach(async () => await deciding.system.drop());

const version = async () => await currentReferenceVersion(deciding.system.db);
const importPlans = async (...plans: Record<string, unknown>[]) =>
  await importPlansFile(deciding.deps, { text: plansText(...plans), source: 'a/plans.json' });
const importCatalog = async (catalog: object) =>
  await importCatalogFile(deciding.deps, { text: JSON.stringify(catalog), source: 'catalog.json' });

const PROVIDER = {
  ...{ id: 'prov_1', name: 'Agency', type: 'company', country: 'CN' },
  ...{ ratios: [{ effective_from: '2018-06-01', ratio: '0.20' }], apps: [] },
};

describe('what decides what days are worth', () => {
  test('are imported by one person until persons are on record, and then by decision alone', async () => {
    await importCatalog({ ...CATALOG, providers: [PROVIDER] });
    await importPlans(planEntry());
    await deciding.importPersons(PERSONS);
    const before = await version();
    expect(await importPlans(planEntry())).toMatchObject({ unchanged: 1 });
    expect(await importCatalog({ ...CATALOG, providers: [PROVIDER] })).toMatchObject({ unchanged: { providers: 1 } });

    const changed = planEntry({ tiers: [{ share: '0.40' }] });
    const refused = await rejectionOf(importPlans(changed, planEntry({ id: 'usd', currency: 'USD' })));
    expect(refused).toMatchObject({ code: 'needs_decision', details: { added: 1, changed: 1 } });
    expect(refused.message).toContain('write {"kind":"plan","parameters":{"file":"plans.json"},"reason":"…"');
    const ratios = [{ effective_from: '2018-06-01', ratio: '0.30' }];
    const provider = await rejectionOf(importCatalog({ providers: [{ ...PROVIDER, ratios }] }));
    expect(provider).toMatchObject({ code: 'needs_decision', details: { decision: { kind: 'provider_ratio' } } });
    expect([await version(), await deciding.system.due()]).toEqual([before, []]);

    // An app of the catalog moves no money by itself.
    const app = { id: 'app_2', developer_id: 'dev_1', name: 'Second', category: 'games' };
    expect(await importCatalog({ apps: [app] })).toMatchObject({ added: { apps: 1 } });
  });

  test('the decision that is made ready is one, with the file beside it', async () => {
    await importCatalog(CATALOG);
    await deciding.importPersons(PERSONS);
    const { details } = await rejectionOf(importPlans(planEntry()));
    const ready = { ...(details.decision as object), reason: 'a season', evidence: [{ text: 'minutes' }] };
    const { decision } = await deciding.propose(ready, 'li.wei', { 'plans.json': plansText(planEntry()) });
    expect(decision.evidence).toMatchObject([{ text: 'minutes' }, { file: 'plans.json' }]);
    await deciding.approve(decision.decisionId);
    expect(await importPlans(planEntry())).toMatchObject({ unchanged: 1 });

    const catalog = JSON.stringify({ ...CATALOG, providers: [PROVIDER] });
    const refused = await rejectionOf(importCatalog(JSON.parse(catalog)));
    const second = { ...(refused.details.decision as object), reason: 'an agency', evidence: [{ text: 'contract' }] };
    const proposed = await deciding.propose(second, 'li.wei', { 'catalog.json': catalog });
    await deciding.approve(proposed.decision.decisionId);
    expect(await importCatalog({ providers: [PROVIDER] })).toMatchObject({ unchanged: { providers: 1 } });
  });

  test('another category or price takes two persons; new apps and other names do not', async () => {
    const campaign = { id: 'c_42', currency: 'CNY', rate_cards: [{ effective_from: '2018-01-01', cpm: '2.50' }] };
    await importCatalog({ ...CATALOG, campaigns: [campaign] });
    await deciding.importPersons(PERSONS);
    const [first, ...others] = CATALOG.apps;
    const named = { ...first, name: 'Second to none', category_from: '2018-01-01' };
    expect(await importCatalog({ ...CATALOG, apps: [named, ...others], campaigns: [campaign] })).toMatchObject({
      changed: { apps: 1 },
      unchanged: { campaigns: 1 },
    });
    const before = await version();

    const moved = { ...named, category: 'tools' };
    const category = await rejectionOf(importCatalog({ apps: [moved, ...others] }));
    expect(category).toMatchObject({
      ...{ code: 'needs_decision' },
      details: { added: 0, changed: 1, decision: { kind: 'category', parameters: { file: 'catalog.json' } } },
    });
    for (const [card, counts] of [
      [
        { ...campaign, rate_cards: [{ effective_from: '2018-01-01', cpm: '2500.00' }] },
        { added: 0, changed: 1 },
      ],
      [
        { ...campaign, id: 'c_43' },
        { added: 1, changed: 0 },
      ],
    ] as const) {
      const refused = await rejectionOf(importCatalog({ campaigns: [card] }));
      expect(refused.details).toMatchObject({ ...counts, decision: { kind: 'rate_cards' } });
    }
    expect(await version()).toBe(before);
  });

  test('of a catalog beside the proposal, a decision takes the apps that change their category and no others', async () => {
    await importCatalog(CATALOG);
    await deciding.importPersons(PERSONS);
    const [first, ...others] = CATALOG.apps;
    const fresh = { id: 'app_9', developer_id: 'dev_1', name: 'Ninth', category: 'games' };
    const catalog = JSON.stringify({ apps: [{ ...first, category: 'tools' }, ...others, fresh] });
    const { details } = await rejectionOf(importCatalog(JSON.parse(catalog)));
    const ready = {
      ...(details.decision as object),
      reason: 'it was filed wrongly',
      evidence: [{ text: 'a look at it' }],
    };
    const { decision } = await deciding.propose(ready, 'li.wei', { 'catalog.json': catalog });
    expect(decision.parameters).toEqual({ apps: [{ ...first, category: 'tools' }] });
    await deciding.approve(decision.decisionId);
    expect(await importCatalog(JSON.parse(catalog))).toMatchObject({ added: { apps: 1 }, unchanged: { apps: 2 } });
  });

  test('traffic policies and the networks of data centres take two persons, with both files beside the proposal', async () => {
    const text = JSON.stringify({ traffic_policies: [{ effective_from: '2018-01-01' }] });
    const importTraffic = async (policies: string, networks: string | null) =>
      await importTrafficFile(deciding.deps, {
        policies: { text: policies, source: 'a/traffic.json' },
        networks: networks === null ? null : { text: networks, source: 'a/networks.txt' },
      });
    await importCatalog(CATALOG);
    await importTraffic(text, '203.0.113.0/24');
    await deciding.importPersons(PERSONS);
    expect(await importTraffic(text, '203.0.113.0/24')).toMatchObject({ unchanged: 1, lists: [] });
    const before = await version();

    const lax = JSON.stringify({ traffic_policies: [{ effective_from: '2018-05-01', checks: { known_bot: false } }] });
    expect(await rejectionOf(importTraffic(lax, null))).toMatchObject({
      ...{ code: 'needs_decision' },
      details: { added: 1, changed: 0, decision: { kind: 'traffic_policy', parameters: { file: 'traffic.json' } } },
    });
    const { details } = await rejectionOf(importTraffic(lax, '198.51.100.0/24'));
    expect(await version()).toBe(before);

    const ready = { ...(details.decision as object), reason: 'a new provider', evidence: [{ text: 'its list' }] };
    const beside = { 'traffic.json': lax, 'networks.txt': '198.51.100.0/24\n' };
    const { decision } = await deciding.propose(ready, 'li.wei', beside);
    expect(decision.parameters).toMatchObject({ data_centres: ['198.51.100.0/24'] });
    expect(decision.evidence).toMatchObject([{ text: 'its list' }, { file: 'traffic.json' }, { file: 'networks.txt' }]);
    await deciding.approve(decision.decisionId);
    expect(await importTraffic(lax, '198.51.100.0/24')).toMatchObject({ unchanged: 1, lists: [] });
  });

  test('the first persons wait for an import that has begun', async () => {
    const { db } = deciding.system;
    await importCatalog(CATALOG);
    let waiting: Promise<unknown> = Promise.resolve();
    await db.transaction(async tx => {
      await lockReference(tx, 'exclusive');
      waiting = deciding.importPersons(PERSONS);
      const waits = async () =>
        (await db.query("select from pg_locks where locktype = 'advisory' and not granted")).rowCount;
      await expect.poll(waits, { timeout: 10_000 }).toBe(1);
      expect(await anyPersons(tx)).toBe(false);
    });
    await waiting;
    expect(await anyPersons(db)).toBe(true);
  });
});

describe('traffic', () => {
  const click = (id: string, date: string, app: string, price: string) =>
    JSON.stringify({
      ...{
        id,
        type: 'click',
        occurred_at: `${date}T10:00:00+08:00`,
        app_id: app,
        ad_unit_id: app.replace('app', 'unit'),
      },
      ...{ currency: 'CNY', price },
    });

  beforeEach(async () => {
    const { system } = deciding;
    await system.importCatalog(CATALOG);
    await system.importPlans(planEntry());
    await deciding.importPersons(PERSONS);
    system.now = new Date('2018-06-02T12:00:00+08:00');
    await system.take([
      click('a', '2018-05-30', 'app_7_1', '40.00'),
      click('b', '2018-05-30', 'app_7_1', '20.00'),
      click('c', '2018-05-31', 'app_7_1', '50.00'),
      click('d', '2018-05-31', 'app_1', '100.000000'),
    ]);
    await system.settleDue();
  });

  const deps = (limits: string | null = 'CNY:100.00') => {
    const { db, calendar, bucketCount, now } = deciding.system;
    const soleLimits = limits === null ? new Map() : (parseSoleLimits(limits) ?? expect.fail());
    return { db, calendar, bucketCount, now: () => now, soleLimits };
  };
  const request = (invalidationId: string, events: string, actor: string) => ({
    ...{ invalidationId, appId: events === 'click d' ? 'app_1' : 'app_7_1', of: parseEventList(events, 'events.txt') },
    ...{ reason: 'click_farm', actor, note: null },
  });
  const invalidate = async (
    id: string,
    events: string,
    { actor = 'li.wei', limits = 'CNY:100.00' as string | null } = {},
  ) => await invalidateAlone(deps(limits), request(id, events, actor));
  const reinstate = async (invalidationId: string, actor = 'li.wei') =>
    await reinstateAlone(deps(), { invalidationId, actor, reason: 'appeal' });

  test('nothing goes through with one person unless a limit is configured, and only with one who may propose', async () => {
    const before = await version();
    expect(await rejectionOf(invalidate('i1', 'click a', { limits: null }))).toMatchObject({ code: 'needs_decision' });
    expect(await rejectionOf(invalidate('i1', 'click a', { actor: 'x' }))).toMatchObject({ code: 'unknown_person' });
    expect(await rejectionOf(invalidate('i1', 'click a', { actor: 'wang.fang' }))).toMatchObject({
      code: 'wrong_role',
    });
    expect(await rejectionOf(invalidate('i1', 'click a', { limits: 'USD:100.00' }))).toMatchObject({
      code: 'needs_decision',
    });
    expect([await version(), await deciding.system.due()]).toEqual([before, []]);
  });

  test('at stake is all that the apps earned on those days; a person may use the limit once a day, whatever the parts', async () => {
    // 40 + 20 of the day of which only one event is named.
    await invalidate('i1', 'click b');
    expect(await invalidate('i1', 'click b')).toMatchObject({ isNew: false });
    const second = await rejectionOf(invalidate('i2', 'click c'));
    expect(second.message).toContain(
      'earned 50.00 CNY on the days concerned; one person may decide about 100.00 CNY a day, and 60.00',
    );
    expect(await rejectionOf(reinstate('i1'))).toMatchObject({ code: 'needs_decision' });
    await invalidate('i2', 'click c', { actor: 'CHEN.JIE' });
    deciding.system.now = new Date('2018-06-03T00:00:00+08:00');
    await reinstate('i1');
    expect(await reinstate('i1')).toMatchObject({ isNew: false });
    await invalidate('i3', 'click d', { actor: 'zhao.min' });
    expect((await deciding.system.verify()).differences).toEqual([]);
  });

  test('two acts of one person at once use what is left once', async () => {
    const acts = await Promise.allSettled([invalidate('i1', 'click a'), invalidate('i2', 'click c')]);
    expect(acts.map(each => each.status).sort()).toEqual(['fulfilled', 'rejected']);
  });

  test('a slice takes two persons whatever it comes to, and so does its reinstatement', async () => {
    const slice = { adUnitId: null, eventType: 'click', fromDay: day('2018-05-01'), toDay: day('2018-05-01') } as const;
    const asked = { ...request('s1', 'click a', 'li.wei'), of: slice };
    const refused = await rejectionOf(invalidateAlone(deps(), asked));
    expect(refused.message).toContain('a slice takes what comes later too');
    const ready = { ...(refused.details.decision as object), reason: 'a farm', evidence: [{ text: 'ticket' }] };
    await deciding.propose(ready);
    await deciding.approve('s1');
    expect(await rejectionOf(reinstate('s1'))).toMatchObject({
      code: 'needs_decision',
      details: { decision: { kind: 'reinstate', parameters: { invalidation: 's1', ground: 'appeal' } } },
    });
  });

  test('the database refuses an act above its limit, one by nobody, and every change', async () => {
    await invalidate('i1', 'click b');
    const { db } = deciding.system;
    const insert = async (values: string) =>
      await db.query(`insert into sole_acts values ('reinstate', 'i1', 'CNY', ${values})`);
    await expect(insert("'li.wei', '2018-06-02', 41, 60, 100")).rejects.toThrow('sole_acts_limit');
    await expect(insert("'nobody', '2018-06-02', 40, 60, 100")).rejects.toThrow('sole_acts_person_fkey');
    const owner = await deciding.system.owner();
    await expect(owner.query('update sole_acts set limit_nanos = 10')).rejects.toThrow('keeps what was recorded');
  });
});

test('a limit is an amount above zero for each currency', () => {
  expect(parseSoleLimits('CNY:100.00, JPY:5')).toEqual(
    new Map([
      ['CNY', 100_000_000_000n],
      ['JPY', 5_000_000_000n],
    ]),
  );
  for (const bad of ['', '100', 'CNY', 'CNY:0', 'CNY:-1', 'CNY:1:2', 'CNY:1,CNY:2', 'XXX:1', 'CNY:1,']) {
    expect(parseSoleLimits(bad), bad).toBeNull();
  }
});
