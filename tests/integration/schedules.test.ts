import { afterEach, expect, test } from 'vitest';
import { knownDecision } from '../../src/decisions/decide.ts';
import { showDecision } from '../../src/decisions/show-decision.ts';
import { bucketOf } from '../../src/domain/bucket.ts';
import { processBucket } from '../../src/events/process-bucket.ts';
import { settleBucket } from '../../src/settlement/settle-bucket.ts';
import { Deciding } from '../support/deciding.ts';
import { Holding } from '../support/holding.ts';
import { clickOf, ownerIn, PROVIDER_BUCKETS, provider } from '../support/provider-world.ts';
import { SettlementSystem } from '../support/settlement-system.ts';
import { comesToWait, isAnybodyWaiting, Stopping } from '../support/stopping.ts';

const DAY = '2018-04-10';
const NEXT = '2018-04-11';
const LAST = '2018-04-20';

let system: SettlementSystem | null = null;
afterEach(async () => {
  await system?.drop();
  system = null;
});

/** Half of what `app_a` and `app_z` earn is their developers'. Both books lie in one bucket. */
async function openTwo(): Promise<SettlementSystem> {
  const opened = await SettlementSystem.open({ bucketCount: 1, now: '2018-04-22T12:00:00+08:00' });
  system = opened;
  const ids = ['a', 'z'];
  await opened.importCatalog({
    developers: ids.map(id => ({ id: `dev_${id}`, name: id, type: 'company', country: 'CN' })),
    apps: ids.map(id => ({ id: `app_${id}`, developer_id: `dev_${id}`, name: id, category: 'tools' })),
    ad_units: ids.map(id => ({ id: `app_${id}_unit`, app_id: `app_${id}`, format: 'banner' })),
  });
  await opened.importPlans(planOf('0.50'));
  return opened;
}

function planOf(share: string) {
  return {
    ...{ id: 'all', scope: { default: true }, currency: 'CNY', effective_from: '2018-01-01', effective_to: null },
    ...{ basis: 'app_day', mode: 'marginal', tiers: [{ share }] },
  };
}

/** Begins to settle a day in its one bucket, and stops before its due marks are taken back. */
async function beginSettling(opened: SettlementSystem, day: string) {
  await opened.requestRun(day);
  const [job] = opened.settlementJobs.splice(0);
  if (job === undefined) throw new Error('nothing is to be settled');
  const stopping = new Stopping(opened.db, { before: 'delete from due_days' });
  const { calendar, bucketCount } = opened;
  const settled = settleBucket({ db: stopping.db, calendar, bucketCount, now: () => opened.now }, job);
  await stopping.stopped;
  return { settled, resume: stopping.resume };
}

test('a plan that is recorded while a day is being settled makes it due again', async () => {
  const opened = await openTwo();
  await opened.take([clickOf('app_a', DAY, '10.00')]);
  const { settled, resume } = await beginSettling(opened, DAY);
  const importing = opened.importPlans(planOf('0.40'));
  const waited = await comesToWait(opened.db);
  resume();
  await Promise.all([settled, importing]);
  expect(await opened.due()).toEqual([`${DAY} dev_a`]);
  await opened.settleDue();
  expect((await opened.verify()).differences).toEqual([]);
  expect(waited).toBe(true);
});

test('an import of plans and a worker never wait for each other, whatever days both mark', async () => {
  const opened = await openTwo();
  await opened.importTraffic({ effective_from: '2018-01-01', checks: { repeated_click: { window_ms: 10_000 } } });
  await opened.take([clickOf('app_a', DAY, '1'), clickOf('app_a', NEXT, '1'), clickOf('app_z', LAST, '1')]);
  await opened.settleDue();
  await opened.take([clickOf('app_a', DAY, '1')]);
  await opened.settle(NEXT);
  // What the worker reaches lies between the day that is due already and the last that it earns on.
  expect(await opened.due()).toEqual([`${DAY} dev_a`]);
  await opened.ingest([clickOf('app_a', DAY, '1'), clickOf('app_z', LAST, '1')]);

  const stopping = new Stopping(opened.db, { before: 'insert into due_days', nth: 2 });
  const deps = { db: stopping.db, calendar: opened.calendar, now: () => opened.now };
  const processing = processBucket(deps, { bucket: 0, batchEvents: 100 });
  await Promise.race([stopping.stopped, processing]);
  let isImported = false;
  const importing = opened.importPlans(planOf('0.40')).then(() => {
    isImported = true;
  });
  await expect.poll(async () => isImported || (await isAnybodyWaiting(opened.db))).toBe(true);
  stopping.resume();
  await Promise.all([processing, importing]);
  expect(await opened.due()).toEqual([`${DAY} dev_a`, `${NEXT} dev_a`, `${LAST} dev_z`]);
  await opened.settleDue();
  expect((await opened.verify()).differences).toEqual([]);
});

test('what a plan would change is shown while a day is being settled, and the other way round', async () => {
  const deciding = await Deciding.open({ bucketCount: 1, now: '2018-04-22T12:00:00+08:00' });
  system = deciding.system;
  await system.importPlans(planOf('0.50'));
  const click = (price: string) => clickOf('app_1', DAY, price).replace('app_1_unit', 'unit_1');
  await system.take([click('10.00')]);
  const parameters = { plans: [planOf('0.40')] };
  const proposal = { id: 'plan-1', kind: 'plan', parameters, reason: 'less', evidence: [{ text: 'agreed' }] };

  const { settled, resume } = await beginSettling(system, DAY);
  expect((await deciding.propose(proposal)).effects?.due).toHaveLength(1);
  expect((await deciding.show('plan-1')).due).toHaveLength(1);
  resume();
  await settled;
  expect(await system.due()).toEqual([]);

  await system.take([click('2.00')]);
  const stopping = new Stopping(system.db, { before: 'rollback to savepoint dry_run' });
  const decision = await knownDecision(deciding.deps, 'plan-1');
  const context = { ...deciding.deps, at: system.now };
  const showing = stopping.db.transaction(tx => showDecision(tx, decision, context));
  await stopping.stopped;
  await system.settleDue();
  expect(await system.due()).toEqual([]);
  stopping.resume();
  expect((await showing).due).toHaveLength(1);
  expect((await system.verify()).differences).toEqual([]);
});

/** What an agency, whose book lies in another bucket than its app's, is left with of a day on which the app earned 10.00 for it. */
test.each([
  ['hold', false, 'held 1.00'],
  ['release', true, 'payable 1.00'],
  ['forfeit', true, 'forfeited 1.00'],
] as const)(
  'a run that posts to the book of a %s comes before or after it, in whatever bucket it is',
  async (kind, isHeld, left) => {
    const holding = await Holding.open();
    ({ system } = holding);
    const agency = ownerIn((bucketOf('dev_1', PROVIDER_BUCKETS) + 1) % PROVIDER_BUCKETS);
    await system.importCatalog({ providers: [provider(agency, '0.20', { app_1: {} })] });
    for (const appId of [null, 'app_1']) await system.confirmTerms(agency, appId);
    system.now = new Date('2018-04-12T09:00:00+08:00');
    const hold = isHeld ? await holding.decide('hold', { book: agency, from: NEXT }) : null;
    const id = await holding.propose(kind, hold === null ? { book: agency, from: NEXT } : { hold });
    await system.take([clickOf('app_1', NEXT, '10.00')]);
    const { settled, resume } = await beginSettling(system, NEXT);
    const approving = holding.deciding.approve(id);
    const waited = await comesToWait(system.db);
    resume();
    await Promise.all([settled, approving]);
    expect(await holding.standing(agency)).toEqual([`app_1 ${NEXT}: ${left}`]);
    await holding.expectSound();
    expect(waited).toBe(true);
  },
);
