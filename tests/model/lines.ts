import fc from 'fast-check';
import { often } from './chance.ts';
import { APPS, LATE_APP } from './world.ts';

/** The same instants come again and again, so that repeats have the same content. */
const INSTANTS = [
  '2018-03-10T08:00:00+08:00',
  '2018-03-14T23:59:59.999+08:00',
  '2018-03-15T00:00:00+08:00',
  '2018-03-16T00:00:00+08:00',
  '2018-03-17T10:00:00.5+08:00',
  '2018-03-18T11:00:00+08:00',
];

const EDGE_INSTANTS = [
  '2018-02-11T00:00:00+08:00',
  '2018-02-10T23:59:59.999+08:00',
  '2018-03-18T12:05:00+08:00',
  '2018-03-18T12:05:00.001+08:00',
  '2018-03-18T04:05:00.0009Z',
  '2018-03-17T02:00:00.500999Z',
  '2018-03-17T02:00:00.5Z',
];

const instant = often(fc.constantFrom(...INSTANTS), fc.constantFrom(...EDGE_INSTANTS));

const PRICES = ['0', '2.50', '02.5', '0.000001', '0.37', '1000000', '999999.999999', '3.333333', '12345.678901'];

/** Some of them in a data centre of `DATA_CENTRES`, in one or the other spelling. */
const ADDRESSES = ['203.0.113.7', '::ffff:203.0.113.255', '203.0.114.0', '203.0.113.07', '2001:DB8::1', '2001:db9::'];
const USER_AGENTS = [
  'Mozilla/5.0 (compatible; Googlebot/2.1)',
  'curl/7.1',
  'Mozilla/5.0 (X11; Linux x86_64) Firefox/150.0',
  '',
];

const goodFields = fc.record({
  id: fc.nat(20).map(number => `e${number}`),
  type: fc.constantFrom('impression', 'click'),
  occurred_at: instant,
  app_id: often(fc.constantFrom(...APPS.map(app => app.id)), fc.constantFrom(LATE_APP.id, 'nobodys')),
  unit: often(fc.constantFrom('banner', 'video'), fc.constantFrom('none', 'of-b1')),
  currency: often(fc.constant('CNY'), fc.constantFrom('USD', 'JPY')),
  priced: fc.oneof(
    { weight: 3, arbitrary: fc.record({ price: fc.constantFrom(...PRICES) }) },
    { weight: 1, arbitrary: fc.record({ campaign_id: fc.constantFrom('c-cny', 'c-usd', 'c-none') }) },
    { weight: 1, arbitrary: fc.constantFrom({}, { price: null }, { price: '1', campaign_id: 'c-usd' }) },
  ),
  more: fc.oneof(
    { weight: 4, arbitrary: fc.constant({}) },
    { weight: 1, arbitrary: fc.constantFrom({ unknown: 1 }, { ip: '10.0.0.*' }, { ip: null }, { user_agent: '…' }) },
    { weight: 1, arbitrary: fc.constantFrom(...ADDRESSES).map(ip => ({ ip })) },
    { weight: 1, arbitrary: fc.constantFrom(...USER_AGENTS).map(user_agent => ({ user_agent })) },
    { weight: 1, arbitrary: fc.constantFrom('x', 'y').map(device_id => ({ device_id })) },
  ),
});

const BAD_FIELDS: Record<string, unknown>[] = [
  { id: '' },
  { id: 7 },
  { id: 'é' },
  { type: 'view' },
  { occurred_at: '2018-02-30T00:00:00Z' },
  { occurred_at: '2018-03-18T11:00:00' },
  { app_id: 'x'.repeat(65) },
  { ad_unit_id: null },
  { currency: 'RMB' },
  { currency: 'cny' },
  { price: '1.0000001' },
  { price: '-1' },
  { price: 2.5 },
  { price: '1000000.000001' },
  { campaign_id: '\t' },
  { impression_id: 3 },
  { device_id: [] },
  { type: 'view', price: '-1' },
];

export const BAD_LINES = ['{', '[]', 'null', '"x"', '42', '\u0000', 'x'.repeat(70_000)];

/** Each says the same in other words, or nothing else of a line that is no event. */
export const RESPELLINGS: ((line: string) => string)[] = [
  text => text,
  text => text.replace(/^\{(.*)\}$/, '{"note": "again", $1}'),
  text => text.replace(/"price":"(\d+)"/, '"price":"$1.000"'),
  text => text.replace(/"price":"(\d)/, '"price":"0$1'),
  text => text.replace('2018-03-16T00:00:00+08:00', '2018-03-15T16:00:00.0007Z'),
  text => text.replace('2018-03-18T11:00:00+08:00', '2018-03-18t03:00:00z'),
  // Of a field that a line has twice the last one counts.
  text => text.replace(/^\{(.*)\}$/, '{"device_id": null, $1}'),
];

export const eventLine = fc
  .record({ good: goodFields, bad: often(fc.constant({}), fc.constantFrom(...BAD_FIELDS)) })
  .map(({ good: { unit, priced, more, ...fields }, bad }) =>
    JSON.stringify({
      ...fields,
      ad_unit_id: unit === 'of-b1' ? 'b1-banner' : `${fields.app_id}-${unit}`,
      ...priced,
      ...more,
      ...bad,
    }),
  );

/** Instants around which a device is busy: in one hour, over an hour, over midnight. */
const BUSY = ['2018-03-15T10:00:00.000+08:00', '2018-03-16T23:59:58.000+08:00', '2018-03-17T22:59:59.700+08:00'];
const STEPS_MS = [0, 1, 300, 499, 500, 2_000, 9_999, 10_000, 10_001, 3_600_000];

/** One device busy on an ad unit, as the checks that need other events look for. */
const burst: fc.Arbitrary<string[]> = fc
  .record({
    appId: fc.constantFrom('a1', 'a2', 'b1'),
    start: fc.constantFrom(...BUSY),
    device: fc.constantFrom('x', 'y'),
    traffic: fc.array(
      fc.record({
        id: fc.integer({ min: 30, max: 99 }),
        type: fc.constantFrom('click', 'click', 'impression'),
        unit: often(fc.constant('video'), fc.constant('banner')),
        afterMs: fc.constantFrom(...STEPS_MS),
        of: fc.option(fc.nat(7)),
        more: often(
          fc.constant({}),
          fc.constantFrom({ ip: '203.0.113.9' }, { device_id: null }, { price: '0.000001' }),
        ),
      }),
      { minLength: 3, maxLength: 9, size: 'max' },
    ),
  })
  .map(({ appId, start, device, traffic }) => {
    let at = Temporal.Instant.from(start);
    const impressions = traffic.filter(({ type }) => type === 'impression');
    return traffic.map(({ id, type, unit, afterMs, of, more }) => {
      at = at.add({ milliseconds: afterMs });
      const impression = of === null ? undefined : impressions[of % Math.max(1, impressions.length)];
      return JSON.stringify({
        ...{ id: `e${id}`, type, occurred_at: at.toString(), app_id: appId, ad_unit_id: `${appId}-${unit}` },
        ...{ currency: 'CNY', price: '1.000007', device_id: device },
        ...(type === 'click' && impression !== undefined ? { impression_id: `e${impression.id}` } : {}),
        ...more,
      });
    });
  });

const line: fc.Arbitrary<string> = fc.oneof(
  { weight: 30, arbitrary: eventLine },
  { weight: 1, arbitrary: fc.constantFrom(...BAD_LINES) },
  { weight: 1, arbitrary: fc.constantFrom('', '   ') },
);

/** Lines, and some of them once more, word for word or spelled otherwise. */
export const lines = fc
  .record({
    first: fc
      .array(fc.oneof({ weight: 9, arbitrary: line.map(each => [each]) }, { weight: 2, arbitrary: burst }), {
        minLength: 1,
        maxLength: 18,
        size: 'max',
      })
      .map(all => all.flat())
      .filter(some => some.some(each => each.trim() !== '')),
    again: fc.array(fc.record({ place: fc.nat(19), respell: fc.constantFrom(...RESPELLINGS) }), {
      maxLength: 6,
      size: 'max',
    }),
  })
  .map(({ first, again }) => [
    ...first,
    ...again.map(({ place, respell }) => respell(first[place % first.length] ?? '')),
  ]);

export const EXAMPLE_LINE = JSON.stringify({
  ...{ id: 'e1', type: 'click', occurred_at: '2018-03-15T00:00:00+08:00', app_id: 'a1', ad_unit_id: 'a1-video' },
  ...{ currency: 'CNY', price: '1000' },
});
