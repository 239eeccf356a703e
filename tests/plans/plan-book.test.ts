import { describe, expect, it } from 'vitest';
import { type Plan, PlanBook, type PlanScope } from '../../src/plans/plan.ts';
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
