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

const goodFields = fc.record({
  id: fc.nat(15).map(number => `e${number}`),
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
  more: often(fc.constant({}), fc.constantFrom({ unknown: 1 }, { ip: '10.0.0.*' }, { ip: null }, { user_agent: '…' })),
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
  text => text.replace(/^\{(.*)\}$/, '{$1, "device_id": null}'),
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

const line: fc.Arbitrary<string> = fc.oneof(
  { weight: 30, arbitrary: eventLine },
  { weight: 1, arbitrary: fc.constantFrom(...BAD_LINES) },
  { weight: 1, arbitrary: fc.constantFrom('', '   ') },
);

/** Lines, and some of them once more, word for word or spelled otherwise. */
export const lines = fc
  .record({
    first: fc
      .array(line, { minLength: 1, maxLength: 24, size: 'max' })
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
