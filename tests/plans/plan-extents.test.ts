import { fc, it } from '@fast-check/vitest';
import { describe, expect } from 'vitest';
import { addDays, type BusinessDay } from '../../src/domain/business-day.ts';
import { holdingsOf } from '../../src/plans/holdings.ts';
import type { Plan } from '../../src/plans/plan.ts';
import { affectedBy as affectedByHoldings, type PlanExtent } from '../../src/plans/plan-extent.ts';
import { day } from '../support/reference-files.ts';

const half: Plan = {
  planId: 'half',
  scope: 'default',
  scopeId: '',
  currency: 'CNY',
  effectiveFrom: day('2018-03-28'),
  effectiveTo: null,
  basis: 'app_day',
  mode: 'marginal',
  tiers: [{ upToNanos: null, sharePpm: 500_000n }],
  outsideBand: null,
  referenceVersion: 1,
  acceptance: 'not_needed',
};

function affectedBy({ before, after }: { before: Plan | null; after: Plan }): PlanExtent[] {
  const old = before === null ? [] : [before];
  return affectedByHoldings({ before: holdingsOf(old), after: holdingsOf([...old, after]) });
}

const third = { tiers: [{ upToNanos: null, sharePpm: 333_333n }] };

describe('what a version of a plan affects', () => {
  it('is all its days when the plan is new', () => {
    expect(affectedBy({ before: null, after: half })).toEqual([
      { scope: 'default', scopeId: '', currency: 'CNY', fromDay: '2018-03-28', toDay: null },
    ]);
  });

  it('is the old and the new days when the terms differ', () => {
    const after = { ...half, ...third, scope: 'app', scopeId: 'a', effectiveFrom: day('2018-05-01') } as const;
    expect(affectedBy({ before: half, after })).toMatchObject([
      { scope: 'default', fromDay: '2018-03-28', toDay: null },
      { scope: 'app', scopeId: 'a', fromDay: '2018-05-01', toDay: null },
    ]);
  });

  it('is only the days after the new end when a plan is ended', () => {
    const after = { ...half, effectiveTo: day('2018-07-31') };
    expect(affectedBy({ before: half, after })).toMatchObject([{ fromDay: '2018-08-01', toDay: null }]);
  });

  it('is nothing when only the reason changes', () => {
    expect(affectedBy({ before: half, after: { ...half, outsideBand: 'why' } })).toEqual([]);
  });

  it('is nothing while a version waits, and the days from its acceptance on when it is accepted', () => {
    const own = { ...half, scope: 'developer', scopeId: 'd', acceptance: 'counts' } as const;
    const waiting = { ...own, ...third, acceptance: 'waiting' } as const;
    expect(affectedBy({ before: own, after: waiting })).toEqual([]);
    const acceptance = { developerId: 'd', actor: 'li', acceptedOn: day('2018-05-01') };
    expect(affectedBy({ before: own, after: { ...waiting, acceptance } })).toMatchObject([
      { scope: 'developer', fromDay: '2018-05-01', toDay: null },
      { scope: 'developer', fromDay: '2018-05-01', toDay: null },
    ]);
    const ending = { ...own, effectiveTo: day('2018-06-30'), acceptance };
    expect(affectedBy({ before: own, after: ending })).toMatchObject([{ fromDay: '2018-07-01', toDay: null }]);
  });

  const dayWithin = fc.integer({ min: 0, max: 12 });
  const days = fc.record({ from: dayWithin, length: fc.option(fc.integer({ min: 0, max: 6 })) });

  it.prop([days, days])('is exactly the days that one version covers and the other does not', (a, b) => {
    const extent = (d: typeof a) => ({
      effectiveFrom: addDays(day('2018-01-01'), d.from),
      effectiveTo: d.length === null ? null : addDays(day('2018-01-01'), d.from + d.length),
    });
    const [before, after] = [
      { ...half, ...extent(a) },
      { ...half, ...extent(b) },
    ];
    const affected = affectedBy({ before, after });
    const covers = (plan: Plan, on: BusinessDay) =>
      plan.effectiveFrom <= on && (plan.effectiveTo === null || on <= plan.effectiveTo);
    for (let offset = -1; offset <= 25; offset += 1) {
      const on = addDays(day('2018-01-01'), offset);
      const times = affected.filter(each => each.fromDay <= on && (each.toDay === null || on <= each.toDay)).length;
      expect(times).toBe(covers(before, on) === covers(after, on) ? 0 : 1);
    }
  });
});
