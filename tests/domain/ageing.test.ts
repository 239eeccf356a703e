import { fc, test as propTest } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';
import { agesOf } from '../../src/domain/ageing.ts';
import type { Period } from '../../src/domain/period.ts';

const PERIODS = ['2018-03-H1', '2018-03-H2', '2018-04-H1', '2018-04-H2', '2018-05-H1'] as Period[];
const [FIRST, SECOND, THIRD] = PERIODS as [Period, Period, Period];

describe('what is owed is as old as', () => {
  test.each<[string, readonly (readonly [Period, bigint])[], bigint, string[]]>([
    [
      'the period in which it arose',
      [
        [FIRST, 5n],
        [SECOND, 7n],
      ],
      0n,
      [`${FIRST} 5`, `${SECOND} 7`],
    ],
    [
      'what is left: 6 paid are the first 5 and 1 of 7',
      [
        [FIRST, 5n],
        [SECOND, 7n],
      ],
      6n,
      [`${SECOND} 6`],
    ],
    ['nothing, when all is paid', [[FIRST, 5n]], 5n, []],
    [
      'what is left, whenever it is taken back: 5 − 2',
      [
        [FIRST, 5n],
        [SECOND, -2n],
        [THIRD, 1n],
      ],
      0n,
      [`${FIRST} 3`, `${THIRD} 1`],
    ],
    [
      'what arose before and after an advance: 3 − 5 + 7',
      [
        [FIRST, 3n],
        [SECOND, -5n],
        [THIRD, 7n],
      ],
      0n,
      [`${THIRD} 5`],
    ],
    [
      'nothing, when more was taken than there is: 3 − 5',
      [
        [FIRST, 3n],
        [SECOND, -5n],
      ],
      0n,
      ['null -2'],
    ],
    [
      'what a period came to: 4 − 1 in one',
      [
        [FIRST, 4n],
        [FIRST, -1n],
      ],
      0n,
      [`${FIRST} 3`],
    ],
  ])('%s', (_what, arisen, paidNanos, expected) => {
    const ages = agesOf(
      arisen.map(([period, amountNanos]) => ({ period, amountNanos })),
      paidNanos,
    );
    expect(ages.map(({ period, amountNanos }) => `${period} ${amountNanos}`)).toEqual(expected);
  });

  const arisen = fc.array(
    fc.record({ period: fc.constantFrom(...PERIODS), amountNanos: fc.bigInt({ min: -20n, max: 50n }) }),
    { maxLength: 12 },
  );

  propTest.prop([arisen, fc.bigInt({ min: 0n, max: 150n })])(
    'the newest that makes up the balance',
    (moved, paidNanos) => {
      const balance = moved.reduce((sum, { amountNanos }) => sum + amountNanos, 0n) - paidNanos;
      const ages = agesOf(moved, paidNanos);
      expect(ages.reduce((sum, { amountNanos }) => sum + amountNanos, 0n)).toBe(balance);
      if (balance < 0n) {
        expect(ages).toEqual([{ period: null, amountNanos: balance }]);
        return;
      }
      // From the other end: the youngest money first, until the balance is reached.
      const expected: string[] = [];
      let left = balance;
      for (const period of PERIODS.toReversed()) {
        const ofPeriod = moved.filter(each => each.period === period).reduce((sum, each) => sum + each.amountNanos, 0n);
        const part = ofPeriod < left ? ofPeriod : left;
        if (part <= 0n) continue;
        left -= part;
        expected.unshift(`${period} ${part}`);
      }
      expect(ages.map(({ period, amountNanos }) => `${period} ${amountNanos}`)).toEqual(expected);
    },
  );
});
