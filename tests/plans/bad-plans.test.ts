import { describe, expect, it } from 'vitest';
import { storedTiers } from '../../src/plans/plan.ts';
import { parsePlans } from '../../src/plans/plan-file.ts';
import { planEntry, plansText } from '../support/reference-files.ts';
import { refusalOf } from '../support/refusals.ts';

const one = (changes: Record<string, unknown>) => plansText(planEntry(changes));
const tiers = (...list: unknown[]) => one({ tiers: list });

const UP_TO = 'write a decimal string above 0 with at most 9 decimals, such as "100000.00"';
const ASCENDING = 'each up_to must be above 0 and above that of the tier before';
const SHARE = 'write a decimal string from "0" to "1" with at most 6 decimals, such as "0.50"';
const BAND = 'outside the band of 0.30 to 0.50; correct it, or give the plan the reason as "outside_band"';
const SCOPE = 'write {"app": id}, {"developer": id}, {"category": name} or {"default": true}';
const DAY = 'write a date that exists as YYYY-MM-DD, such as "2018-04-15"';

const cases: [what: string, text: string, message: string][] = [
  ['an empty file', '', 'the file is empty; write {"plans": [ … ]}'],
  ['a plan without its list', JSON.stringify(planEntry()), '"id" is no list of this file; write {"plans": [ … ]}'],
  [
    'an unknown field',
    one({ note: 'x' }),
    'plans[0].note is "x", an unknown field; remove it, its fields are id, scope, currency, effective_from, effective_to, basis, mode, tiers, outside_band',
  ],
  ['no scope', one({ scope: undefined }), `plans[0].scope is missing; ${SCOPE}`],
  ['two scopes', one({ scope: { app: 'a', developer: 'd' } }), `plans[0].scope is an object; ${SCOPE}`],
  ['a default that is false', one({ scope: { default: false } }), `plans[0].scope is an object; ${SCOPE}`],
  [
    'an unknown currency',
    one({ currency: 'RMB' }),
    'plans[0].currency is "RMB"; write an upper-case ISO 4217 code with a minor unit, such as "CNY"',
  ],
  ['no first day', one({ effective_from: null }), `plans[0].effective_from is null; ${DAY}`],
  ['a day that does not exist', one({ effective_to: '2018-02-29' }), `plans[0].effective_to is "2018-02-29"; ${DAY}`],
  [
    'a last day before the first',
    one({ effective_to: '2018-03-27' }),
    'plans[0].effective_to is "2018-03-27", before effective_from 2018-03-28; put the last day there',
  ],
  [
    'one tier for a whole month',
    one({ basis: 'app_month', mode: 'whole' }),
    'plans[0].mode is "whole", which can\'t be paid day by day for basis "app_month"; write mode "marginal", or basis "app_day"',
  ],
  ['an unknown basis', one({ basis: 'day' }), 'plans[0].basis is "day"; write "app_day" or "app_month"'],
  ['an unknown mode', one({ mode: 'flat' }), 'plans[0].mode is "flat"; write "marginal" or "whole"'],
  ['no tiers', tiers(), 'plans[0].tiers is an array; write a list of 1 to 100 tiers, such as [{"share": "0.50"}]'],
  [
    'a closed last tier',
    tiers({ up_to: '100.00', share: '0.50' }),
    'plans[0].tiers[0].up_to is "100.00"; leave up_to out of the last tier, which takes all the rest',
  ],
  [
    'an open tier in between',
    tiers({ share: '0.50' }, { share: '0.30' }),
    'plans[0].tiers[0].up_to is missing; only the last tier may leave it out',
  ],
  [
    'tiers that descend',
    tiers({ up_to: '100.00', share: '0.50' }, { up_to: '50.00', share: '0.40' }, { share: '0.30' }),
    `plans[0].tiers[1].up_to is "50.00"; ${ASCENDING}`,
  ],
  [
    'tiers that overlap',
    tiers({ up_to: '100', share: '0.50' }, { up_to: '100.00', share: '0.40' }, { share: '0.30' }),
    `plans[0].tiers[1].up_to is "100.00"; ${ASCENDING}`,
  ],
  [
    'a tier up to nothing',
    tiers({ up_to: '0', share: '0.50' }, { share: '0.30' }),
    `plans[0].tiers[0].up_to is "0.00"; ${ASCENDING}`,
  ],
  [
    'a negative up_to',
    tiers({ up_to: '-1', share: '0.50' }, { share: '0.30' }),
    `plans[0].tiers[0].up_to is "-1.00"; ${ASCENDING}`,
  ],
  [
    'an up_to of 10 decimals',
    tiers({ up_to: '1.0000000001', share: '0.50' }, { share: '0.30' }),
    `plans[0].tiers[0].up_to is "1.0000000001"; ${UP_TO}`,
  ],
  [
    'a number for an up_to',
    tiers({ up_to: 100, share: '0.50' }, { share: '0.30' }),
    `plans[0].tiers[0].up_to is 100; ${UP_TO}`,
  ],
  ['a share of 7 decimals', tiers({ share: '0.3333333' }), `plans[0].tiers[0].share is "0.3333333"; ${SHARE}`],
  ['a share of more than all', tiers({ share: '1.000001' }), `plans[0].tiers[0].share is "1.000001"; ${SHARE}`],
  ['a negative share', tiers({ share: '-0.5' }), `plans[0].tiers[0].share is "-0.5"; ${SHARE}`],
  ['a number for a share', tiers({ share: 0.5 }), `plans[0].tiers[0].share is 0.5; ${SHARE}`],
  [
    'an unknown field of a tier',
    tiers({ share: '0.5', upto: '1' }),
    'plans[0].tiers[0].upto is "1", an unknown field; remove it, its fields are up_to, share',
  ],
  ['a share below the band', tiers({ share: '0.299999' }), `plans[0].tiers[0].share is "0.299999", ${BAND}`],
  [
    'a share above the band',
    tiers({ up_to: '1', share: '0.50' }, { share: '0.500001' }),
    `plans[0].tiers[1].share is "0.500001", ${BAND}`,
  ],
  [
    'an empty reason',
    one({ outside_band: '' }),
    'plans[0].outside_band is ""; write 1 to 500 characters without control characters or spaces around them',
  ],
  [
    'an id twice',
    plansText(planEntry(), planEntry()),
    'plans[1].id is "half", the id of an earlier entry too; keep one of them',
  ],
];

describe('a plan in bad form', () => {
  it.each(cases)('is refused for %s', (_what, text, message) => {
    const refusal = refusalOf(() => parsePlans(text, 'plans.json'));
    expect(refusal.code).toBe('bad_plans');
    expect(refusal.message).toBe(`plans.json: ${message}`);
  });
});

describe('a plan in good form', () => {
  it('may share outside the band for a reason, and has one spelling', () => {
    const text = one({
      outside_band: 'an incentive',
      tiers: [{ up_to: '1000000.000', share: '0.70' }, { share: '1' }],
    });
    const [plan] = parsePlans(text, 'plans.json').plans;
    expect(plan?.terms).toMatchObject({
      planId: 'half',
      scope: 'default',
      scopeId: '',
      effectiveFrom: '2018-03-28',
      effectiveTo: null,
      outsideBand: 'an incentive',
    });
    expect(plan && storedTiers(plan.terms)).toEqual([{ up_to: '1000000.00', share: '0.70' }, { share: '1.00' }]);
  });

  it('may share at both ends of the band', () => {
    const text = tiers({ up_to: '0.000000001', share: '0.5' }, { up_to: null, share: '0.3' });
    expect(parsePlans(text, 'plans.json').plans[0]?.terms.tiers).toEqual([
      { upToNanos: 1n, sharePpm: 500_000n },
      { upToNanos: null, sharePpm: 300_000n },
    ]);
  });
});
