import { expect, test } from 'vitest';
import { settleBucket } from '../../src/settlement/settle-bucket.ts';
import { Closing, click } from '../support/closing.ts';
import { rejectionOf } from '../support/refusals.ts';

test('late differences go to the open period, and a closed one never changes', async () => {
  const closing = await Closing.forTest();
  await closing.earn('2018-04-20', '2018-05-03');
  const seal = await closing.close('2018-04-H2');
  expect(seal).toMatchObject({ period: '2018-04-H2', sealNo: 1, previousDigest: null, transfers: 4, books: 2 });
  const before = await closing.ledgerOf('2018-04-H2');

  // A late click of a closed day, one of the open period, and a click of the closed day that turns out to be invalid.
  await closing.system.take([click('2018-04-20', '1.00'), click('2018-05-03', '2.00')]);
  await closing.system.settleDue();
  const slice = { from: '2018-04-20', to: '2018-04-20' };
  await closing.system.invalidate({ id: 'inv', appId: 'app_1', slice, reason: 'click_farm' });
  await closing.system.settleDue();
  expect(await closing.ledgerOf('2018-04-H2')).toEqual(before);
  expect(await closing.ledgerOf('2018-05-H1')).toEqual([
    '2018-04-20 app_1 payable > ad_revenue 5000000000 v2',
    '2018-04-20 app_1 platform_share > ad_revenue 5000000000 v2',
    '2018-04-20 app_7_1 ad_revenue > payable 500000000 v2',
    '2018-04-20 app_7_1 ad_revenue > platform_share 500000000 v2',
    '2018-05-03 app_1 ad_revenue > payable 5000000000 v1',
    '2018-05-03 app_1 ad_revenue > platform_share 5000000000 v1',
    '2018-05-03 app_7_1 ad_revenue > payable 1000000000 v2',
    '2018-05-03 app_7_1 ad_revenue > payable 5000000000 v1',
    '2018-05-03 app_7_1 ad_revenue > platform_share 1000000000 v2',
    '2018-05-03 app_7_1 ad_revenue > platform_share 5000000000 v1',
  ]);
  expect(await closing.seal('2018-04-H2')).toEqual(seal);

  const next = await closing.close('2018-05-H1');
  expect(next).toMatchObject({ sealNo: 2, previousDigest: seal.digest, transfers: 10, books: 2 });
  expect(next.totals.find(total => total.account === 'payable')).toMatchObject({
    debitNanos: 5_000_000_000n,
    creditNanos: 11_500_000_000n,
  });
  expect((await closing.system.verify()).differences).toEqual([]);
});

test('a decision is booked in the open period, whatever day it refers to', async () => {
  const closing = await Closing.forTest();
  await closing.earn('2018-04-20');
  await closing.close('2018-04-H2');
  const row = { book: 'dev_7', currency: 'CNY', amount: '12.50', reason: 'a campaign', business_date: '2018-04-20' };
  const id = await closing.proposeKind('adjust', { rows: [row] });
  expect((await closing.show(id)).transfers).toMatchObject([{ business_date: '2018-04-20', period: '2018-05-H1' }]);
  await closing.approve(id);
  expect((await closing.show(id)).transfers).toMatchObject([{ business_date: '2018-04-20', period: '2018-05-H1' }]);
  expect((await closing.system.verify()).differences).toEqual([]);
});

test('periods are closed in order, without gaps, once and when they are over', async () => {
  const closing = await Closing.forTest();
  await closing.earn('2018-04-20');
  expect(await rejectionOf(closing.close('2018-05-H1'))).toMatchObject({ code: 'period_skipped' });
  expect(await rejectionOf(closing.close('2018-05-H2'))).toMatchObject({ code: 'period_not_over' });
  // Nothing was earned or posted before it.
  await closing.close('2018-03-H2');
  expect(await rejectionOf(closing.close('2018-04-H2'))).toMatchObject({ code: 'period_skipped' });
  const empty = await closing.close('2018-04-H1');
  expect(empty).toMatchObject({ sealNo: 2, transfers: 0, books: 0, totals: [] });
  expect(await rejectionOf(closing.close('2018-04-H1'))).toMatchObject({ code: 'period_closed' });
  expect(await rejectionOf(closing.close('2018-02-H1'))).toMatchObject({ code: 'period_closed' });
  expect(await rejectionOf(closing.proposeClosing('2018-04'))).toMatchObject({ code: 'bad_decision' });
  await closing.close('2018-04-H2');
  expect((await closing.list()).map(({ period, state }) => `${period} ${state}`)).toEqual([
    '2018-05-H2 open',
    '2018-05-H1 over',
    '2018-04-H2 closed',
    '2018-04-H1 closed',
    '2018-03-H2 closed',
  ]);
  expect((await closing.system.verify()).differences).toEqual([]);
});

test('what came up to the cut has to be settled; what comes after it may stay due', async () => {
  const closing = await Closing.forTest();
  await closing.earn('2018-04-20');
  await closing.system.take([click('2018-04-20', '1.00')]);
  closing.tick();
  const id = await closing.proposeClosing('2018-04-H2');
  expect((await closing.show(id)).problem).toEqual({
    code: 'days_due',
    message: '2018-04-20 (1 developer) is not settled',
  });
  expect((await closing.list()).find(row => row.period === '2018-04-H2')).toMatchObject({
    state: 'over',
    blocks: [{ code: 'days_due', remedy: 'run: npx apportion settle --due' }],
  });
  closing.tick();
  expect(await rejectionOf(closing.approve(id))).toMatchObject({
    code: 'period_blocked',
    message: "2018-04-H2 can't be closed yet: 2018-04-20 (1 developer) is not settled; run: npx apportion settle --due",
  });
  expect(await closing.seal('2018-04-H2')).toBeNull();

  await closing.system.settleDue();
  closing.tick();
  await closing.system.take([click('2018-04-20', '2.00')]);
  expect(await closing.system.due()).toEqual(['2018-04-20 dev_7']);
  expect((await closing.show(id)).problem).toBeNull();
  await closing.approve(id);
  expect((await closing.show(id)).notes).toEqual([
    `2018-04-H2 is closed, with 6 transfers in 2 books: seal ${(await closing.seal('2018-04-H2'))?.digest}`,
  ]);
  await closing.system.settleDue();
  expect(await closing.ledgerOf('2018-05-H1')).toEqual([
    '2018-04-20 app_7_1 ad_revenue > payable 1000000000 v3',
    '2018-04-20 app_7_1 ad_revenue > platform_share 1000000000 v3',
  ]);
  expect((await closing.system.verify()).differences).toEqual([]);
});

test('a change of plans up to the cut has to be settled too, and an app without a plan needs one', async () => {
  const closing = await Closing.forTest();
  await closing.earn('2018-04-20');
  await closing.system.importPlans({
    ...{ id: 'tools', scope: { category: 'tools' }, currency: 'CNY', effective_from: '2018-04-01', effective_to: null },
    ...{ basis: 'app_day', mode: 'marginal', tiers: [{ share: '0.40' }] },
  });
  closing.tick();
  const id = await closing.proposeClosing('2018-04-H2');
  expect(await rejectionOf(closing.approve(id))).toMatchObject({ details: { blocks: [{ code: 'days_due' }] } });
  await closing.system.take([click('2018-04-21', '2.00', 'app_1', { currency: 'USD' })]);
  await closing.system.settleDue();
  expect((await closing.list()).find(row => row.period === '2018-04-H2')?.blocks).toEqual([
    {
      code: 'no_plan',
      message: '2018-04-21 (1 developer) is due for apps that no plan covers',
      remedy: 'import a plan for them, then run: npx apportion settle --due',
    },
  ]);
});

test('figures that must agree and do not are refused', async () => {
  const closing = await Closing.forTest();
  await closing.earn('2018-04-20');
  const owner = await closing.system.owner();
  const refusedAfter = async (damage: string) => {
    await owner.query(damage);
    return await rejectionOf(closing.close('2018-04-H2'));
  };
  expect(await refusedAfter(`update earnings set gross_nanos = gross_nanos + 1 where app_id = 'app_1'`)).toMatchObject({
    code: 'period_unbalanced',
    message:
      '2018-04-H2 does not add up: app_1 earned 10.000000001 CNY on 2018-04-20, and the ledger has 10.00; find out with: npx apportion verify',
  });
  await owner.query(`update earnings set gross_nanos = gross_nanos - 1 where app_id = 'app_1'`);
  const addOne = `update posting_totals set debit_nanos = debit_nanos + 1 where account = 'ad_revenue'`;
  expect(await refusedAfter(addOne)).toMatchObject({
    code: 'period_unbalanced',
    message: expect.stringContaining('its transfers on ad_revenue in CNY are not what runs and decisions recorded'),
  });
  expect(await closing.seal('2018-04-H2')).toBeNull();
  const { rows } = await owner.query('select count(*)::int as seals from book_seals');
  expect(rows).toEqual([{ seals: 0 }]);
});

test('a fund that has not granted yet for a run of the period is waited for', async () => {
  const closing = await Closing.forTest();
  const { system } = closing;
  const rule = { points: '0.10', categories: ['tools'] };
  const days = { start: '2018-04-16', end: '2018-12-31' };
  await closing.decide('fund', { fund: 'growth', currency: 'CNY', budget: '100', ...days, rule });
  await system.take([click('2018-04-20', '10.00')]);
  await system.requestRun('2018-04-20');
  // As a worker that is killed before it grants.
  for (const job of system.settlementJobs.splice(0)) await settleBucket(closing.deps, job);
  expect((await closing.list()).find(row => row.period === '2018-04-H2')?.blocks).toEqual([
    {
      code: 'grants_waiting',
      message: 'fund growth has not granted yet for what was settled',
      remedy: 'let the maintenance worker sweep, or run: npx apportion settle --due',
    },
  ]);
  await system.grantPending();
  await closing.close('2018-04-H2');
  expect(await closing.ledgerOf('2018-04-H2')).toContain('2018-04-20 app_7_1 incentive > payable 1000000000 v1');
});
