import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { rejectionOf } from '../support/refusals.ts';
import { nanosOf, SettlementSystem } from '../support/settlement-system.ts';

const CATALOG = {
  developers: [
    { id: 'dev', name: 'Dev', type: 'company', country: 'CN' },
    { id: 'other', name: 'Other', type: 'company', country: 'CN' },
  ],
  apps: [
    { id: 'app', developer_id: 'dev', name: 'App', category: 'tools' },
    { id: 'side', developer_id: 'dev', name: 'Side', category: 'tools' },
    { id: 'app-o', developer_id: 'other', name: 'O', category: 'tools' },
  ],
  ad_units: [
    { id: 'unit', app_id: 'app', format: 'banner' },
    { id: 'unit-2', app_id: 'app', format: 'banner' },
    { id: 'side-unit', app_id: 'side', format: 'banner' },
    { id: 'unit-o', app_id: 'app-o', format: 'banner' },
  ],
};
const PLAN = {
  ...{ id: 'tiered', scope: { default: true }, currency: 'CNY', effective_from: '2018-01-01', effective_to: null },
  ...{ basis: 'app_day', mode: 'marginal', tiers: [{ up_to: '100.00', share: '0.50' }, { share: '0.30' }] },
};
const OFF = {
  ...{ known_bot: false, data_centre: false, implausible_rate: false, click_without_impression: false },
  ...{ click_too_soon: false, repeated_click: false },
};
const policy = (checks: object, more: object = {}) => ({
  effective_from: '2018-01-01',
  checks: { ...OFF, ...checks },
  ...more,
});
const REPEATED = policy({ repeated_click: { window_ms: 10_000 } });

/** A click of 10.00 of device `d` on `unit` on 2018-04-15 unless told otherwise; times are Shanghai's. */
function line(id: string, at: string, fields: Record<string, unknown> = {}): string {
  const time = at.includes('T') ? at : `2018-04-15T${at}`;
  return JSON.stringify({
    ...{
      id,
      type: 'click',
      occurred_at: `${time}+08:00`,
      app_id: 'app',
      ad_unit_id: 'unit',
      currency: 'CNY',
      price: '10',
    },
    device_id: 'd',
    ...fields,
  });
}
const impression = (id: string, at: string, fields: Record<string, unknown> = {}) =>
  line(id, at, { type: 'impression', price: '1000', ...fields });

/** Of each two that make one repeated the first counts, of 1.00, or with a click just before them all the second, of 2.00. */
function hourlyClicks(from: string, days: number): string[] {
  return Array.from({ length: 24 * days }, (_, hour) => {
    const at = Temporal.PlainDateTime.from(from).add({ hours: hour });
    return line(`c${hour}`, at.toString({ smallestUnit: 'second' }), { price: hour % 2 === 0 ? '1' : '2' });
  });
}

let system: SettlementSystem;
beforeAll(async () => {
  system = await SettlementSystem.open({ bucketCount: 2 });
  await (await system.owner()).query('update installation set bucket_count = 2');
});
beforeEach(async () => {
  await system.reset('2018-04-18T12:00:00+08:00');
  await system.importCatalog(CATALOG);
  await system.importPlans(PLAN);
});
afterAll(async () => await system.drop());

/** What an app's day is posted at for the developer. */
async function paid(appId = 'app', day = '2018-04-15'): Promise<bigint> {
  const rows = (await system.transfers()).filter(row => row.appId === appId && row.businessDay === day);
  return rows.reduce((sum, row) => {
    if (row.credit === 'payable') return sum + row.amountNanos;
    return row.debit === 'payable' ? sum - row.amountNanos : sum;
  }, 0n);
}

async function expectVerified(): Promise<void> {
  const { differences, pending } = await system.verify();
  expect([differences, pending]).toEqual([[], { batches: 0, dueDays: 0 }]);
}

describe('checks of one event alone', () => {
  it('judge when events are processed, and never again', async () => {
    const bot = { user_agent: 'Mozilla/5.0 (compatible; Googlebot/2.1)' };
    const centre = { ip: '203.0.113.7' };
    expect((await system.take([line('before', '09:00:00', { ...bot, ...centre })])).invalid).toEqual({});
    await system.importTrafficWith('203.0.113.0/24', policy({ known_bot: true, data_centre: true }));
    const summary = await system.take([
      line('c1', '10:00:00', { ...bot, ...centre }),
      line('c2', '10:00:01', centre),
      line('c3', '10:00:02', {
        ip: '203.0.114.7',
        user_agent: 'Mozilla/5.0 (iPhone; CPU iPhone OS 11_2 like Mac OS X)',
      }),
      impression('i1', '10:00:00', bot),
      line('c2', '10:00:01', centre),
      line('c2', '10:00:01', { ...centre, price: '11' }),
    ]);
    expect(summary).toMatchObject({
      received: 6,
      accepted: 4,
      duplicates: 1,
      conflicts: 1,
      invalid: { known_bot: 2, data_centre: 1 },
    });
    expect(await system.earnings()).toEqual(['2018-04-15|dev|app|unit|CNY|0|2|20000000000']);
    await system.settleDue();
    expect(await paid()).toBe(nanosOf('10.00'));
    // The list and the policy change, but what was judged stays judged.
    await system.importTrafficWith('', policy({}));
    await system.settleDue();
    expect(await paid()).toBe(nanosOf('10.00'));
    await expectVerified();
  });

  it('go by the policy of the business day of the event', async () => {
    const policies = [policy({ known_bot: true }), { ...policy({}), effective_from: '2018-04-15' }];
    await system.importTraffic(...policies);
    const bot = { user_agent: 'curl/8.0' };
    const { invalid } = await system.take([
      line('c1', '2018-04-14T23:59:59.999', bot),
      line('c2', '2018-04-15T00:00:00', bot),
    ]);
    expect(invalid).toEqual({ known_bot: 1 });
    await system.settleDue();
    expect([await paid('app', '2018-04-14'), await paid('app', '2018-04-15')]).toEqual([0n, nanosOf('5.00')]);
    await expectVerified();
  });
});

describe('checks that need other events', () => {
  it('deduct when the day is settled, by ad unit and reason', async () => {
    await system.importTraffic(REPEATED);
    await system.take([
      line('c1', '10:00:00'),
      line('c2', '10:00:10'),
      line('c3', '10:00:11'),
      line('c4', '10:00:01', { ad_unit_id: 'unit-2' }),
    ]);
    expect(await system.deductions()).toEqual([]);
    await system.settleDue();
    expect(await system.deductions()).toEqual(['2018-04-15 app unit repeated_click: 0 1 10000000000']);
    expect(await paid()).toBe(nanosOf('15.00'));
    await system.settle('2018-04-15');
    expect((await system.transfers()).length).toBe(2);
    await expectVerified();
  });

  it('come to the same in any order and batching of the events', async () => {
    const events = [
      ...[impression('i1', '2018-04-14T23:59:59'), line('c0', '2018-04-14T23:59:58')],
      ...[line('c1', '00:00:05', { impression_id: 'i1' }), line('c2', '00:00:06'), line('c3', '00:00:14')],
      ...[line('c4', '00:00:16', { impression_id: 'i2' }), line('c5', '00:00:30'), impression('i2', '00:00:15.900')],
      ...[line('c6', '2018-04-16T00:00:03'), line('c7', '2018-04-15T23:59:55')],
    ];
    const checks = {
      repeated_click: { window_ms: 10_000 },
      click_too_soon: { min_ms: 500 },
      implausible_rate: { max_clicks: 4 },
    };
    const results = new Set<string>();
    for (const order of [
      events,
      events.toReversed(),
      [3, 8, 1, 9, 0, 5, 2, 7, 4, 6].map(place => events[place] as string),
    ]) {
      for (const settledBetween of [false, true]) {
        await system.reset('2018-04-18T12:00:00+08:00');
        await system.importCatalog(CATALOG);
        await system.importPlans(PLAN);
        await system.importTraffic(policy(checks));
        for (const each of order) {
          await system.take([each]);
          if (settledBetween) await system.settleDue();
        }
        while ((await system.due()).length > 0) await system.settleDue();
        await expectVerified();
        const days = ['2018-04-14', '2018-04-15', '2018-04-16'];
        results.add(JSON.stringify(await Promise.all(days.map(async day => String(await paid('app', day))))));
      }
    }
    expect([...results]).toHaveLength(1);
  });

  it('a late impression heals a click that had none', async () => {
    await system.importTraffic(policy({ click_without_impression: true }));
    await system.take([line('c1', '10:00:00', { impression_id: 'i1' })]);
    await system.settleDue();
    expect([await paid(), await system.deductions()]).toEqual([
      0n,
      ['2018-04-15 app unit click_without_impression: 0 1 10000000000'],
    ]);
    // Of the day before, which is how far a click is looked back from.
    await system.take([impression('i1', '2018-04-14T10:00:00')]);
    expect(await system.due()).toEqual(['2018-04-14 dev', '2018-04-15 dev']);
    await system.settleDue();
    expect(await paid()).toBe(nanosOf('5.00'));
    expect((await system.deductions()).at(-1)).toBe('2018-04-15 app unit click_without_impression: 0 -1 -10000000000');
    await expectVerified();
  });

  it('a late click near midnight makes one of the next day a repeated one', async () => {
    await system.importTraffic(REPEATED);
    await system.take([line('c1', '2018-04-16T00:00:05')]);
    await system.settleDue();
    await system.take([line('c0', '2018-04-15T23:59:59')]);
    await system.settleDue();
    expect([await paid('app', '2018-04-15'), await paid('app', '2018-04-16')]).toEqual([nanosOf('5.00'), 0n]);
    await expectVerified();
  });

  it('follow a chain of clicks that lasts a whole day into the day after', async () => {
    await system.importTraffic(policy({ repeated_click: { window_ms: 3_600_000 } }));
    // Every second one counts; which ones changes their worth, though not always their number.
    const clicks = Array.from({ length: 73 }, (_, index) => {
      const at = Temporal.PlainDateTime.from('2018-04-14T23:40').add({ minutes: 40 * index });
      return line(`c${index}`, at.toString({ smallestUnit: 'second' }), { price: index % 2 === 0 ? '10' : '20' });
    });
    await system.take(clicks);
    while ((await system.due()).length > 0) await system.settleDue();
    const before = await paid('app', '2018-04-16');
    await system.take([line('earlier', '2018-04-14T23:00:00')]);
    while ((await system.due()).length > 0) await system.settleDue();
    expect(await paid('app', '2018-04-16')).not.toBe(before);
    await expectVerified();
  });

  it('follow a chain of clicks beyond all days that an event alone can reach', async () => {
    await system.importTraffic(policy({ repeated_click: { window_ms: 3_600_000 } }));
    await system.take(hourlyClicks('2018-04-07', 10));
    while ((await system.due()).length > 0) await system.settleDue();
    expect([await paid('app', '2018-04-07'), await paid('app', '2018-04-16')]).toEqual([
      6_000_000_000n,
      6_000_000_000n,
    ]);
    await system.take([line('earlier', '2018-04-06T23:30:00')]);
    expect((await system.due()).at(-1)).toBe('2018-04-14 dev');
    while ((await system.due()).length > 0) await system.settleDue();
    expect([await paid('app', '2018-04-07'), await paid('app', '2018-04-16')]).toEqual([
      ...[12_000_000_000n, 12_000_000_000n],
    ]);
    await expectVerified();
  });

  it('a policy that changes re-derives the days that it is for, and one that ends a check gives all back', async () => {
    await system.take([line('c1', '10:00:00'), line('c2', '10:00:10')]);
    await system.settleDue();
    await system.importTraffic(REPEATED);
    expect(await system.due()).toEqual(['2018-04-15 dev']);
    await system.settleDue();
    expect(await paid()).toBe(nanosOf('5.00'));
    await system.importTraffic(policy({ repeated_click: { window_ms: 9_999 } }));
    await system.settleDue();
    expect(await paid()).toBe(nanosOf('10.00'));
    await expectVerified();
  });
});

describe('plans that go by the month', () => {
  const MONTHLY = { ...PLAN, basis: 'app_month', tiers: [{ up_to: '25.00', share: '0.50' }, { share: '0.30' }] };
  const DAYS = ['2018-04-13', '2018-04-14', '2018-04-15'];

  it.each([
    ['in their order', DAYS],
    ['the last first', DAYS.toReversed()],
    ['the one in the middle first', ['2018-04-14', '2018-04-15', '2018-04-13']],
  ])('rest on what counts of earlier days, settled or not: %s', async (_what, order) => {
    await system.importPlans(MONTHLY);
    await system.importTraffic(REPEATED);
    await system.take(DAYS.flatMap(day => [line(`a${day}`, `${day}T10:00:00`), line(`b${day}`, `${day}T10:00:05`)]));
    for (const day of order) {
      await system.settle(day);
      expect((await system.verify()).differences).toEqual([]);
    }
    while ((await system.due()).length > 0) await system.settleDue();
    // 10.00 of each day counts: 5.00, 5.00, and 5.00 × 0.5 + 5.00 × 0.3.
    expect(await Promise.all(DAYS.map(async day => await paid('app', day)))).toEqual(
      ['5.00', '5.00', '4.00'].map(nanosOf),
    );
    await expectVerified();
    await system.invalidate({ id: 'x', appId: 'app', events: 'click a2018-04-13', reason: 'refund' });
    await system.settle('2018-04-15');
    expect((await system.verify()).differences).toEqual([]);
    await system.settleDue();
    expect(await Promise.all(DAYS.map(async day => await paid('app', day)))).toEqual(
      ['0.00', '5.00', '5.00'].map(nanosOf),
    );
    await expectVerified();
  });

  it.each([
    ['in their order', (days: string[]) => days],
    ['the last first', (days: string[]) => days.toReversed()],
  ])('rest on a chain of clicks that comes from the month before: %s', async (_what, inOrder) => {
    await system.importPlans(MONTHLY);
    await system.importTraffic(policy({ repeated_click: { window_ms: 3_600_000 } }));
    const settleAll = async () => {
      for (let due = await system.due(); due.length > 0; due = await system.due()) {
        for (const day of inOrder([...new Set(due.map(each => each.slice(0, 10)))])) await system.settle(day);
      }
      return await Promise.all(['2018-04-01', '2018-04-02', '2018-04-03'].map(async day => await paid('app', day)));
    };
    await system.take(hourlyClicks('2018-03-22', 13));
    // 12.00 of each day count, at first.
    expect(await settleAll()).toEqual(['6.00', '6.00', '3.80'].map(nanosOf));
    await system.take([line('earlier', '2018-03-21T23:30:00')]);
    expect((await system.due()).at(-1)).toBe('2018-03-31 dev');
    // Then 24.00: 24 × 0.5; 1 × 0.5 + 23 × 0.3; 24 × 0.3.
    expect(await settleAll()).toEqual(['12.00', '7.40', '7.20'].map(nanosOf));
    await expectVerified();
  });
});

describe('invalidations', () => {
  const click_farm = { appId: 'app', reason: 'click_farm' };
  const DAY = { from: '2018-04-15', to: '2018-04-15' };

  it('claw back by re-deriving the day with its tiers, and a reinstatement gives back exactly that', async () => {
    await system.take([
      line('c1', '10:00:00', { price: '90' }),
      line('c2', '11:00:00', { price: '60.123456' }),
      impression('i1', '12:00:00'),
    ]);
    await system.settleDue();
    const first = await paid();
    // 100 × 0.5 + 51.123456 × 0.3
    expect(first).toBe(nanosOf('65.3370368'));
    await system.invalidate({ ...click_farm, id: 'x', events: 'click c2' });
    await system.settleDue();
    expect(await paid()).toBe(nanosOf('45.50'));
    expect(await system.deductions()).toEqual(['2018-04-15 app unit click_farm by x: 0 1 60123456000']);
    await expectVerified();
    await system.reinstate('x');
    await system.settleDue();
    expect(await paid()).toBe(first);
    expect(
      (await system.transfers()).filter(row => row.reason === 'developer_share').map(row => row.amountNanos),
    ).toEqual([nanosOf('65.3370368'), nanosOf('19.8370368'), nanosOf('19.8370368')]);
    await expectVerified();
  });

  it('of a slice take in late events, and leave other ad units, types, days and apps alone', async () => {
    await system.take([
      line('c1', '10:00:00'),
      line('c2', '10:00:00', { ad_unit_id: 'unit-2' }),
      impression('i1', '10:00:00'),
      line('c3', '2018-04-16T00:00:00'),
      line('c4', '10:00:00', { app_id: 'side', ad_unit_id: 'side-unit' }),
    ]);
    await system.settleDue();
    await system.invalidate({ ...click_farm, id: 'x', slice: { ...DAY, adUnitId: 'unit', eventType: 'click' } });
    expect(await system.due()).toEqual(['2018-04-15 dev']);
    await system.settleDue();
    await system.take([line('late', '20:00:00')]);
    await system.settleDue();
    expect(await system.deductions()).toEqual([
      '2018-04-15 app unit click_farm by x: 0 1 10000000000',
      '2018-04-15 app unit click_farm by x: 0 1 10000000000',
    ]);
    expect([await paid(), await paid('side'), await paid('app', '2018-04-16')]).toEqual(
      ['5.50', '5.00', '5.00'].map(nanosOf),
    );
    await expectVerified();
  });

  it('act after the checks, which do not know them', async () => {
    await system.importTraffic(REPEATED);
    await system.take([line('c1', '10:00:00'), line('c2', '10:00:05')]);
    await system.invalidate({ ...click_farm, id: 'x', events: 'click c1\nclick c2' });
    await system.settleDue();
    expect(await system.deductions()).toEqual([
      '2018-04-15 app unit click_farm by x: 0 1 10000000000',
      '2018-04-15 app unit repeated_click: 0 1 10000000000',
    ]);
    expect(await paid()).toBe(0n);
    await expectVerified();
  });

  it('of several the first that stands gives the reason', async () => {
    await system.take([line('c1', '10:00:00')]);
    await system.invalidate({ ...click_farm, id: 'x', slice: DAY });
    await system.invalidate({ appId: 'app', reason: 'complaint', id: 'y', events: 'click c1' });
    await system.settleDue();
    await system.reinstate('x');
    await system.settleDue();
    expect(await system.deductions()).toEqual([
      '2018-04-15 app unit click_farm by x: 0 1 10000000000',
      '2018-04-15 app unit click_farm by x: 0 -1 -10000000000',
      '2018-04-15 app unit complaint by y: 0 1 10000000000',
    ]);
    await system.reinstate('y');
    await system.settleDue();
    expect(await paid()).toBe(nanosOf('5.00'));
    await expectVerified();
  });

  it('change nothing when they are handed in again, taken back again, or are about events that are invalid already', async () => {
    await system.importTrafficWith('203.0.113.0/24', policy({ data_centre: true }));
    await system.take([line('c1', '10:00:00'), line('c2', '10:00:00', { ip: '203.0.113.7' })]);
    const request = { ...click_farm, id: 'x', events: 'click c2' };
    await system.invalidate(request);
    await system.invalidate({ ...request, events: 'click c2\n\nclick c2\n' });
    await system.settleDue();
    expect([await system.deductions(), await paid()]).toEqual([[], nanosOf('5.00')]);
    await system.reinstate('x');
    await system.settleDue();
    await system.reinstate('x');
    await system.invalidate(request);
    expect(await system.due()).toEqual([]);
    await expectVerified();
  });

  it.each([
    [
      'an event that was not accepted',
      { events: 'click c1\nclick none\nimpression c1' },
      'bad_event_list',
      'line 2 is "click none", no accepted event of developer "dev"',
    ],
    ['an event of another developer', { events: 'click o1' }, 'bad_event_list', 'line 1'],
    ['an unknown app', { appId: 'nope', slice: DAY }, 'unknown_app', 'no app "nope"'],
    [
      'an ad unit of another app',
      { slice: { ...DAY, adUnitId: 'side-unit' } },
      'unknown_ad_unit',
      'app "app" has no ad unit "side-unit"',
    ],
    [
      'days in the wrong order',
      { slice: { from: '2018-04-16', to: '2018-04-15' } },
      'bad_range',
      'put the earlier day first',
    ],
    ['more than a year', { slice: { from: '2018-04-15', to: '2019-04-16' } }, 'bad_range', 'at most 366 days'],
    ['a reason that is no code', { reason: 'Click farm', slice: DAY }, 'bad_reason', '"Click farm" is not a reason'],
    ['the name of a check', { reason: 'repeated_click', slice: DAY }, 'bad_reason', 'the name of an automatic check'],
    [
      'the id of another decision',
      { id: 'taken', slice: { ...DAY, eventType: 'click' as const } },
      'invalidation_differs',
      '"taken" is the id of another invalidation',
    ],
  ])('are refused for %s', async (_what, changes, code, message) => {
    await system.take([line('c1', '10:00:00'), line('o1', '10:00:00', { app_id: 'app-o', ad_unit_id: 'unit-o' })]);
    await system.invalidate({ ...click_farm, id: 'taken', slice: DAY });
    await system.settleDue();
    const refusal = await rejectionOf(system.invalidate({ ...click_farm, id: 'x', ...changes }));
    expect(refusal.code).toBe(code);
    expect(refusal.message).toContain(message);
    expect(await system.due()).toEqual([]);
  });

  it('that nobody recorded can not be taken back', async () => {
    expect((await rejectionOf(system.reinstate('nope'))).code).toBe('unknown_invalidation');
  });
});

describe('what is taken', () => {
  it('is taken once, however often it is decided and whatever check took it before', async () => {
    await system.importTraffic(REPEATED);
    await system.take([line('c1', '10:00:00'), line('c2', '10:00:05'), line('c3', '11:00:00')]);
    await system.settleDue();
    const decision = { id: 'refund', appId: 'app', events: 'click c2\nclick c3', reason: 'refund' };
    // c2 is refunded although a check took it already; the decision comes twice, and so does the run.
    for (let times = 0; times < 2; times += 1) {
      await system.invalidate(decision);
      await system.settle('2018-04-15');
      await system.settleDue();
    }
    await system.invalidate({ ...decision, id: 'refund-again' });
    await system.settleDue();
    expect(await system.deductions()).toEqual([
      '2018-04-15 app unit repeated_click: 0 1 10000000000',
      '2018-04-15 app unit refund by refund: 0 1 10000000000',
    ]);
    expect(await paid()).toBe(nanosOf('5.00'));
    await expectVerified();
  });

  it('is taken from every ad unit, currency and account', async () => {
    await system.take([
      line('c1', '10:00:00'),
      line('c2', '11:00:00', { ad_unit_id: 'unit-2' }),
      line('c3', '12:00:00', { currency: 'USD' }),
    ]);
    await system.importPlans(PLAN, { ...PLAN, id: 'dollars', currency: 'USD' });
    await system.settleDue();
    await system.invalidate({
      id: 'x',
      appId: 'app',
      slice: { from: '2018-04-15', to: '2018-04-15' },
      reason: 'refund',
    });
    await system.settleDue();
    const balances = await system.balances();
    // Every figure that is derived from the day follows: each ad unit, each currency, each account.
    expect(balances.filter(({ nanos }) => nanos !== 0n)).toEqual([]);
    expect((await system.deductions()).sort()).toEqual([
      '2018-04-15 app unit refund by x: 0 1 10000000000',
      '2018-04-15 app unit refund by x: 0 1 10000000000',
      '2018-04-15 app unit-2 refund by x: 0 1 10000000000',
    ]);
    await expectVerified();
  });
});

describe('verify', () => {
  const damage = async (sql: string) => {
    const owner = await system.owner();
    await owner.query('alter table deductions disable trigger deductions_keep_rows');
    await owner.query(sql);
    await owner.query('alter table deductions enable always trigger deductions_keep_rows');
    return (await system.verify()).differences.map(({ table }) => table);
  };

  it.each([
    ['a changed deduction', 'update deductions set gross_nanos = gross_nanos + 1', 'deductions'],
    ['a lost deduction', 'delete from deductions', 'deductions'],
    ['a deduction of a day that has none', `update deductions set business_date = '2018-04-14'`, 'deductions'],
    ['changed invalid earnings', 'update invalid_earnings set clicks = clicks + 1', 'invalid_earnings'],
    ['lost invalid earnings', 'delete from invalid_earnings', 'invalid_earnings'],
    [
      'other counts of invalid events',
      `update inbox_batches set invalid = '{"known_bot": 2}' where invalid is not null`,
      'inbox_batches',
    ],
    ['a decision changed behind its back', `update invalidations set from_day = '2018-04-14'`, 'reference_versions'],
    ['a policy changed behind its back', 'update traffic_policy_versions set lookback_days = 2', 'reference_versions'],
  ])('finds %s', async (_what, sql, table) => {
    await system.importTraffic(policy({ known_bot: true, repeated_click: true }));
    await system.take([
      line('c1', '10:00:00'),
      line('c2', '10:00:05'),
      line('c3', '11:00:00', { user_agent: 'curl/8.0' }),
    ]);
    await system.invalidate({ id: 'x', appId: 'app', events: 'click c1', reason: 'refund' });
    await system.settleDue();
    await expectVerified();
    expect(await damage(sql)).toContain(table);
  });
});

it('the application can neither change nor remove deductions', async () => {
  await system.importTraffic(REPEATED);
  await system.take([line('c1', '10:00:00'), line('c2', '10:00:05')]);
  await system.settleDue();
  for (const sql of ['update deductions set clicks = 0', 'delete from deductions', 'truncate deductions']) {
    await expect(system.db.query(sql)).rejects.toThrow(/permission denied/);
    await expect((await system.owner()).query(sql)).rejects.toThrow(/append-only/);
  }
});
