import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type AdEvent, isBadForm, parseAdEvent } from '../../src/domain/ad-event.ts';
import { canonicalPrice } from '../../src/domain/price.ts';
import { BatchBuilder, packBatch, unpackBatch } from '../../src/events/batch.ts';
import { eventAt } from '../../src/events/batch-columns.ts';
import { EventColumns } from '../../src/events/event-columns.ts';
import { LineScanner } from '../../src/events/line-scanner.ts';
import { runs } from '../support/runs.ts';

/** What the scanner makes of a line: the event, or null where it leaves the line to `parseAdEvent`. */
function scanned(line: string): AdEvent | null {
  const columns = new EventColumns();
  const bytes = Buffer.from(`${line}\n`);
  const end = new LineScanner(columns).scan(bytes, 0, 7);
  if (end < 0) {
    expect(columns.count).toBe(0);
    return null;
  }
  expect(end).toBe(bytes.length - 1);
  columns.dictionaries.nameDeveloper(0, 'dev');
  const { columns: read } = unpackBatch(packBatch(columns, []));
  expect(read.count).toBe(1);
  return eventAt(read, 0).event;
}

function expectSame(line: string): boolean {
  const event = scanned(line);
  if (event === null) return false;
  expect(event).toEqual(parseAdEvent(line));
  return true;
}

const usual = {
  id: 'ac5dac660ff6e5c6',
  type: 'impression',
  occurred_at: '2018-04-15T10:00:13.152+08:00',
  app_id: 'app_1',
  ad_unit_id: 'unit_1',
  currency: 'CNY',
  price: '6.67',
  campaign_id: 'c_460',
  impression_id: 'b',
  device_id: '9122b49fead6de13',
  user_agent: 'Mozilla/5.0 (iPhone; CPU iPhone OS 11_2_6 like Mac OS X)',
  ip: '183.192.222.19',
};
const line = (fields: object) => JSON.stringify({ ...usual, ...fields });

describe('the usual line is read from its bytes', () => {
  test.each([
    ['all fields', line({})],
    ['only those demanded', JSON.stringify({ ...usual, price: undefined, campaign_id: undefined, ip: undefined })],
    ['a click', line({ type: 'click' })],
    ['fields in another order', JSON.stringify(Object.fromEntries(Object.entries(usual).reverse()))],
    ['spaces between', line({}).replaceAll('":"', '": "').replaceAll('","', '", "')],
    ['null for what is absent', line({ price: null, campaign_id: null, device_id: null, ip: null })],
    ['an empty user agent and address', line({ user_agent: '', ip: '' })],
    ['a price in another spelling', line({ price: '006.670' })],
    ['an instant in UTC', line({ occurred_at: '2018-04-15T02:00:13Z' })],
    ['an instant with nine digits', line({ occurred_at: '2018-04-15T02:00:13.123456789Z' })],
    ['CRLF', `${line({})}\r`],
  ])('%s', (_what, text) => {
    const event = scanned(text);
    expect(event).not.toBeNull();
    expect(event).toEqual(parseAdEvent(text.trimEnd()));
  });
});

describe('any other line is left alone', () => {
  test.each([
    ['a field twice', line({}).replace('{', '{"price":"1",')],
    ['a price twice, once null', line({}).replace('{', '{"price":null,')],
    ['an unknown field', line({ extra: 'x' })],
    ['an unknown field that begins as one does', line({ idx: 'x' })],
    ['an escape', line({}).replace('app_1', 'app\\u005f1')],
    ['a letter beyond ASCII', line({ user_agent: 'é' })],
    ['a number', line({ price: 6.67 })],
    ['null for what is demanded', line({ app_id: null })],
    ['a field that is missing', JSON.stringify({ ...usual, currency: undefined })],
    ['an id too long', line({ id: 'x'.repeat(65) })],
    ['an empty device', line({ device_id: '' })],
    ['a currency that is none', line({ currency: 'ABC' })],
    ['a price beyond the highest', line({ price: '1000000.000001' })],
    ['a day that does not exist', line({ occurred_at: '2018-02-30T10:00:00Z' })],
    ['an hour that does not exist', line({ occurred_at: '2018-02-03T24:00:00Z' })],
    ['an instant without offset', line({ occurred_at: '2018-02-03T23:00:00' })],
    ['something behind', `${line({})},`],
    ['a byte order mark', `\ufeff${line({})}`],
    ['a line cut short', line({}).slice(0, -9)],
    ['a line longer than the limit', `${line({}).slice(0, -1)}${' '.repeat(65_536)}}`],
    ['an empty object', '{}'],
  ])('%s', (_what, text) => {
    expect(scanned(text)).toBeNull();
  });
});

const NAMES = [...Object.keys(usual), 'extra', 'id_', ''];
const SAMPLES = [...Object.values(usual), 'click', '', '0', '1000000', '00.5', '1.', '.5', '2018-04-15T23:59:59.9Z'];
const anyInstant = fc
  .tuple(
    fc.date({ min: new Date(0), max: new Date('9999-12-31'), noInvalidDate: true }),
    fc.integer({ min: -1439, max: 1439 }),
  )
  .map(([date, offset]) => {
    const size = Math.abs(offset);
    const clock = [Math.trunc(size / 60), size % 60].map(part => String(part).padStart(2, '0')).join(':');
    return `${date.toISOString().slice(0, -1)}${offset < 0 ? '-' : '+'}${clock}`;
  });
const anyText = fc.oneof(fc.constantFrom(...SAMPLES), fc.string({ maxLength: 70 }), anyInstant);
const anyValue = fc.oneof({ weight: 9, arbitrary: anyText }, fc.constant(null), fc.integer());

test('whatever it takes, it reads as `parseAdEvent` does', () => {
  let taken = 0;
  fc.assert(
    fc.property(
      fc.dictionary(fc.constantFrom(...NAMES), anyValue, { maxKeys: 2 }),
      fc.constantFrom('', ' '),
      fc.option(fc.tuple(fc.nat(), fc.nat(255)), { freq: 3 }),
      (fields, space, damage) => {
        let text = line(fields).replaceAll('":', `":${space}`);
        if (damage !== null) {
          const at = damage[0] % text.length;
          text = text.slice(0, at) + String.fromCharCode(damage[1]) + text.slice(at + 1);
        }
        if (text.includes('\n')) return;
        if (expectSame(text)) taken += 1;
      },
    ),
    { numRuns: runs(3_000) },
  );
  expect(taken).toBeGreaterThan(300);
});

const anyPrice = fc.oneof(
  fc.tuple(fc.nat(10 ** 7), fc.stringMatching(/^(\.\d{0,7})?$/)).map(([whole, fraction]) => `${whole}${fraction}`),
  fc.stringMatching(/^0{0,8}\d{0,8}(\.\d{0,8})?$/),
  fc.string({ unit: fc.constantFrom(...'0159.-+e '), maxLength: 12 }),
);

test('whatever is a price it takes with the very value, and nothing else', () => {
  fc.assert(
    fc.property(anyPrice, price => {
      expect(expectSame(line({ price }))).toBe(canonicalPrice(price) !== null);
    }),
    { numRuns: runs(2_000) },
  );
});

test('whatever it leaves alone because of an instant is rare or wrong', () => {
  fc.assert(
    fc.property(anyInstant, instant => {
      const text = line({ occurred_at: instant });
      const year = Number(instant.slice(0, 4));
      if (isBadForm(parseAdEvent(text)) || year < 1971 || year > 9998) expectSame(text);
      else expect(expectSame(text)).toBe(true);
    }),
  );
});

test('lines of a block share what they have in common', () => {
  const texts = [line({}), line({ id: 'b', price: '6.670' }), line({ id: 'c', app_id: 'app_2', ad_unit_id: 'unit_2' })];
  const columns = new EventColumns();
  const scanner = new LineScanner(columns);
  const bytes = Buffer.from(texts.map(text => `${text}\n`).join(''));
  let start = 0;
  for (let lineNo = 1; lineNo <= 3; lineNo += 1) start = scanner.scan(bytes, start, lineNo) + 1;
  expect(start).toBe(bytes.length);
  const { dictionaries } = columns;
  for (let app = 0; app < dictionaries.apps.size; app += 1) {
    dictionaries.nameDeveloper(app, `dev of ${dictionaries.apps.textOf(app)}`);
  }
  const { columns: read } = unpackBatch(packBatch(columns, []));
  expect([0, 1, 2].map(row => eventAt(read, row))).toEqual(
    texts.map((text, index) => {
      const event = parseAdEvent(text) as AdEvent;
      return { lineNo: index + 1, developerId: `dev of ${event.appId}`, event };
    }),
  );
});

test('a batch of many single events comes out as it went in', () => {
  const events = Array.from({ length: 5_000 }, (_, index) => ({
    lineNo: index * 3 + 1,
    developerId: `dev_${index % 7}`,
    event: parseAdEvent(line({ id: `e${index}`, app_id: `app_${index % 7}`, ad_unit_id: `u_${index % 7}` })) as AdEvent,
  }));
  const builder = new BatchBuilder();
  for (const each of events) builder.add(each, '2018-04-15' as never);
  const { columns } = unpackBatch(builder.pack());
  expect(events.map((_, row) => eventAt(columns, row))).toEqual(events);
});
