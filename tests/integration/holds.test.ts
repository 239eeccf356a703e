import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { listHolds } from '../../src/decisions/list-holds.ts';
import { bucketOf } from '../../src/domain/bucket.ts';
import { parseBusinessDay } from '../../src/domain/business-day.ts';
import { parsePeriod } from '../../src/domain/period.ts';
import { explainAppDay } from '../../src/statements/explain.ts';
import { renderExplanation } from '../../src/statements/render-explanation.ts';
import { renderStatement } from '../../src/statements/render-statement.ts';
import { statementOf } from '../../src/statements/statement.ts';
import { checkHolds } from '../../src/verification/check-holds.ts';
import { Holding } from '../support/holding.ts';
import { clickOf, ownerIn, PROVIDER_BUCKETS, provider } from '../support/provider-world.ts';
import { rejectionOf } from '../support/refusals.ts';

let holding: Holding;
beforeEach(async () => {
  holding = await Holding.open();
});
afterEach(async () => await holding.system.drop());

const DAY = parseBusinessDay('2018-04-11');
const NEXT = '2018-04-12';

function wait(instant: string): void {
  holding.system.now = new Date(instant);
}

describe('while a hold is in force', () => {
  test('what a run posts is held in the same transaction, and released later', async () => {
    wait('2018-04-12T09:00:00+08:00');
    await holding.earn('app_1', DAY, '4.00');
    const hold = await holding.decide('hold', { book: 'dev_1' });
    // The day of approval is the first of which it takes what is payable.
    expect(await holding.standing()).toEqual(['app_1 2018-04-11: payable 2.00']);

    wait('2018-04-13T09:00:00+08:00');
    await holding.earn('app_1', NEXT, '6.00');
    await holding.earn('app_1', DAY, '1.00');
    expect(await holding.standing()).toEqual([
      'app_1 2018-04-11: payable 2.00, held 0.50',
      'app_1 2018-04-12: held 3.00',
    ]);
    expect((await holding.system.ledger()).filter(row => row.includes(' hold '))).toEqual([
      '2018-04-11 dev_1 app_1 hold v1: payable > held 500000000 CNY in 2018-04-H1',
      '2018-04-12 dev_1 app_1 hold v1: payable > held 3000000000 CNY in 2018-04-H1',
    ]);
    await holding.expectSound();

    await holding.decide('release', { hold });
    expect(await holding.standing()).toEqual(['app_1 2018-04-11: payable 2.50', 'app_1 2018-04-12: payable 3.00']);
    // It has ended: nothing more is held.
    await holding.earn('app_1', NEXT, '2.00');
    expect(await holding.standing()).toContain('app_1 2018-04-12: payable 4.00');
    await holding.expectSound();
  });

  test('"from" takes what is payable of the days, newest first, at most what the book is owed', async () => {
    wait('2018-04-13T09:00:00+08:00');
    await holding.earn('app_1', DAY, '4.00');
    await holding.earn('app_2', NEXT, '6.00');
    // 2 + 3 − 1.50 = 3.50 are owed.
    await holding.decide('adjust', {
      rows: [{ book: 'dev_1', currency: 'CNY', amount: '-1.50', reason: 'a fee' }],
    });
    const proposed = await holding.propose('hold', { book: 'dev_1', from: '2018-04-01' });
    const { transfers } = await holding.deciding.show(proposed);
    expect(transfers.map(each => [each.app_id, each.business_date, each.amount.amount, each.why])).toEqual([
      ['app_2', NEXT, '3.00', 'a review'],
      ['app_1', DAY, '0.50', 'a review'],
    ]);
    await holding.deciding.approve(proposed);
    expect(await holding.standing()).toEqual(
      expect.arrayContaining(['app_1 2018-04-11: payable 1.50, held 0.50', 'app_2 2018-04-12: held 3.00']),
    );
    expect(await holding.deciding.balance('dev_1', 'payable')).toBe(0n);
    expect((await holding.deciding.show(proposed)).transfers).toMatchObject([
      { amount: { amount: '3.00' } },
      { amount: { amount: '0.50' } },
    ]);
    await holding.expectSound();
  });

  test('a hold on one app leaves the others alone', async () => {
    wait('2018-04-12T09:00:00+08:00');
    await holding.decide('hold', { book: 'dev_1', app: 'app_1' });
    await holding.earn('app_1', DAY, '4.00');
    await holding.earn('app_2', DAY, '4.00');
    expect(await holding.standing()).toEqual(['app_1 2018-04-11: held 2.00', 'app_2 2018-04-11: payable 2.00']);
  });

  test('nothing becomes due, and a run afterwards posts nothing', async () => {
    wait('2018-04-12T09:00:00+08:00');
    await holding.earn('app_1', DAY, '4.00');
    const hold = await holding.decide('hold', { book: 'dev_1', from: DAY });
    const after = await holding.system.ledger();
    await holding.system.settle(DAY);
    expect(await holding.system.due()).toEqual([]);
    expect(await holding.system.ledger()).toEqual(after);
    await holding.decide('forfeit', { hold });
    expect(await holding.system.due()).toEqual([]);
  });
});

describe('a clawback', () => {
  /** A hold takes 1.00 of 1.00 on the first settlement and so on, as the row says; then the day is worth nothing. */
  test.each<[string, { held: string; forfeited: boolean; payable: string }, string, string[]]>([
    [
      'takes held money first',
      { held: '4.00', forfeited: false, payable: '2.00' },
      'app_1 2018-04-11: nothing',
      ['hold v2: held > payable 2000000000', 'developer_share v3: payable > ad_revenue 3000000000'],
    ],
    [
      'takes forfeited money where nothing is held',
      { held: '4.00', forfeited: true, payable: '2.00' },
      'app_1 2018-04-11: nothing',
      ['forfeiture v1: forfeited > payable 2000000000', 'developer_share v3: payable > ad_revenue 3000000000'],
    ],
  ])('%s', async (_what, { held, forfeited, payable }, standing, flows) => {
    wait('2018-04-12T09:00:00+08:00');
    await holding.earn('app_1', DAY, payable);
    const hold = await holding.decide('hold', { book: 'dev_1' });
    await holding.earn('app_1', DAY, held);
    if (forfeited) await holding.decide('forfeit', { hold });
    await holding.invalidate('inv-1', 'app_1', DAY);
    expect(await holding.standing()).toEqual([standing]);
    const ledger = await holding.system.ledger();
    for (const flow of flows) expect(ledger.join('\n')).toContain(flow);
    await holding.expectSound();
  });

  test('goes on to forfeited money and then to payable, which may go below zero', async () => {
    wait('2018-04-12T09:00:00+08:00');
    await holding.earn('app_1', DAY, '2.00'); // payable 1
    const first = await holding.decide('hold', { book: 'dev_1' });
    await holding.earn('app_1', DAY, '4.00'); // held 2
    await holding.decide('forfeit', { hold: first, keep_holding: true }); // forfeited 2
    await holding.earn('app_1', DAY, '6.00'); // held 3
    expect(await holding.standing()).toEqual(['app_1 2018-04-11: payable 1.00, held 3.00, forfeited 2.00']);
    // The one that was payable is paid out meanwhile, as far as the balance tells.
    await holding.decide('adjust', {
      rows: [{ book: 'dev_1', currency: 'CNY', amount: '-1', reason: 'paid by hand' }],
    });
    await holding.invalidate('inv-1', 'app_1', DAY);
    // 6 are taken back: 3 held, 2 forfeited, 1 payable.
    expect(await holding.standing()).toContain('app_1 2018-04-11: nothing');
    expect(await holding.deciding.balance('dev_1', 'payable')).toBe(-1_000_000_000n);
    await holding.expectSound();
  });

  test('a forfeiture followed by an invalidation that charged twice', async () => {
    wait('2018-04-12T09:00:00+08:00');
    await holding.decide('hold', { book: 'dev_1' }, 'review');
    await holding.earn('app_1', DAY, '4.00');
    await holding.decide('forfeit', { hold: 'review' });
    await holding.invalidate('inv-1', 'app_1', DAY);
    expect(await holding.standing()).toEqual(['app_1 2018-04-11: nothing']);
    expect(await holding.deciding.balance('dev_1', 'payable')).toBe(0n);
    expect(await holding.deciding.balance('dev_1', 'forfeited')).toBe(0n);
    // Reinstated after all: it is earned anew, and nothing holds it any more.
    await holding.system.reinstate('inv-1');
    await holding.system.settle(DAY);
    expect(await holding.standing()).toEqual(['app_1 2018-04-11: payable 2.00']);
    await holding.expectSound();
  });
});

describe('release and forfeiture', () => {
  test('a hold released twice, one after the other', async () => {
    wait('2018-04-12T09:00:00+08:00');
    const hold = await holding.decide('hold', { book: 'dev_1' });
    await holding.earn('app_1', DAY, '4.00');
    const [once, twice] = [await holding.propose('release', { hold }), await holding.propose('release', { hold })];
    await holding.deciding.approve(once);
    const after = await holding.system.ledger();
    expect(await rejectionOf(holding.deciding.approve(twice))).toMatchObject({ code: 'hold_ended', exitCode: 1 });
    expect(await holding.deciding.approve(once)).toMatchObject({ fresh: false });
    expect(await rejectionOf(holding.propose('release', { hold }))).toMatchObject({ code: 'hold_ended' });
    expect(await holding.system.ledger()).toEqual(after);
    expect(await holding.deciding.show(twice)).toMatchObject({ status: 'proposed', problem: { code: 'hold_ended' } });
    await holding.expectSound();
  });

  test('a hold released twice at once', async () => {
    wait('2018-04-12T09:00:00+08:00');
    const hold = await holding.decide('hold', { book: 'dev_1' });
    await holding.earn('app_1', DAY, '4.00');
    const both = [await holding.propose('release', { hold }), await holding.propose('release', { hold })];
    const ends = await Promise.allSettled(both.map(id => holding.deciding.approve(id)));
    expect(ends.map(end => (end.status === 'fulfilled' ? end.value.fresh : end.reason.code)).sort()).toEqual([
      'hold_ended',
      true,
    ]);
    expect(await holding.standing()).toEqual(['app_1 2018-04-11: payable 2.00']);
    await holding.expectSound();
  });

  test('a part of it is released or forfeited while the hold goes on', async () => {
    wait('2018-04-13T09:00:00+08:00');
    const hold = await holding.decide('hold', { book: 'dev_1' });
    await holding.earn('app_1', DAY, '2.00');
    await holding.earn('app_2', DAY, '4.00');
    await holding.earn('app_1', NEXT, '6.00');
    expect(await rejectionOf(holding.propose('release', { hold, to: DAY }))).toMatchObject({ code: 'hold_needed' });
    await holding.decide('release', { hold, to: DAY, keep_holding: true });
    expect(await holding.standing()).toEqual([
      'app_1 2018-04-11: payable 1.00',
      'app_1 2018-04-12: held 3.00',
      'app_2 2018-04-11: payable 2.00',
    ]);
    expect(await rejectionOf(holding.propose('release', { hold, app: 'app_2', keep_holding: true }))).toMatchObject({
      code: 'nothing_held',
    });
    await holding.decide('forfeit', { hold, app: 'app_1', from: NEXT, to: NEXT, keep_holding: true });
    await holding.earn('app_1', NEXT, '2.00');
    expect(await holding.standing()).toContain('app_1 2018-04-12: held 1.00, forfeited 3.00');
    await holding.decide('release', { hold });
    await holding.decide('keep_forfeited', { book: 'dev_1' });
    expect(await holding.standing()).toContain('app_1 2018-04-12: payable 1.00');
    expect(await holding.deciding.balance('dev_1', 'forfeited')).toBe(0n);
    expect(await rejectionOf(holding.propose('keep_forfeited', { book: 'dev_1' }))).toMatchObject({
      code: 'nothing_forfeited',
    });
    await holding.expectSound();
  });

  test('money under two holds is held once, and free when none is left', async () => {
    wait('2018-04-12T09:00:00+08:00');
    const onAll = await holding.decide('hold', { book: 'dev_1' });
    const onApp = await holding.decide('hold', { book: 'dev_1', app: 'app_1', from: '2018-04-01' });
    await holding.earn('app_1', DAY, '2.00');
    await holding.earn('app_2', DAY, '4.00');
    await holding.decide('release', { hold: onAll });
    expect(await holding.standing()).toEqual(['app_1 2018-04-11: held 1.00', 'app_2 2018-04-11: payable 2.00']);
    await holding.decide('release', { hold: onApp });
    expect(await holding.standing()).toEqual(['app_1 2018-04-11: payable 1.00', 'app_2 2018-04-11: payable 2.00']);
    await holding.expectSound();
  });

  test('of two persons who release and forfeit at once, one does', async () => {
    wait('2018-04-12T09:00:00+08:00');
    const hold = await holding.decide('hold', { book: 'dev_1' });
    await holding.earn('app_1', DAY, '2.00');
    const release = await holding.propose('release', { hold });
    const forfeit = await holding.propose('forfeit', { hold });
    const both = await Promise.allSettled([
      holding.deciding.approve(release),
      holding.deciding.approve(forfeit, 'zhao.min'),
    ]);
    expect(both.map(each => each.status).toSorted()).toEqual(['fulfilled', 'rejected']);
    expect([['app_1 2018-04-11: payable 1.00'], ['app_1 2018-04-11: forfeited 1.00']]).toContainEqual(
      await holding.standing(),
    );
    await holding.expectSound();
  });

  test('a run and a hold at once: each day is held or not, whichever comes first', async () => {
    wait('2018-04-12T09:00:00+08:00');
    await holding.system.take([clickOf('app_1', DAY, '2.00'), clickOf('app_2', DAY, '2.00')]);
    const hold = await holding.propose('hold', { book: 'dev_1' });
    await Promise.all([holding.system.settle(DAY), holding.deciding.approve(hold)]);
    expect([
      ['app_1 2018-04-11: held 1.00', 'app_2 2018-04-11: held 1.00'],
      ['app_1 2018-04-11: payable 1.00', 'app_2 2018-04-11: payable 1.00'],
    ]).toContainEqual(await holding.standing());
    await holding.expectSound();
  });
});

const OWN_BUCKET = bucketOf('dev_1', PROVIDER_BUCKETS);

test.each([OWN_BUCKET, (OWN_BUCKET + 1) % PROVIDER_BUCKETS])(
  "a provider's book is held by a hold on the provider alone, whatever its bucket (%i)",
  async bucket => {
    const agency = ownerIn(bucket);
    await holding.system.importCatalog({ providers: [provider(agency, '0.20', { app_1: {} })] });
    for (const appId of [null, 'app_1']) await holding.system.confirmTerms(agency, appId);
    wait('2018-04-12T09:00:00+08:00');
    const onDeveloper = await holding.decide('hold', { book: 'dev_1' });
    await holding.earn('app_1', DAY, '10.00');
    expect(await holding.standing()).toEqual(['app_1 2018-04-11: held 4.00']);
    expect(await holding.standing(agency)).toEqual(['app_1 2018-04-11: payable 1.00']);

    const onProvider = await holding.decide('hold', { book: agency, from: DAY });
    await holding.decide('release', { hold: onDeveloper });
    await holding.earn('app_1', DAY, '10.00');
    expect(await holding.standing()).toEqual(['app_1 2018-04-11: payable 8.00']);
    expect(await holding.standing(agency)).toEqual(['app_1 2018-04-11: held 2.00']);
    await holding.expectSound();

    await holding.decide('forfeit', { hold: onProvider });
    await holding.invalidate('inv-1', 'app_1', DAY);
    expect(await holding.standing()).toEqual(['app_1 2018-04-11: nothing']);
    expect(await holding.standing(agency)).toEqual(['app_1 2018-04-11: nothing']);
    await holding.expectSound();
  },
);

test('statements, explain and the list of holds show what is held', async () => {
  const agency = ownerIn(0);
  await holding.system.importCatalog({ providers: [provider(agency, '0.20', { app_1: {} })] });
  for (const appId of [null, 'app_1']) await holding.system.confirmTerms(agency, appId);
  wait('2018-04-12T09:00:00+08:00');
  await holding.earn('app_1', DAY, '10.00'); // 4 for the developer, 1 for the agency
  const first = await holding.decide('hold', { book: 'dev_1', from: DAY });
  await holding.decide('hold', { book: agency }, 'on-agency');
  await holding.earn('app_1', DAY, '5.00'); // 2 and 0.50 more
  await holding.decide('forfeit', { hold: first, keep_holding: true });
  await holding.earn('app_2', DAY, '2.00'); // 1 more, held

  const { db, calendar, bucketCount } = holding.system;
  const period = parsePeriod('2018-04-H1');
  const amountsOf = (held: object | null | undefined) =>
    Object.fromEntries(Object.entries(held ?? {}).map(([name, { amount }]) => [name, amount]));
  const statement = await db.snapshot(tx => statementOf(tx, { developerId: 'dev_1', period, bucketCount }));
  expect(amountsOf(statement.items[0]?.held)).toEqual({
    ...{ opening: '0.00', held: '7.00', released: '0.00', clawed_back: '0.00', forfeited: '6.00', closing: '1.00' },
    ...{ forfeited_clawed_back: '0.00', change_of_payable: '-7.00' },
  });
  expect(statement.items[0]?.closing_balance.amount).toBe('0.00');
  expect(renderStatement(statement)).toMatch(
    /Your share of this period +7\.00\nHeld \(-\) and given back \(\+\) +-7\.00\n/,
  );
  const agencys = await db.snapshot(tx => statementOf(tx, { providerId: agency, period, bucketCount }));
  expect(agencys.items[0]).toMatchObject({
    closing_balance: { amount: '1.00' },
    held: { closing: { amount: '0.50' } },
  });

  const explained = await db.snapshot(tx => explainAppDay(tx, { appId: 'app_1', day: DAY, bucketCount, calendar }));
  expect(explained.items[0]?.held.map(each => [each.book, each.held.amount, each.forfeited.amount])).toEqual([
    [agency, '0.50', '0.00'],
    ['dev_1', '0.00', '6.00'],
  ]);
  expect(explained.items[0]?.pending).toEqual([]);
  expect(renderExplanation(explained)).toContain('In the book of dev_1 0.00 CNY of it are held, 6.00 CNY forfeited');

  const list = async (options: object = {}) => await db.snapshot(tx => listHolds(tx, { bucketCount, ...options }));
  const { items, next } = await list({ limit: 1 });
  expect(items).toMatchObject([{ id: 'on-agency', in_force: true, held: [{ amount: '0.50', currency: 'CNY' }] }]);
  const rest = await list({ after: next ?? 'none' });
  expect(rest).toMatchObject({
    items: [{ id: first, app_id: null, from: DAY, held: [{ amount: '1.00' }] }],
    next: null,
  });
  await holding.decide('release', { hold: first });
  expect((await list()).items.map(each => each.id)).toEqual(['on-agency']);
  expect((await list({ withEnded: true, book: 'dev_1' })).items).toMatchObject([
    { id: first, in_force: false, held: [] },
  ]);
});

test('what can’t be held is refused', async () => {
  for (const [kind, parameters, code] of [
    ['hold', { book: 'nobody' }, 'unknown_book'],
    ['hold', { book: 'dev_1', app: 'app_9' }, 'unknown_app'],
    ['hold', { book: 'dev_1', from: '2018-04-11' }, 'day_out_of_range'],
    ['hold', { book: 'dev_1', from: 'yesterday' }, 'bad_decision'],
    ['hold', { app: 'app_1' }, 'bad_decision'],
    ['release', { hold: 'none' }, 'unknown_hold'],
    ['release', { hold: 7 }, 'bad_decision'],
    ['release', {}, 'bad_decision'],
    ['forfeit', { hold: 'none', book: 'dev_1' }, 'unknown_hold'],
    ['keep_forfeited', { book: 'dev_1' }, 'nothing_forfeited'],
  ] as const) {
    expect(await rejectionOf(holding.propose(kind, parameters)), JSON.stringify(parameters)).toMatchObject({ code });
  }
  const hold = await holding.decide('hold', { book: 'dev_1', app: 'app_1' });
  expect(await rejectionOf(holding.propose('release', { hold, app: 'app_2' }))).toMatchObject({ code: 'not_held' });
  expect(await rejectionOf(holding.propose('release', { hold, book: 'dev_2' }))).toMatchObject({ code: 'not_held' });
});

test('verify finds every damaged, missing or surplus transfer of held money', async () => {
  wait('2018-04-12T09:00:00+08:00');
  await holding.earn('app_1', DAY, '2.00');
  const hold = await holding.decide('hold', { book: 'dev_1', from: DAY });
  await holding.earn('app_1', DAY, '4.00');
  await holding.decide('forfeit', { hold, keep_holding: true });
  await holding.expectSound();
  const owner = await holding.system.owner();
  const ofRun = `reason = 'hold' and run_id is not null`;
  const columns = `bucket, ledger_date, developer_id, app_id, business_date, period, currency, debit, credit, amount_nanos, reason, booked_at`;
  for (const [damage, where] of [
    [`update transfers set amount_nanos = amount_nanos - 1 where ${ofRun}`, 'by run'],
    [`update transfers set amount_nanos = amount_nanos + 1 where decision_id = '${hold}'`, `by decision ${hold}`],
    [`update transfers set debit = 'forfeited' where ${ofRun}`, 'by run'],
    [`update transfers set app_id = 'app_2' where reason = 'forfeiture'`, 'app_2 CNY by decision forfeit'],
    [`delete from transfers where ${ofRun}`, 'by run'],
    [`delete from transfers where reason = 'forfeiture'`, 'by decision forfeit'],
    [
      `insert into transfers (transfer_id, decision_id, ${columns}) select gen_random_uuid(), 'x', ${columns} from transfers where ${ofRun}`,
      'by decision x',
    ],
  ] as const) {
    await owner.query('begin');
    await owner.query('set local session_replication_role = replica; drop trigger transfers_keep_rows on transfers');
    expect((await owner.query(damage)).rowCount, damage).toBe(1);
    const found: string[] = [];
    const report = (difference: { where: string }) => found.push(difference.where);
    await checkHolds(owner, { bucket: OWN_BUCKET, bucketCount: PROVIDER_BUCKETS, report });
    await owner.query('rollback');
    expect(found.join('\n'), damage).toContain(where);
  }
});
