import { expect, test } from 'vitest';
import { closeScheduled, scheduledClosings } from '../../src/closing/scheduled-closing.ts';
import { Closing } from '../support/closing.ts';
import { rejectionOf } from '../support/refusals.ts';

test('the standing order closes each period so many days after its last one, missed ones in order', async () => {
  const closing = await Closing.forTest();
  await closing.earn('2018-04-20');
  expect(await closing.closeScheduled()).toEqual([]);
  const order = await closing.decide('closing_schedule', { after_days: 5 });
  expect((await closing.list()).map(({ period, closes_on: closesOn }) => `${period} ${closesOn}`)).toEqual([
    '2018-05-H2 2018-06-06',
    '2018-05-H1 2018-05-21',
    '2018-04-H2 2018-05-06',
  ]);
  expect(await closing.closeScheduled()).toMatchObject([{ period: '2018-04-H2', decisionId: order }]);
  expect(await closing.closeScheduled()).toEqual([]);
  closing.at('2018-05-20T23:59:59+08:00');
  expect(await closing.closeScheduled()).toEqual([]);
  closing.at('2018-06-20T00:00:00+08:00');
  expect(await closing.closeScheduled()).toMatchObject([{ period: '2018-05-H1' }, { period: '2018-05-H2' }]);
  expect((await closing.system.verify()).differences).toEqual([]);
});

test('an order that has ended closes nothing more', async () => {
  const closing = await Closing.forTest();
  await closing.earn('2018-04-20');
  await closing.decide('closing_schedule', { after_days: 0 });
  const { db, now: at } = closing.system;
  const [scheduled] = await scheduledClosings(db, { ...closing.deps, at });
  closing.tick();
  await closing.decide('closing_schedule', { after_days: null });
  expect(await closing.closeScheduled()).toEqual([]);
  expect(scheduled).toMatchObject({ period: '2018-04-H2' });
  const late = closeScheduled(closing.deps, { period: '2018-04-H2', decisionId: '', ...scheduled, cut: at } as never);
  expect(await rejectionOf(late)).toMatchObject({ code: 'not_ordered' });
  expect(await rejectionOf(closing.proposeKind('closing_schedule', { after_days: null }))).toMatchObject({
    code: 'same_schedule',
  });
  expect(await rejectionOf(closing.proposeKind('closing_schedule', { after_days: 61 }))).toMatchObject({
    code: 'bad_decision',
  });
});

test('closing a period several times at once closes it once', async () => {
  const closing = await Closing.forTest();
  await closing.earn('2018-04-20');
  await closing.decide('closing_schedule', { after_days: 0 });
  const closings = await Promise.all([1, 2, 3].map(() => closing.closeScheduled()));
  const digests = closings.flat().map(seal => `${seal.period} ${seal.digest}`);
  expect(new Set(digests).size).toBe(2);
  expect((await closing.system.verify()).differences).toEqual([]);
});
