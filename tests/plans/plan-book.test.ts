import { describe, expect, it } from 'vitest';
import type { Plan, PlanScope } from '../../src/plans/plan.ts';
import { PlanBook } from '../../src/plans/plan-book.ts';
import { day } from '../support/reference-files.ts';

function plan(planId: string, scope: PlanScope, changes: Partial<Plan> = {}): Plan {
  return {
    planId,
    referenceVersion: 1,
    scope,
    scopeId: { app: 'a', developer: 'd', category: 'games', default: '' }[scope],
    currency: 'CNY',
    effectiveFrom: day('2018-03-28'),
    effectiveTo: null,
    basis: 'app_day',
    mode: 'marginal',
    tiers: [{ upToNanos: null, sharePpm: 500_000n }],
    outsideBand: null,
    acceptance: 'counts',
    ...changes,
  };
}

const asked = { appId: 'a', developerId: 'd', category: 'games', currency: 'CNY', day: day('2018-04-15') };

describe('the plan for an app on a day', () => {
  it('is the one of the narrowest scope', () => {
    const byWidth: PlanScope[] = ['default', 'category', 'developer', 'app'];
    const plans = byWidth.map(scope => plan(scope, scope));
    for (let count = 1; count <= plans.length; count += 1) {
      const book = new PlanBook(plans.slice(0, count).toReversed());
      expect(book.planFor(asked)?.planId).toBe(byWidth[count - 1]);
    }
  });

  it('is wider where the narrower plan is not in force or has another currency', () => {
    const book = new PlanBook([
      plan('over', 'app', { effectiveTo: day('2018-04-14') }),
      plan('to come', 'developer', { effectiveFrom: day('2018-04-16') }),
      plan('dollars', 'category', { currency: 'USD' }),
      plan('rest', 'default'),
    ]);
    expect(book.planFor(asked)?.planId).toBe('rest');
    expect(book.planFor({ ...asked, currency: 'USD' })?.planId).toBe('dollars');
  });

  it('is in force on its first and its last day', () => {
    const book = new PlanBook([
      plan('second', 'default', { effectiveFrom: day('2018-08-01'), effectiveTo: null }),
      plan('first', 'default', { effectiveTo: day('2018-07-31') }),
    ]);
    const on = (text: string) => book.planFor({ ...asked, day: day(text) })?.planId ?? null;
    expect(['2018-03-27', '2018-03-28', '2018-07-31', '2018-08-01', '9999-12-31'].map(on)).toEqual([
      null,
      'first',
      'first',
      'second',
      'second',
    ]);
  });

  it('is none without a plan for the app, its developer, its category or all', () => {
    const book = new PlanBook([plan('app', 'app'), plan('category', 'category')]);
    expect(book.planFor({ ...asked, appId: 'b', category: null })).toBeNull();
    expect(book.planFor({ ...asked, currency: 'EUR' })).toBeNull();
    expect(new PlanBook([]).planFor(asked)).toBeNull();
  });
});

describe('a plan for one developer', () => {
  const on = (book: PlanBook, text: string) => {
    const held = book.planFor({ ...asked, day: day(text) });
    return held === null ? null : `${held.planId} ${held.referenceVersion}`;
  };
  const accepted = (text: string) => ({ acceptance: { developerId: 'd', actor: 'li', acceptedOn: day(text) } });
  const rest = plan('rest', 'default');
  const own = (referenceVersion: number, changes: Partial<Plan>) =>
    plan('own', 'developer', { referenceVersion, ...changes });

  it.each<[what: string, versions: Plan[], days: Record<string, string | null>]>([
    ['does not hold while it waits', [own(2, { acceptance: 'waiting' })], { '2018-04-15': 'rest 1' }],
    [
      'holds from the day of its acceptance, never on earlier days',
      [own(2, accepted('2018-04-15'))],
      { '2018-04-14': 'rest 1', '2018-04-15': 'own 2' },
    ],
    [
      'holds from its first day when it was accepted before that',
      [own(2, { effectiveFrom: day('2018-05-01'), ...accepted('2018-04-15') })],
      { '2018-04-15': 'rest 1', '2018-04-30': 'rest 1', '2018-05-01': 'own 2' },
    ],
    [
      'never holds when it was accepted after its last day',
      [own(2, { effectiveTo: day('2018-04-14'), ...accepted('2018-04-15') })],
      { '2018-04-14': 'rest 1', '2018-04-15': 'rest 1' },
    ],
    [
      'holds as it was accepted while a new version waits',
      [own(2, accepted('2018-04-15')), own(3, { acceptance: 'waiting' })],
      { '2018-04-15': 'own 2', '2019-01-01': 'own 2' },
    ],
    [
      'is replaced from the acceptance of the new version on',
      [own(2, accepted('2018-04-15')), own(3, accepted('2018-05-01'))],
      { '2018-04-30': 'own 2', '2018-05-01': 'own 3' },
    ],
    [
      'does not hold on days that the new version does not cover, from its acceptance on',
      [own(2, accepted('2018-04-15')), own(3, { effectiveFrom: day('2018-06-01'), ...accepted('2018-05-01') })],
      { '2018-04-30': 'own 2', '2018-05-01': 'rest 1', '2018-05-31': 'rest 1', '2018-06-01': 'own 3' },
    ],
    [
      'passes over a version that was never accepted',
      [own(2, accepted('2018-04-15')), own(3, { acceptance: 'waiting' }), own(4, accepted('2018-05-01'))],
      { '2018-04-30': 'own 2', '2018-05-01': 'own 4' },
    ],
    [
      'keeps the days of a version for everybody before it was accepted',
      [plan('own', 'default', { referenceVersion: 2, acceptance: 'not_needed' }), own(3, accepted('2018-05-01'))],
      { '2018-04-30': 'own 2', '2018-05-01': 'own 3' },
    ],
    [
      'gives way on all days to a version that needs no acceptance',
      [own(2, accepted('2018-04-15')), plan('own', 'category', { referenceVersion: 3, acceptance: 'not_needed' })],
      { '2018-03-28': 'own 3', '2018-04-15': 'own 3' },
    ],
    [
      'that was recorded before acceptances were counts as accepted, until a new version is',
      [own(2, { acceptance: 'counts' }), own(3, accepted('2018-05-01'))],
      { '2018-03-28': 'own 2', '2018-04-30': 'own 2', '2018-05-01': 'own 3' },
    ],
    [
      'takes the days of another one that only a waiting version ends',
      [
        own(2, accepted('2018-04-01')),
        own(3, { effectiveTo: day('2018-04-30'), acceptance: 'waiting' }),
        plan('next', 'developer', { referenceVersion: 3, effectiveFrom: day('2018-05-01'), ...accepted('2018-04-20') }),
      ],
      { '2018-04-30': 'own 2', '2018-05-01': 'next 3' },
    ],
  ])('%s', (_what, versions, days) => {
    const book = new PlanBook([rest, ...versions.toReversed()]);
    expect(Object.keys(days).map(text => [text, on(book, text)])).toEqual(Object.entries(days));
  });
});
