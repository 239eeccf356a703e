import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { lockReference } from '../../src/catalog/reference-version.ts';
import type { Decided } from '../../src/decisions/decide.ts';
import { listDecisions } from '../../src/decisions/show-decision.ts';
import { adjustment, Deciding, rows } from '../support/deciding.ts';
import { rejectionOf } from '../support/refusals.ts';

const CNY = 1_000_000_000n;

let deciding: Deciding;
let count = 0;
let id: string;

beforeAll(async () => {
  deciding = await Deciding.open();
});
afterAll(async () => await deciding.system.drop());
beforeEach(() => {
  count += 1;
  id = `decision-${count}`;
});

const moved = async () =>
  (await deciding.system.db.query('select from transfers where decision_id = $1', [id])).rowCount;

test('an approved adjustment is posted as it was shown', async () => {
  const { effects } = await deciding.propose(
    adjustment({ id, parameters: rows(['dev_7', '12.50'], ['dev_1', '-3.000000001'], ['dev_7', '1']) }),
  );
  const shown = await deciding.show(id);
  expect(shown.status).toBe('proposed');
  expect(shown.transfers.map(each => `${each.book} ${each.debit} ${each.credit} ${each.amount.amount}`)).toEqual([
    'dev_7 adjustment payable 12.50',
    'dev_1 payable adjustment 3.000000001',
    'dev_7 adjustment payable 1.00',
  ]);
  expect(effects?.transfers).toHaveLength(3);
  expect(await moved()).toBe(0);

  const before = await deciding.balance('dev_7', 'payable');
  const { fresh } = await deciding.approve(id);
  expect(fresh).toBe(true);
  const after = await deciding.show(id);
  expect(after.transfers.map(each => ({ ...each, id: null }))).toEqual(shown.transfers);
  expect(after).toMatchObject({ status: 'applied', decided_by: 'wang.fang' });
  expect(await deciding.balance('dev_7', 'payable')).toBe(before + 13n * CNY + CNY / 2n);
});

test('approving an applied one again changes nothing and says so', async () => {
  await deciding.propose(adjustment({ id }));
  await deciding.approve(id);
  const again = await deciding.approve(id, 'zhao.min');
  expect(again).toMatchObject({ fresh: false, decision: { outcome: { actor: 'wang.fang' } } });
  expect(await moved()).toBe(1);
});

test.each([
  ['approve', 'nobody', 'unknown_person'],
  ['approve', 'gone', 'person_disabled'],
  ['approve', 'chen.jie', 'wrong_role'],
  ['reject', 'nobody', 'unknown_person'],
  ['reject', 'chen.jie', 'wrong_role'],
  ['withdraw', 'nobody', 'unknown_person'],
  ['withdraw', 'wang.fang', 'not_proposer'],
] as const)('to %s what has ended so already still takes somebody who may: %s', async (end, actor, code) => {
  await deciding.propose(adjustment({ id }));
  await deciding[end](id, ...(end === 'withdraw' ? [] : (['wang.fang'] as const)));
  expect(await rejectionOf(deciding[end](id, actor))).toMatchObject({ code });
});

test('who has proposed a decision that is applied is told so, not that it is done', async () => {
  await deciding.propose(adjustment({ id }), 'zhao.min');
  await deciding.approve(id);
  expect(await rejectionOf(deciding.approve(id, 'zhao.min'))).toMatchObject({ code: 'own_decision' });
});

test('for somebody who may not approve no room is made in the ledger, and nobody is waited for', async () => {
  const { db } = deciding.system;
  const row = { book: 'dev_7', currency: 'CNY', amount: '1', reason: 'a test', business_date: '2011-03-05' };
  await deciding.propose(adjustment({ id, parameters: { rows: [row] } }));
  const partitions = async () =>
    (await db.query(`select from pg_inherits where inhparent = 'apportion.transfers'::regclass`)).rowCount;
  const before = await partitions();
  await db.transaction(async tx => {
    await lockReference(tx, 'exclusive');
    expect(await rejectionOf(deciding.approve(id, 'chen.jie'))).toMatchObject({ code: 'wrong_role' });
    expect(await rejectionOf(deciding.approve(id, 'li.wei'))).toMatchObject({ code: 'wrong_role' });
  });
  expect(await partitions()).toBe(before);
  await deciding.approve(id);
  expect(await partitions()).toBe((before ?? 0) + 1);
});

test('the same proposal again changes nothing; another one under its id is refused', async () => {
  await deciding.propose(adjustment({ id }));
  const { reason, ...rest } = adjustment({ id });
  expect(await deciding.propose({ reason, ...rest })).toMatchObject({ fresh: false });
  for (const changes of [
    { reason: 'another one' },
    { parameters: rows(['dev_7', '12.51']) },
    { evidence: [{ text: 'ticket 4712' }] },
    { expires_at: '2018-07-01T00:00:00Z' },
  ]) {
    expect(await rejectionOf(deciding.propose(adjustment({ id, ...changes })))).toMatchObject({
      code: 'decision_differs',
    });
  }
  const second = await rejectionOf(deciding.propose(adjustment({ id }), 'chen.jie'));
  expect(second).toMatchObject({ code: 'decision_differs' });
  expect(second.message).toContain(`li.wei has proposed the same as decision "${id}"`);
  await deciding.approve(id);
  expect(await deciding.propose(adjustment({ id }))).toMatchObject({ fresh: false });
  expect(await moved()).toBe(1);
});

describe('four eyes', () => {
  test.each(['zhao.min', 'ZHAO.MIN', 'Zhao.Min'])(
    'an adjustment approved by its proposer, also with two ids of different case: zhao.min as %s',
    async actor => {
      await deciding.propose(adjustment({ id }), 'zhao.min');
      expect(await rejectionOf(deciding.approve(id, actor))).toMatchObject({ code: 'own_decision' });
      expect(await deciding.show(id)).toMatchObject({ status: 'proposed' });
      expect(await moved()).toBe(0);
    },
  );

  test('an adjustment approved by its proposer, also with two ids of different case: Zhao.Min is zhao.min', async () => {
    await deciding.propose(adjustment({ id }), 'Zhao.Min');
    expect(await deciding.show(id)).toMatchObject({ proposed_by: 'zhao.min' });
    expect(await rejectionOf(deciding.approve(id, 'zhao.min'))).toMatchObject({ code: 'own_decision' });
  });

  const insert = `insert into decision_outcomes (decision_id, proposed_by, expires_at, outcome, actor, decided_at)
    select decision_id, coalesce($4, proposed_by), coalesce($5, expires_at), $2, $3, proposed_at + interval '1 minute'
    from decisions where decision_id = $1`;

  test.each<[string, unknown[], string]>([
    ['the proposer', ['applied', 'zhao.min', null, null], 'decision_outcomes_four_eyes'],
    ['the proposer in capitals', ['applied', 'ZHAO.MIN', null, null], 'decision_outcomes_four_eyes'],
    [
      'the proposer, with another one named',
      ['applied', 'zhao.min', 'li.wei', null],
      'decision_outcomes_decision_fkey',
    ],
    ['nobody who is known', ['applied', 'mallory', null, null], 'decision_outcomes_person_fkey'],
    ['another one, with another expiry', ['applied', 'li.wei', null, '2030-01-01'], 'decision_outcomes_decision_fkey'],
    [
      'somebody who withdraws what is another one’s',
      ['withdrawn', 'li.wei', null, null],
      'decision_outcomes_withdrawn',
    ],
  ])('the database itself refuses %s', async (_who, values, constraint) => {
    await deciding.propose(adjustment({ id }), 'zhao.min');
    await expect(deciding.system.db.query(insert, [id, ...values])).rejects.toMatchObject({ constraint });
    expect(await deciding.show(id)).toMatchObject({ status: 'proposed' });
  });

  test('the database itself refuses an outcome of an expired decision, and a second one', async () => {
    await deciding.propose(adjustment({ id, expires_at: '2018-06-01T12:00:30+08:00' }), 'zhao.min');
    await expect(deciding.system.db.query(insert, [id, 'applied', 'wang.fang', null, null])).rejects.toMatchObject({
      constraint: 'decision_outcomes_expiry',
    });
    await deciding.reject(id);
    await expect(
      deciding.system.db.query(insert.replace('1 minute', '1 second'), [id, 'applied', 'wang.fang', null, null]),
    ).rejects.toMatchObject({ constraint: 'decision_outcomes_pkey' });
  });
});

describe('who may', () => {
  test.each([
    ['finance', 'li.wei', null],
    ['an operator', 'chen.jie', null],
    ['an approver', 'wang.fang', 'wrong_role'],
    ['a developer', 'seven', 'wrong_role'],
    ['a disabled person', 'gone', 'person_disabled'],
    ['a stranger', 'mallory', 'unknown_person'],
  ])('propose: %s', async (_who, actor, code) => {
    const work = deciding.propose(adjustment({ id }), actor);
    if (code === null) expect((await work).fresh).toBe(true);
    else expect(await rejectionOf(work)).toMatchObject({ code });
  });

  test.each([
    ['approve', 'an approver', 'wang.fang', null],
    ['approve', 'finance', 'li.wei', 'wrong_role'],
    ['approve', 'an operator', 'chen.jie', 'wrong_role'],
    ['approve', 'a disabled person', 'gone', 'person_disabled'],
    ['reject', 'an approver', 'wang.fang', null],
    ['reject', 'finance', 'li.wei', null],
    ['reject', 'a developer', 'seven', 'wrong_role'],
    ['withdraw', 'an approver', 'wang.fang', 'not_proposer'],
    ['withdraw', 'the proposer', 'CHEN.jie', null],
  ] as const)('%s: %s', async (act, _who, actor, code) => {
    await deciding.propose(adjustment({ id }), 'chen.jie');
    const work = deciding[act](id, actor);
    if (code === null) expect((await work).fresh).toBe(true);
    else expect(await rejectionOf(work)).toMatchObject({ code });
    if (act !== 'approve' || code !== null) expect(await moved()).toBe(0);
  });

  test('an approver who was disabled since the proposal no longer approves', async () => {
    await deciding.recordPersons([{ id: 'leaver', name: 'Leaver', roles: ['approver'] }]);
    await deciding.propose(adjustment({ id }));
    await deciding.recordPersons([{ id: 'leaver', name: 'Leaver', roles: ['approver'], disabled: true }]);
    expect(await rejectionOf(deciding.approve(id, 'leaver'))).toMatchObject({ code: 'person_disabled' });
  });
});

describe('two persons who decide at once', () => {
  const outcomes = (settled: readonly PromiseSettledResult<Decided>[]) =>
    settled.map(each => (each.status === 'fulfilled' ? each.value.fresh : each.reason.code));

  test('both approve: one does it, the other is told', async () => {
    await deciding.propose(adjustment({ id }));
    const both = await Promise.allSettled([deciding.approve(id, 'wang.fang'), deciding.approve(id, 'zhao.min')]);
    expect(outcomes(both).toSorted()).toEqual([false, true]);
    expect(await moved()).toBe(1);
  });

  test('twenty approve: the amount is posted once', async () => {
    await deciding.propose(adjustment({ id }));
    const all = await Promise.allSettled(Array.from({ length: 20 }, () => deciding.approve(id)));
    expect(outcomes(all).filter(fresh => fresh === true)).toHaveLength(1);
    expect(outcomes(all).filter(fresh => fresh === false)).toHaveLength(19);
    expect(await moved()).toBe(1);
  });

  test('one approves, one rejects: whoever is first, the ledger agrees with the record', async () => {
    await deciding.propose(adjustment({ id }));
    const both = await Promise.allSettled([deciding.approve(id, 'wang.fang'), deciding.reject(id, 'zhao.min')]);
    expect(outcomes(both).toSorted()).toEqual(['decision_ended', true].toSorted());
    const { status } = await deciding.show(id);
    expect(await moved()).toBe(status === 'applied' ? 1 : 0);
  });

  test('two propose the same id: one is recorded', async () => {
    const both = await Promise.allSettled([
      deciding.propose(adjustment({ id })),
      deciding.propose(adjustment({ id }), 'chen.jie'),
    ]);
    expect(both.map(each => each.status).toSorted()).toEqual(['fulfilled', 'rejected']);
  });
});

describe('a decision that has ended', () => {
  test.each(['rejected', 'withdrawn'] as const)('%s: nobody applies it any more', async how => {
    await deciding.propose(adjustment({ id }));
    await (how === 'rejected' ? deciding.reject(id, 'wang.fang', 'not ours') : deciding.withdraw(id));
    expect(await rejectionOf(deciding.approve(id))).toMatchObject({ code: 'decision_ended' });
    expect(await deciding.show(id)).toMatchObject({ status: how, transfers: [], problem: null });
    expect(await moved()).toBe(0);
  });

  test('expired: nobody approves, rejects or withdraws it', async () => {
    const { now } = deciding.system;
    await deciding.propose(adjustment({ id, expires_at: '2018-06-02T00:00:00+08:00' }));
    deciding.system.now = new Date('2018-06-02T00:00:00+08:00');
    try {
      expect(await deciding.show(id)).toMatchObject({ status: 'expired', transfers: [] });
      for (const act of ['approve', 'reject', 'withdraw'] as const) {
        expect(await rejectionOf(deciding[act](id))).toMatchObject({ code: 'decision_expired' });
      }
      const page = await deciding.system.db.snapshot(tx =>
        listDecisions(tx, { status: 'expired', at: deciding.system.now }),
      );
      expect(page.items.map(row => row.id)).toContain(id);
    } finally {
      deciding.system.now = now;
    }
    expect(await moved()).toBe(0);
  });

  test('a proposal that has expired already is refused', async () => {
    const late = adjustment({ id, expires_at: '2018-05-31T00:00:00Z' });
    expect(await rejectionOf(deciding.propose(late))).toMatchObject({ code: 'decision_expired' });
  });
});

test('an unknown decision is refused', async () => {
  for (const act of ['approve', 'reject', 'withdraw'] as const) {
    expect(await rejectionOf(deciding[act]('nothing'))).toMatchObject({ code: 'unknown_decision' });
  }
});

test('a list is filtered, and its pages join', async () => {
  const list = async (filters: Omit<Parameters<typeof listDecisions>[1], 'at'>) =>
    await deciding.system.db.snapshot(tx => listDecisions(tx, { ...filters, at: deciding.system.now }));
  const whole = (await list({})).items;
  expect(whole.length).toBeGreaterThan(20);
  for (const status of ['proposed', 'applied', 'rejected', 'withdrawn'] as const) {
    const some = (await list({ status })).items;
    expect(some).toEqual(whole.filter(row => row.status === status));
    expect(some.length).toBeGreaterThan(0);
  }
  expect((await list({ actor: 'CHEN.JIE' })).items).toEqual(
    whole.filter(row => [row.proposed_by, row.decided_by].includes('chen.jie')),
  );
  expect((await list({ kind: 'write_off' })).items).toEqual([]);
  const joined = [];
  for (let after: string | undefined; joined.length < whole.length; ) {
    const page = await list({ limit: 7, ...(after === undefined ? {} : { after }) });
    joined.push(...page.items);
    after = page.next ?? undefined;
    if (after === undefined) break;
  }
  expect(joined).toEqual(whole);
});

test('after all of this the books balance and every decision is what it says', async () => {
  expect((await deciding.system.trialBalance()).balanced).toBe(true);
  expect((await deciding.system.verify()).differences).toEqual([]);
});
