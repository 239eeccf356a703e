import { fc, test as propTest } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';
import { flowsWith, takenByHold } from '../../src/domain/held-money.ts';

describe('what accompanies a difference', () => {
  test.each<[string, { difference: bigint; held: bigint; forfeited: bigint; isOnHold: boolean }, string[]]>([
    ['more, no hold', { difference: 5n, held: 0n, forfeited: 0n, isOnHold: false }, []],
    [
      'more, on hold: all of it',
      { difference: 5n, held: 3n, forfeited: 2n, isOnHold: true },
      ['hold payable > held 5'],
    ],
    ['less, nothing kept back', { difference: -5n, held: 0n, forfeited: 0n, isOnHold: true }, []],
    ['5 less of 7 held', { difference: -5n, held: 7n, forfeited: 9n, isOnHold: true }, ['hold held > payable 5']],
    [
      '5 less of 3 held: 3 + 2 of 9 forfeited',
      { difference: -5n, held: 3n, forfeited: 9n, isOnHold: false },
      ['hold held > payable 3', 'forfeiture forfeited > payable 2'],
    ],
    [
      '5 less of 3 held, 1 forfeited: 5 − 3 − 1 = 1 of payable',
      { difference: -5n, held: 3n, forfeited: 1n, isOnHold: true },
      ['hold held > payable 3', 'forfeiture forfeited > payable 1'],
    ],
    ['nothing', { difference: 0n, held: 3n, forfeited: 1n, isOnHold: true }, []],
  ])('%s', (_what, { difference, held, forfeited, isOnHold }, expected) => {
    const flows = flowsWith(difference, { heldNanos: held, forfeitedNanos: forfeited, isOnHold });
    expect(flows.map(flow => `${flow.reason} ${flow.debit} > ${flow.credit} ${flow.amountNanos}`)).toEqual(expected);
  });

  test('a balance below zero is an error, not a guess', () => {
    expect(() => flowsWith(1n, { heldNanos: -1n, forfeitedNanos: 0n, isOnHold: false })).toThrow('negative');
    expect(() => flowsWith(1n, { heldNanos: 0n, forfeitedNanos: -1n, isOnHold: false })).toThrow('negative');
  });

  const amount = fc.bigInt({ min: 0n, max: 100n });
  propTest.prop([fc.bigInt({ min: -200n, max: 200n }), amount, amount, fc.boolean()])(
    'held and forfeited stay above zero, and payable falls only where both are empty',
    (difference, heldNanos, forfeitedNanos, isOnHold) => {
      const balance = { payable: difference, held: heldNanos, forfeited: forfeitedNanos };
      for (const { debit, credit, amountNanos } of flowsWith(difference, { heldNanos, forfeitedNanos, isOnHold })) {
        expect(amountNanos > 0n).toBe(true);
        balance[debit as 'held'] -= amountNanos;
        balance[credit as 'held'] += amountNanos;
      }
      expect(balance.held >= 0n && balance.forfeited >= 0n).toBe(true);
      expect(balance.payable + balance.held + balance.forfeited).toBe(difference + heldNanos + forfeitedNanos);
      if (balance.payable < 0n) expect([balance.held, balance.forfeited]).toEqual([0n, 0n]);
      if (difference < 0n) expect(balance.payable <= 0n).toBe(true);
    },
  );
});

describe('what a hold takes of what is payable', () => {
  const day = (businessDay: string, payableNanos: bigint, appId = 'a') => ({ appId, businessDay, payableNanos });

  test.each<[string, ReturnType<typeof day>[], bigint, string[]]>([
    ['all, newest first', [day('11', 5n), day('12', 3n)], 8n, ['12 a 3', '11 a 5']],
    ['what is owed: 6 − 3 = 3 of the older day', [day('11', 5n), day('12', 3n)], 6n, ['12 a 3', '11 a 3']],
    ['nothing of a day below zero', [day('11', 5n), day('12', -3n)], 2n, ['11 a 2']],
    ['nothing where nothing is owed', [day('11', 5n)], -1n, []],
    ['apps of a day in order', [day('11', 5n, 'b'), day('11', 5n, 'a')], 7n, ['11 a 5', '11 b 2']],
  ])('%s', (_what, days, owed, expected) => {
    const taken = takenByHold(days, owed);
    expect(taken.map(({ day: of, amountNanos }) => `${of.businessDay} ${of.appId} ${amountNanos}`)).toEqual(expected);
  });

  propTest.prop([fc.array(fc.bigInt({ min: -50n, max: 50n }), { maxLength: 8 }), fc.bigInt({ min: -50n, max: 300n })])(
    'never more than a day has, nor than is owed, and all that both allow',
    (amounts, owed) => {
      const days = amounts.map((amount, place) => day(`${10 + place}`, amount));
      const taken = takenByHold(days, owed);
      for (const { day: of, amountNanos } of taken)
        expect(amountNanos > 0n && amountNanos <= of.payableNanos).toBe(true);
      const sum = (all: readonly bigint[]) => all.reduce((total, each) => total + each, 0n);
      const there = sum(amounts.filter(amount => amount > 0n));
      const atMost = owed < 0n ? 0n : owed;
      expect(sum(taken.map(({ amountNanos }) => amountNanos))).toBe(there < atMost ? there : atMost);
    },
  );
});
