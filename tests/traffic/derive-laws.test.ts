import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseBusinessDay } from '../../src/domain/business-day.ts';
import { DeductionSums } from '../../src/traffic/deduction-sums.ts';
import type { AcceptedTraffic } from '../../src/traffic/derive-day.ts';
import { HashFilter } from '../../src/traffic/hash-filter.ts';
import { hash32, hash32OfBytes } from '../../src/traffic/hash32.ts';
import { HourCounters } from '../../src/traffic/impression-hours.ts';
import type { Invalidation } from '../../src/traffic/invalidation.ts';
import { PolicyBook } from '../../src/traffic/policy.ts';
import { runs } from '../support/runs.ts';
import { type NaivePolicy, naiveReasons } from './naive-checks.ts';
import { accepted, derive, SHANGHAI } from './world.ts';

const DAYS = ['2018-04-13', '2018-04-14', '2018-04-15', '2018-04-16'];
const MINUTE = 60_000;

/** Around the midnights, in steps of 20 minutes, so that windows, hours and lookbacks meet. */
const instant = fc
  .record({ day: fc.constantFrom(...DAYS.slice(1)), minutes: fc.integer({ min: -72, max: 71 }) })
  .map(({ day, minutes }) =>
    Temporal.PlainDateTime.from(`${day}T00:00`)
      .add({ minutes: minutes * 20 })
      .toString(),
  );

const traffic = fc
  .record({
    id: fc.integer({ min: 0, max: 30 }).map(String),
    type: fc.constantFrom('impression' as const, 'click' as const, 'click' as const),
    at: instant,
    unit: fc.constantFrom('a u', 'a v', 'b w'),
    deviceId: fc.constantFrom('d', 'd', 'd', 'e', null),
    impressionId: fc.option(fc.integer({ min: 0, max: 30 }).map(String)),
    alone: fc.constantFrom(null, null, null, null, null, 'known_bot' as const),
  })
  .map(({ unit, alone, ...fields }) => {
    const [appId = '', adUnitId = ''] = unit.split(' ');
    return accepted({ ...fields, appId, adUnitId, ...(alone === null ? {} : { alone }) });
  });

/** As accepted: no two of one type and id. */
const history = fc.uniqueArray(traffic, { maxLength: 60, selector: ({ event }) => `${event.type} ${event.id}` });

const policy = fc.record({
  lookbackDays: fc.constantFrom(0, 1, 2),
  rate: fc.option(fc.record({ impressions: fc.integer({ min: 1, max: 3 }), clicks: fc.integer({ min: 1, max: 3 }) })),
  withoutImpression: fc.boolean(),
  minMs: fc.option(fc.constantFrom(20 * MINUTE, 30 * MINUTE)),
  windowMs: fc.option(fc.constantFrom(20 * MINUTE, 40 * MINUTE, 60 * MINUTE)),
});

const policies: fc.Arbitrary<NaivePolicy[]> = fc
  .uniqueArray(fc.record({ from: fc.constantFrom('2018-01-01', ...DAYS), terms: policy }), {
    maxLength: 3,
    selector: ({ from }) => from,
  })
  .map(list => list.map(({ from, terms }) => ({ from, ...terms })).sort((a, b) => (a.from < b.from ? -1 : 1)));

const decision: fc.Arbitrary<Omit<Invalidation, 'invalidationId'>> = fc
  .record({
    slice: fc.boolean(),
    appId: fc.constantFrom('a', 'b'),
    adUnitId: fc.option(fc.constantFrom('u', 'w')),
    eventType: fc.option(fc.constantFrom('impression' as const, 'click' as const)),
    days: fc.subarray(DAYS, { minLength: 1 }),
    events: fc.array(fc.tuple(fc.constantFrom('click', 'impression'), fc.nat(30)).map(parts => parts.join(' '))),
    reason: fc.constantFrom('complaint', 'fraud_ring'),
  })
  .map(({ slice, days, events, adUnitId, eventType, ...rest }) => ({
    ...rest,
    developerId: 'dev',
    adUnitId: slice ? adUnitId : null,
    eventType: slice ? eventType : null,
    fromDay: parseBusinessDay(days[0] ?? ''),
    toDay: parseBusinessDay(days.at(-1) ?? ''),
    events: slice ? null : new Set(events),
  }));
const decisions = fc
  .array(decision, { maxLength: 3 })
  .map(list => list.map((each, index) => ({ ...each, invalidationId: `inv-${index}` })));

function bookOf(list: readonly NaivePolicy[]): PolicyBook {
  return new PolicyBook(
    list.map(({ from, lookbackDays, rate, withoutImpression, minMs, windowMs }) => ({
      effectiveFrom: parseBusinessDay(from),
      checks: {
        knownBot: true,
        dataCentre: true,
        implausibleRate: rate === null ? null : { maxImpressions: rate.impressions, maxClicks: rate.clicks },
        clickWithoutImpression: withoutImpression,
        clickTooSoon: minMs === null ? null : { minMs },
        repeatedClick: windowMs === null ? null : { windowMs },
        lookbackDays,
      },
    })),
  );
}

function naiveDeductions(
  events: readonly AcceptedTraffic[],
  { day, list, invalidations }: { day: string; list: readonly NaivePolicy[]; invalidations: readonly Invalidation[] },
): string[] {
  const sums = new Map<string, [impressions: number, clicks: number, gross: bigint]>();
  for (const [each, reason] of naiveReasons(events, { policies: list, timeZone: SHANGHAI, invalidations })) {
    if (each.businessDay !== day || reason === null || each.reasonAlone() !== null) continue;
    const key = `${each.event.adUnitId} ${reason}`;
    const [impressions, clicks, gross] = sums.get(key) ?? [0, 0, 0n];
    const isClick = each.event.type === 'click';
    sums.set(key, [impressions + (isClick ? 0 : 1), clicks + (isClick ? 1 : 0), gross + each.grossNanos]);
  }
  return [...sums].map(([key, [impressions, clicks, gross]]) => `${key}: ${impressions} ${clicks} ${gross}`).sort();
}

/** Deductions by reason, without saying by which decision. */
function byReason(deducted: readonly string[]): string[] {
  const sums = new Map<string, bigint[]>();
  for (const line of deducted) {
    const [key = '', figures = ''] = line.replace(/ by inv-\d/, '').split(': ');
    const before = sums.get(key) ?? [0n, 0n, 0n];
    sums.set(
      key,
      figures.split(' ').map((figure, place) => BigInt(figure) + (before[place] ?? 0n)),
    );
  }
  return [...sums].map(([key, figures]) => `${key}: ${figures.join(' ')}`).sort();
}

describe('deriving a day', () => {
  it('finds what the definitions say, in any order of the events and with any amount of memory', async () => {
    await fc.assert(
      fc.asyncProperty(
        history.chain(events =>
          fc.tuple(fc.constant(events), fc.shuffledSubarray(events, { minLength: events.length })),
        ),
        policies,
        decisions,
        fc.constantFrom(...DAYS),
        fc.constantFrom(1_000_000, 0, 2, 5),
        async ([events, shuffled], list, invalidations, day, mostHeld) => {
          const { deducted } = await derive(shuffled, { day, policies: bookOf(list), invalidations, mostHeld });
          expect(byReason(deducted)).toEqual(naiveDeductions(events, { day, list, invalidations }));
        },
      ),
      { numRuns: runs(1_500) },
    );
  });

  it('depends on a new event only on its own day, the days that look back to it, and along a chain of clicks', async () => {
    await fc.assert(
      fc.asyncProperty(history, traffic, policies, async (events, added, list) => {
        const before = events.filter(({ event }) => event.type !== added.event.type || event.id !== added.event.id);
        const policiesOfAll = bookOf(list);
        const sides = await Promise.all(
          [before, [...before, added]].map(
            async side =>
              await Promise.all(DAYS.map(async day => await derive(side, { day, policies: policiesOfAll }))),
          ),
        );
        const [old = [], fresh = []] = sides;
        let reached = false;
        for (const [index, day] of DAYS.entries()) {
          const changed = JSON.stringify(old[index]?.deducted) !== JSON.stringify(fresh[index]?.deducted);
          const lookback = policiesOfAll.on(parseBusinessDay(day))?.lookbackDays ?? 0;
          const distance = DAYS.indexOf(day) - DAYS.indexOf(added.businessDay);
          const looksBack = distance >= 0 && distance <= Math.max(lookback, 1);
          // The day after one that may have changed by itself may change too; further ones only where a chain is told of.
          const chained = (fresh[index - 1]?.chained ?? []).length > 0 || (old[index - 1]?.chained ?? []).length > 0;
          const allowed: boolean = looksBack || (distance > 0 && distance <= lookback + 1) || (reached && chained);
          if (changed) expect(allowed, `${day} after an event of ${added.businessDay}`).toBe(true);
          reached ||= allowed;
        }
      }),
      { numRuns: runs(600) },
    );
  });

  it('takes nothing back or away when a decision is taken back', async () => {
    await fc.assert(
      fc.asyncProperty(history, policies, decisions, async (events, list, invalidations) => {
        const day = '2018-04-15';
        const without = await derive(events, { day, policies: bookOf(list) });
        const withAll = await derive(events, { day, policies: bookOf(list), invalidations });
        const automatic = withAll.deducted.filter(line => !line.includes(' by inv-'));
        expect(automatic).toEqual(without.deducted);
      }),
      { numRuns: runs(300) },
    );
  });
});

describe('counters of hours', () => {
  it('count by the first bits of the hash', () => {
    const counters = new HourCounters();
    for (let times = 0; times < 3; times += 1) counters.add(0x07000000);
    counters.add(0x08000000);
    const shown = [0x07000000, 0x08000000, 0x09000000].map(hour => counters.at(hour));
    expect([...shown, counters.most]).toEqual([3, 1, 0, 3]);
  });

  it('never show fewer events than there were, however many come', () => {
    const counters = new HourCounters();
    const counts = new Map<number, number>();
    for (let event = 0; event < 50_000; event += 1) {
      const hour = hash32(String(event % 7_001));
      counters.add(hour);
      counts.set(hour, (counts.get(hour) ?? 0) + 1);
    }
    expect([...counts].filter(([hour, count]) => counters.at(hour) < count)).toEqual([]);
    expect(counters.most).toBeGreaterThanOrEqual(8);
    // Nor many more: 7,001 hours have eight events or seven.
    const shown = [...counts.keys()].map(hour => counters.at(hour));
    expect(shown.filter(count => count < 30).length).toBeGreaterThan(6_500);
  });
});

it('a filter of hashes never misses what it holds, and passes little else', () => {
  const filter = new HashFilter(1_000);
  for (let held = 0; held < 1_000; held += 1) filter.add(hash32(`held ${held}`));
  const passed = (prefix: string) =>
    Array.from({ length: 1_000 }, (_, place) => hash32(`${prefix} ${place}`)).filter(hash => filter.mayHold(hash));
  expect(passed('held')).toHaveLength(1_000);
  expect(passed('other').length).toBeLessThan(200);
});

it('the hash of bytes is that of their text', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary-ascii' }), text => {
      const bytes = Buffer.from(` ${text} `, 'latin1');
      expect(hash32OfBytes(bytes, 1, bytes.length - 1)).toBe(hash32(text));
    }),
  );
});

it('sums tell ad units, currencies, reasons and decisions apart', () => {
  const sums = new DeductionSums();
  const one = accepted({ at: '2018-04-15T10:00:00' });
  const dollars = accepted({ at: '2018-04-15T10:00:00', currency: 'USD' });
  for (const each of [one, one, dollars]) sums.add(each, { reason: 'fraud', invalidationId: 'x' });
  sums.add(one, { reason: 'fraud', invalidationId: 'y' });
  expect(sums.all().map(({ currency, invalidationId, clicks }) => `${currency} ${invalidationId} ${clicks}`)).toEqual([
    'CNY x 2',
    'USD x 1',
    'CNY y 1',
  ]);
});
