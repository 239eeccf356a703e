import { describe, expect, it } from 'vitest';
import type { TrafficChecks } from '../../src/traffic/checks.ts';
import { accepted, type DeriveCase, derive, type Traffic } from './world.ts';

const impression = (at: string, changes: Partial<Traffic> = {}): Traffic => ({
  type: 'impression',
  id: 'i',
  ...changes,
  at,
});
const click = (at: string, changes: Partial<Traffic> = {}): Traffic => ({ id: `c ${at}`, ...changes, at });

/** Times are of 2018-04-15, Shanghai, unless they have a date. */
async function deducted(traffic: readonly Traffic[], checks: Partial<TrafficChecks>, more: DeriveCase = {}) {
  const full = traffic.map(each => ({ ...each, at: each.at.includes('T') ? each.at : `2018-04-15T${each.at}` }));
  return (
    await derive(
      full.map(each => accepted(each, more.timeZone)),
      { ...more, checks },
    )
  ).deducted;
}

describe('click_too_soon', () => {
  const checks = { clickTooSoon: { minMs: 500 } };
  const TOO_SOON = ['u click_too_soon: 0 1 300000000'];
  it.each([
    ['499 ms after its impression', [impression('10:00:00'), click('10:00:00.499', { impressionId: 'i' })], TOO_SOON],
    ['500 ms after it', [impression('10:00:00'), click('10:00:00.500', { impressionId: 'i' })], []],
    ['at the same instant', [impression('10:00:00'), click('10:00:00', { impressionId: 'i' })], TOO_SOON],
    ['before it', [impression('10:00:05'), click('10:00:00', { impressionId: 'i' })], TOO_SOON],
    ['without an impression_id', [impression('10:00:00'), click('10:00:00.100')], []],
    ['of an impression that is not there', [click('10:00:00.100', { impressionId: 'i' })], []],
    [
      'of an impression of another app',
      [impression('10:00:00', { appId: 'b', adUnitId: 'v' }), click('10:00:00.1', { impressionId: 'i' })],
      [],
    ],
    [
      'of an impression of another ad unit',
      [impression('10:00:00', { adUnitId: 'v' }), click('10:00:00.1', { impressionId: 'i' })],
      [],
    ],
    [
      'of an impression of another developer',
      [impression('10:00:00', { developerId: 'x' }), click('10:00:00.1', { impressionId: 'i' })],
      [],
    ],
    [
      'of an impression that is invalid itself',
      [impression('10:00:00', { alone: 'known_bot' }), click('10:00:00.1', { impressionId: 'i' })],
      TOO_SOON,
    ],
    [
      'without a device',
      [impression('10:00:00', { deviceId: null }), click('10:00:00.1', { impressionId: 'i', deviceId: null })],
      TOO_SOON,
    ],
    [
      'just after midnight, its impression just before',
      [impression('2018-04-14T23:59:59.9'), click('00:00:00.1', { impressionId: 'i' })],
      TOO_SOON,
    ],
    [
      'just before midnight, its impression just after: of a later day',
      [impression('2018-04-16T00:00:00'), click('23:59:59.9', { impressionId: 'i' })],
      [],
    ],
  ])('a click %s', async (_what, traffic, expected) => {
    expect(await deducted(traffic, checks)).toEqual(expected);
  });
});

describe('click_without_impression', () => {
  const checks = { clickWithoutImpression: true };
  const NONE = ['u click_without_impression: 0 1 300000000'];
  it.each([
    ['with an impression', [impression('09:00:00'), click('10:00:00', { impressionId: 'i' })], 1, []],
    ['with one later that day', [impression('11:00:00'), click('10:00:00', { impressionId: 'i' })], 1, []],
    [
      'with one of the day before',
      [impression('2018-04-14T00:00:00'), click('23:59:59', { impressionId: 'i' })],
      1,
      [],
    ],
    [
      'with one of two days before',
      [impression('2018-04-13T23:59:59.999'), click('00:00:00', { impressionId: 'i' })],
      1,
      NONE,
    ],
    [
      'with one of two days before, if that is asked',
      [impression('2018-04-13T00:00:00'), click('00:00:00', { impressionId: 'i' })],
      2,
      [],
    ],
    [
      'with one of the day before, if only that day is asked',
      [impression('2018-04-14T23:59:59'), click('00:00:00', { impressionId: 'i' })],
      0,
      NONE,
    ],
    [
      'with one of the next day',
      [impression('2018-04-16T00:00:00'), click('23:59:59', { impressionId: 'i' })],
      1,
      NONE,
    ],
    ['without an impression_id', [impression('10:00:00'), click('10:00:01')], 1, NONE],
    ['of an impression that is not there', [click('10:00:01', { impressionId: 'i' })], 1, NONE],
    [
      'whose id is that of a click',
      [click('10:00:00', { id: 'i', alone: 'known_bot' }), click('10:00:01', { impressionId: 'i' })],
      1,
      NONE,
    ],
  ])('a click %s', async (_what, traffic, lookbackDays, expected) => {
    expect(await deducted(traffic, { ...checks, lookbackDays })).toEqual(expected);
  });
});

describe('repeated_click', () => {
  const checks = { repeatedClick: { windowMs: 10_000 } };
  const repeated = (clicks: number) => [`u repeated_click: 0 ${clicks} ${clicks * 300_000_000}`];
  it.each([
    ['10 s after a valid one', [click('10:00:00'), click('10:00:10')], repeated(1)],
    ['more than 10 s after it', [click('10:00:00'), click('10:00:10.001')], []],
    ['at the same instant', [click('10:00:00', { id: 'a' }), click('10:00:00', { id: 'b' })], repeated(1)],
    ['after a repeated one only', [click('10:00:00'), click('10:00:06'), click('10:00:12')], repeated(1)],
    ['of another device', [click('10:00:00'), click('10:00:01', { deviceId: 'e' })], []],
    ['on another ad unit', [click('10:00:00'), click('10:00:01', { adUnitId: 'v' })], []],
    [
      'of another developer',
      [click('10:00:00', { developerId: 'x', adUnitId: 'w', appId: 'z' }), click('10:00:01')],
      [],
    ],
    ['without a device', [click('10:00:00', { deviceId: null }), click('10:00:01', { deviceId: null })], []],
    ['after one that is invalid alone', [click('10:00:00', { alone: 'data_centre' }), click('10:00:01')], []],
    ['after midnight, the valid one before it', [click('2018-04-14T23:59:55'), click('00:00:05')], repeated(1)],
    ['after midnight, more than 10 s after', [click('2018-04-14T23:59:55'), click('00:00:05.001')], []],
    [
      'after midnight, where the one before is repeated itself',
      [click('2018-04-14T23:59:45'), click('2018-04-14T23:59:55'), click('00:00:00')],
      [],
    ],
    ['after an impression', [impression('10:00:00'), click('10:00:01')], []],
  ])('a click %s', async (_what, traffic, expected) => {
    expect(await deducted(traffic, checks)).toEqual(expected);
  });

  it.each([3_600_000, 2_400_000])(
    'follows a chain of clicks back over as many midnights as it crosses, the window being %d ms',
    async windowMs => {
      const times = (from: string, to: string, everyMs: number) => {
        const [first, last] = [from, to].map(
          at => Temporal.PlainDateTime.from(at).toZonedDateTime('UTC').epochMilliseconds,
        );
        const found: Traffic[] = [];
        for (let at = first as number; at <= (last as number); at += everyMs)
          found.push(click(new Date(at).toISOString().slice(0, 23)));
        return found;
      };
      // Every 40 minutes, which is within the window: each second one counts, from whenever the chain began.
      const hourly = { repeatedClick: { windowMs } };
      const even = times('2018-04-12T22:40:00', '2018-04-15T00:40:00', 2_400_000);
      const odd = times('2018-04-12T22:00:00', '2018-04-15T00:40:00', 2_400_000);
      expect([even.length, odd.length]).toEqual([76, 77]);
      expect(await deducted(even, hourly)).toEqual(repeated(1));
      const verdicts = await Promise.all(
        [even, odd].map(
          async each =>
            await derive(
              each.map(one => accepted(one)),
              { checks: hourly, day: '2018-04-14' },
            ),
        ),
      );
      expect(verdicts.map(({ chained }) => chained)).toEqual([['dev'], ['dev']]);
      const onlyFirst = async (traffic: Traffic[]) => await deducted(traffic.slice(0, -1), hourly);
      expect([await onlyFirst(even), await onlyFirst(odd)]).toEqual([[], repeated(1)]);
    },
  );
});

describe('implausible_rate', () => {
  const checks = { implausibleRate: { maxImpressions: 2, maxClicks: 1 } };
  const TOO_MANY = ['u implausible_rate: 1 0 2000000'];
  const three = (times: readonly string[], changes: Partial<Traffic> = {}) =>
    times.map((at, index) => impression(at, { id: `i${index}`, ...changes }));
  it.each([
    ['the third of an hour', three(['10:00:00', '10:30:00', '10:59:59.999']), TOO_MANY],
    ['the third of two hours', three(['10:00:00', '10:30:00', '11:00:00']), []],
    [
      'the third, an invalid one among the first',
      three(['10:00:00', '10:30:00', '10:40:00']).with(0, impression('10:00:00', { id: 'x', alone: 'known_bot' })),
      TOO_MANY,
    ],
    [
      'an invalid third',
      three(['10:00:00', '10:30:00', '10:40:00']).with(2, impression('10:40:00', { id: 'x', alone: 'known_bot' })),
      [],
    ],
    ['the third of no device', three(['10:00:00', '10:30:00', '10:40:00'], { deviceId: null }), []],
    [
      'the third of several developers',
      three(['10:00:00', '10:30:00', '10:40:00']).with(
        1,
        impression('10:30:00', { developerId: 'x', appId: 'z', adUnitId: 'w' }),
      ),
      [],
    ],
    ['the second click', [click('10:00:00'), click('10:00:01')], ['u implausible_rate: 0 1 300000000']],
    ['a click after two impressions', [...three(['10:00:00', '10:00:01']), click('10:00:02')], []],
  ])('%s', async (_what, traffic, expected) => {
    expect(await deducted(traffic, checks)).toEqual(expected);
  });

  it('counts all ad units together, and of one instant the greater id', async () => {
    const traffic = [
      impression('10:00:00', { id: 'b', adUnitId: 'v' }),
      impression('10:00:00', { id: 'c', adUnitId: 'w' }),
      impression('10:00:00', { id: 'a' }),
    ];
    expect(await deducted(traffic, checks)).toEqual(['w implausible_rate: 1 0 2000000']);
  });

  it('goes by the local hour, which begins at a quarter past in Kathmandu', async () => {
    const zone = { timeZone: 'Asia/Kathmandu' };
    expect(await deducted(three(['10:00:00', '10:30:00', '10:59:59']), checks, zone)).toEqual(TOO_MANY);
    expect(await deducted(three(['10:00:00', '10:30:00', '11:00:00']), checks, zone)).toEqual([]);
  });

  it('has to do with repeated clicks: one that is too many makes no later one a repeated one', async () => {
    const traffic = [click('10:00:00'), click('10:59:55'), click('11:00:00')];
    expect(await deducted(traffic, { ...checks, repeatedClick: { windowMs: 10_000 } })).toEqual([
      'u implausible_rate: 0 1 300000000',
    ]);
  });
});

it('an event has the first reason that applies', async () => {
  const all: Partial<TrafficChecks> = {
    implausibleRate: { maxImpressions: 1, maxClicks: 3 },
    clickWithoutImpression: true,
    clickTooSoon: { minMs: 500 },
    repeatedClick: { windowMs: 3_600_000 },
  };
  const traffic = [
    impression('10:00:00'),
    click('10:00:00.600', { impressionId: 'i' }),
    click('10:00:00.700'),
    click('10:00:00.400', { impressionId: 'i' }),
    click('10:00:00.900', { impressionId: 'i' }),
    click('11:00:00', { impressionId: 'i' }),
  ];
  expect(await deducted(traffic, all)).toEqual([
    'u click_too_soon: 0 1 300000000',
    'u click_without_impression: 0 1 300000000',
    'u implausible_rate: 0 1 300000000',
    'u repeated_click: 0 1 300000000',
  ]);
});
