import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type BusinessDay, daysInRange, parseBusinessDay } from '../../src/domain/business-day.ts';
import { grantAll, meetDay, type Need, takeBack } from '../../src/domain/grant.ts';
import { claimOf } from '../../src/domain/incentive.ts';
import { CATEGORIES } from '../support/funding.ts';

const DAYS = ['2018-09-01', '2018-09-02', '2018-09-03'].map(parseBusinessDay);
const [DAY_1, DAY_2, DAY_3] = DAYS as [BusinessDay, BusinessDay, BusinessDay];

function need(appId: string, businessDay: BusinessDay, claimNanos: bigint, awardedNanos = 0n): Need {
  return { appId, businessDay, claimNanos, awardedNanos };
}

/** As `app day ±nanos`, in the order of days and apps. */
function told(granted: ReturnType<typeof grantAll>): string[] {
  return granted.changes
    .map(({ need: { appId, businessDay }, changeNanos }) => `${businessDay.slice(8)} ${appId} ${changeNanos}`)
    .sort();
}

describe('a day that does not fit is shared in proportion', () => {
  test.each([
    // left, needs by app, awards by app; the sum of the awards is what was left
    ['all fits: 3 + 4 + 5 = 12', 12n, { a: 3n, b: 4n, c: 5n }, { a: 3n, b: 4n, c: 5n }],
    // 10 × 3/6 = 5; 10 × 2/6 is more than needed? No: needs are 30, 20, 10 and 10 × 30/60 = 5, 10 × 20/60 = 3⅓, 10 × 10/60 = 1⅔:
    // floors 5 + 3 + 1 = 9, one nano over, to the largest remainder ⅔
    ['5, 3⅓, 1⅔', 10n, { a: 30n, b: 20n, c: 10n }, { a: 5n, b: 3n, c: 2n }],
    // 2 × 1/3 = ⅔ each: floors 0, two nanos over, equal remainders, to the lower app ids
    ['a tie goes by app id', 2n, { c: 1n, b: 1n, a: 1n }, { a: 1n, b: 1n }],
    // 7 × 4/8 = 3½, 7 × 2/8 = 1¾ twice: floors 3 + 1 + 1 = 5, two over, to both of ¾
    ['two of one remainder', 7n, { a: 4n, b: 2n, c: 2n }, { a: 3n, b: 2n, c: 2n }],
    // 1 × 999/1000 and 1 × 1/1000: floors 0, one over, to the larger need
    ['a single nano', 1n, { a: 1n, b: 999n }, { b: 1n }],
    ['nothing left', 0n, { a: 5n }, {}],
  ])('%s', (_name, left, claims, awards) => {
    const needs = Object.entries(claims).map(([appId, claim]) => need(appId, DAY_1, claim));
    const met = meetDay(left, needs);
    const found = Object.fromEntries(met.changes.map(change => [change.need.appId, change.changeNanos]));
    expect(found).toEqual(awards);
    const given = Object.values(awards).reduce((sum, each) => sum + each, 0n);
    expect(met.leftNanos).toBe(left - given);
  });

  test('what was awarded before counts: needs are 10 − 4 and 10 − 10', () => {
    expect(told(grantAll(5n, [need('a', DAY_1, 10n, 4n), need('b', DAY_1, 10n, 10n)]))).toEqual(['01 a 5']);
  });

  test('older days are met first, the day that does not fit is shared, later ones get nothing', () => {
    // 10 − 4 for the first day leaves 6 of 12 for the second: 6 × 8/12 = 4 and 6 × 4/12 = 2
    const needs = [need('a', DAY_3, 1n), need('b', DAY_2, 4n), need('a', DAY_2, 8n), need('a', DAY_1, 4n)];
    expect(told(grantAll(10n, needs))).toEqual(['01 a 4', '02 a 4', '02 b 2']);
  });

  test('what is taken back is there for others in the same step', () => {
    // 5 of app a go back, and meet 5 of the 7 that app b lacks
    const needs = [need('a', DAY_2, 1n, 6n), need('b', DAY_3, 9n, 2n)];
    expect(told(grantAll(0n, needs))).toEqual(['02 a -5', '03 b 5']);
  });
});

const MOST = 10n ** 24n;
const amount = fc.oneof(fc.bigInt({ min: 0n, max: 20n }), fc.bigInt({ min: 0n, max: MOST }));
const needs = fc
  .uniqueArray(
    fc.record({
      app: fc.integer({ min: 0, max: 12 }),
      day: fc.integer({ min: 0, max: 2 }),
      claim: amount,
      awarded: amount,
    }),
    {
      selector: ({ app, day }) => `${app} ${day}`,
      maxLength: 30,
    },
  )
  .map(list =>
    list.map(({ app, day, claim, awarded }) => need(`app_${app}`, DAYS[day] as BusinessDay, claim, awarded)),
  );

describe('laws of section 11', () => {
  /** What each (app, day) has after the step. */
  const outcomeOf = (list: readonly Need[], left: bigint) => {
    const { changes, leftNanos } = grantAll(left, list);
    const awards = new Map(list.map(each => [each, each.awardedNanos]));
    for (const { need: of, changeNanos } of changes) awards.set(of, (awards.get(of) ?? 0n) + changeNanos);
    return { awards, leftNanos };
  };

  test('money is neither made nor lost, and no account goes below zero', () => {
    fc.assert(
      fc.property(needs, amount, (list, left) => {
        const { awards, leftNanos } = outcomeOf(list, left);
        const sum = (values: Iterable<bigint>) => [...values].reduce((total, each) => total + each, 0n);
        expect(leftNanos + sum(awards.values())).toBe(left + sum(list.map(each => each.awardedNanos)));
        expect(leftNanos >= 0n).toBe(true);
      }),
    );
  });

  test('0 ≤ awarded ≤ claim, and less than the claim only if nothing was left', () => {
    fc.assert(
      fc.property(needs, amount, (list, left) => {
        const { awards, leftNanos } = outcomeOf(list, left);
        for (const [{ claimNanos }, awarded] of awards) {
          expect(awarded >= 0n && awarded <= claimNanos).toBe(true);
          if (awarded < claimNanos) expect(leftNanos).toBe(0n);
        }
      }),
    );
  });

  test("nobody's award falls unless their own claim has fallen below it", () => {
    fc.assert(
      fc.property(needs, amount, (list, left) => {
        for (const [{ claimNanos, awardedNanos }, awarded] of outcomeOf(list, left).awards) {
          if (awarded < awardedNanos) expect(awarded).toBe(claimNanos);
        }
      }),
    );
  });

  test('a later day has anything new only if every older one is met', () => {
    fc.assert(
      fc.property(needs, amount, (list, left) => {
        const { awards } = outcomeOf(list, left);
        const gained = [...awards].filter(([of, awarded]) => awarded > of.awardedNanos).map(([of]) => of.businessDay);
        const lacking = [...awards].filter(([of, awarded]) => awarded < of.claimNanos).map(([of]) => of.businessDay);
        for (const day of gained) expect(lacking.every(each => each >= day)).toBe(true);
      }),
    );
  });

  test('the order of apps does not matter', () => {
    fc.assert(
      fc.property(needs, amount, fc.infiniteStream(fc.nat()), (list, left, chance) => {
        const shuffled = list.map(each => [chance.next().value as number, each] as const).sort(([a], [b]) => a - b);
        expect(
          told(
            grantAll(
              left,
              shuffled.map(([, each]) => each),
            ),
          ),
        ).toEqual(told(grantAll(left, list)));
      }),
    );
  });

  test('more money never means less for a day, and one step more changes nothing', () => {
    fc.assert(
      fc.property(needs, amount, amount, (list, left, more) => {
        const [little, much] = [outcomeOf(list, left), outcomeOf(list, left + more)];
        const ofDay = (awards: ReadonlyMap<Need, bigint>, day: string) =>
          [...awards].reduce((sum, [of, awarded]) => sum + (of.businessDay === day ? awarded : 0n), 0n);
        for (const day of DAYS) expect(ofDay(much.awards, day) >= ofDay(little.awards, day)).toBe(true);
        const again = [...little.awards].map(([of, awardedNanos]) => ({ ...of, awardedNanos }));
        expect(grantAll(little.leftNanos, again).changes).toEqual([]);
      }),
    );
  });

  test('awards within a day follow needs: who needs more gets no less', () => {
    fc.assert(
      fc.property(needs, amount, (list, left) => {
        const ofDay = list.filter(each => each.businessDay === DAY_1).map(each => ({ ...each, awardedNanos: 0n }));
        const { awards } = outcomeOf(ofDay, left);
        const sorted = [...awards].sort(([a], [b]) => (a.claimNanos < b.claimNanos ? -1 : 1));
        for (const [place, [of, awarded]] of sorted.entries()) {
          const [below, less = 0n] = sorted[place - 1] ?? [];
          // The nanos left over go by remainder, not by need.
          if (below !== undefined && below.claimNanos < of.claimNanos) expect(awarded >= less - 1n).toBe(true);
        }
      }),
    );
  });

  test('taking back never asks for money', () => {
    fc.assert(
      fc.property(needs, list => {
        expect(takeBack(0n, list).leftNanos >= 0n).toBe(true);
      }),
    );
  });
});

const YUAN = 10n ** 9n;

test('1 billion yuan over three years for 20,000 apps in nine categories is used up to the nano, on one day at last', () => {
  const rule = { incentive: { kind: 'points', pointsPpm: 50_000n }, categories: CATEGORIES, newAppDays: null } as const;
  // Every tenth app is in a category that the fund is not for. On each day of the week an app earns another sum.
  const claimsByWeekday = Array.from({ length: 7 }, (_, weekday) =>
    Array.from({ length: 20_000 }, (_, app) => {
      const grossNanos = BigInt(900 + ((app * 7 + weekday * 31) % 250)) * YUAN + BigInt(app * 13 + weekday);
      const category = app % 10 === 9 ? 'other' : (CATEGORIES[app % 10] ?? null);
      const claimNanos = claimOf(rule, { businessDay: DAY_1, grossNanos, category, firstDay: null });
      return { appId: `app_${String(app).padStart(5, '0')}`, claimNanos, awardedNanos: 0n };
    }),
  );
  const askedByWeekday = claimsByWeekday.map(claims => claims.reduce((sum, each) => sum + each.claimNanos, 0n));
  const days = daysInRange({ from: parseBusinessDay('2018-09-01'), to: parseBusinessDay('2021-08-31') });
  // 5 % of about 1,024.5 yuan for 18,000 apps: 922,000 a day, 1.01 billion in all, which is more than there is.
  let left = 1_000_000_000n * YUAN;
  const given: bigint[] = [];
  const asked: bigint[] = [];
  for (const [number, businessDay] of days.entries()) {
    const needs = (claimsByWeekday[number % 7] ?? []).map(each => ({ ...each, businessDay }));
    const granted = grantAll(left, needs);
    asked.push(askedByWeekday[number % 7] ?? 0n);
    given.push(granted.changes.reduce((sum, each) => sum + each.changeNanos, 0n));
    left = granted.leftNanos;
  }
  expect(left).toBe(0n);
  expect(given.reduce((sum, each) => sum + each, 0n)).toBe(1_000_000_000n * YUAN);
  const short = days.filter((_, number) => given[number] !== asked[number]);
  expect(short.length).toBeGreaterThan(0);
  expect(short).toEqual(days.slice(-short.length));
  expect(days.filter((_, number) => given[number] !== asked[number] && given[number] !== 0n)).toEqual(
    short.slice(0, 1),
  );
});
