import { fc, test } from '@fast-check/vitest';
import { describe, expect } from 'vitest';
import {
  type AdEvent,
  checkAdEvent,
  contentText,
  formatAdEvent,
  grossNanosOf,
  grossOfMicros,
  identityText,
  isBadForm,
  MAX_LINE_BYTES,
  parseAdEvent,
} from '../../src/domain/ad-event.ts';
import { parseAmount } from '../../src/domain/nanos.ts';
import { priceMicros, priceOfMicros } from '../../src/domain/price.ts';

const minimal = {
  id: 'e1',
  type: 'impression',
  occurred_at: '2018-04-15T10:00:00+08:00',
  app_id: 'app_7_1',
  ad_unit_id: 'unit_7_1_b',
  currency: 'CNY',
};
const full = {
  ...minimal,
  type: 'click',
  price: '02.50',
  campaign_id: 'c_42',
  impression_id: 'e0',
  device_id: 'device 1',
  user_agent: 'Mozilla/5.0 微信',
  ip: '14.211.129.*',
};
const lineOf = (fields: object) => JSON.stringify(fields);

function parsed(fields: object): AdEvent {
  const event = parseAdEvent(lineOf(fields));
  if (isBadForm(event)) throw new Error(event.detail);
  return event;
}

describe('a line of NDJSON', () => {
  test('gives an event with every field', () => {
    expect(parsed(full)).toEqual({
      id: 'e1',
      type: 'click',
      occurredAtMs: Date.UTC(2018, 3, 15, 2),
      appId: 'app_7_1',
      adUnitId: 'unit_7_1_b',
      currency: 'CNY',
      price: '2.5',
      campaignId: 'c_42',
      impressionId: 'e0',
      deviceId: 'device 1',
      userAgent: 'Mozilla/5.0 微信',
      ip: '14.211.129.*',
    });
  });

  test('may leave out or null what is optional, and may hold unknown fields', () => {
    const absent = { price: null, campaignId: null, impressionId: null, deviceId: null, userAgent: null, ip: null };
    const nulls = { price: null, campaign_id: null, impression_id: null, device_id: null, user_agent: null, ip: null };
    expect(parsed(minimal)).toMatchObject(absent);
    expect(parsed({ ...minimal, ...nulls, colour: ['red'] })).toEqual(parsed(minimal));
  });

  test('may end with a carriage return', () => {
    expect(parseAdEvent(`${lineOf(minimal)}\r`)).toEqual(parsed(minimal));
  });

  test.each([
    '',
    ' ',
    '{',
    '{"id":"e1"',
    '[]',
    '[{}]',
    'null',
    '1',
    '"e1"',
    '\0\u0001\u0002',
    '\ufeff{}',
    'id=e1',
    '{}{}',
  ])('%j is bad_json', line => {
    expect(parseAdEvent(line)).toMatchObject({ reason: 'bad_json', field: null });
  });

  test('is bad_json with a detail that is short and cannot drive a terminal', () => {
    const result = parseAdEvent(`\u001b[2J\u009b\u202e${'x'.repeat(5000)}`);
    if (!isBadForm(result)) return expect.unreachable();
    expect(result.detail).toMatch(/^"\\u001b\[2J\\u009b\\u202ex+"… is not a JSON object; send one JSON object a line$/);
    expect(result.detail.length).toBeLessThan(200);
  });

  test('deeper nested than a stack is bad_json or ignored, as its place has it', () => {
    const deep = '['.repeat(30_000) + ']'.repeat(30_000);
    expect(parseAdEvent(deep)).toMatchObject({ reason: 'bad_json' });
    expect(parseAdEvent(`{"id":${deep}}`)).toEqual({
      reason: 'bad_id',
      field: 'id',
      detail: 'id an array; send a string of 1 to 64 printable ASCII characters',
    });
    expect(parseAdEvent(lineOf(minimal).replace('{', `{"x":${deep},`))).toEqual(parsed(minimal));
  });

  test('is too_long beyond the limit and read up to it', () => {
    const fill = (length: number) => `${lineOf(minimal)}${' '.repeat(length - lineOf(minimal).length)}`;
    expect(parseAdEvent(fill(MAX_LINE_BYTES))).toEqual(parsed(minimal));
    expect(parseAdEvent(fill(MAX_LINE_BYTES + 1))).toMatchObject({ reason: 'too_long', field: null });
  });

  const long = 'x'.repeat(65);
  test.each<[string, string, unknown]>([
    ...['', long, 'é', 'tab\t', 'nul\0', 'del\u007f', 7, true, [], {}, null, undefined].flatMap(
      (value): [string, string, unknown][] => [
        ['bad_id', 'id', value],
        ['bad_app_id', 'app_id', value],
        ['bad_ad_unit_id', 'ad_unit_id', value],
      ],
    ),
    ...['', long, 'é', 'nul\0', 7, false, [], {}].flatMap((value): [string, string, unknown][] => [
      ['bad_campaign_id', 'campaign_id', value],
      ['bad_impression_id', 'impression_id', value],
    ]),
    ...['Impression', 'view', '', 1, null, undefined].map((value): [string, string, unknown] => [
      'bad_type',
      'type',
      value,
    ]),
    ...['RMB', 'cny', 'XAU', 'CNY ', '', 156, null, undefined].map((value): [string, string, unknown] => [
      'bad_currency',
      'currency',
      value,
    ]),
    ...[
      '-1',
      '-0',
      '+1',
      '',
      '.5',
      '1.',
      '1e3',
      '0.1000000',
      '0.0000001',
      '1000000.000001',
      '1000001',
      '9999999',
      '10000000',
      '1.5.5',
      '１',
      ' 1',
      '1 ',
      'Infinity',
      'NaN',
      '0x1',
      '1_000',
      '9'.repeat(400),
      2.5,
      0,
      -1,
      true,
      [],
      {},
    ].map((value): [string, string, unknown] => ['bad_price', 'price', value]),
    ...['', 'x'.repeat(129), 'é', 'nul\0', 7].map((value): [string, string, unknown] => [
      'bad_device_id',
      'device_id',
      value,
    ]),
    ...['x'.repeat(1025), 'nul\0', '\ud83d', 7, []].map((value): [string, string, unknown] => [
      'bad_user_agent',
      'user_agent',
      value,
    ]),
    ...['x'.repeat(65), 'é', 'nul\0', 7].map((value): [string, string, unknown] => ['bad_ip', 'ip', value]),
  ])('is %s for %s %j', (reason, field, value) => {
    const result = checkAdEvent({ ...full, [field]: value });
    expect(result).toMatchObject({ reason, field });
    expect(result).toHaveProperty('detail', expect.stringMatching(/^[^\0\n]{10,300}$/));
    if (value !== undefined) expect(parseAdEvent(lineOf({ ...full, [field]: value }))).toEqual(result);
  });

  test.each<[string, object, string]>([
    ['a missing field', { id: undefined }, 'id is missing; send a string of 1 to 64 printable ASCII characters'],
    ['a number for a price', { price: 2.5 }, 'price 2.5; quote it: a price is a decimal string, such as "2.50"'],
    [
      'a price of seven decimals',
      { price: '0.1000000' },
      'price "0.1000000"; send a decimal string from "0" to "1000000" with at most 6 decimals, without sign or exponent',
    ],
    [
      'a time without offset',
      { occurred_at: '2018-04-15T10:00:00' },
      'occurred_at "2018-04-15T10:00:00"; add the offset from UTC, such as +08:00 or Z',
    ],
    [
      'a leap second',
      { occurred_at: '2016-12-31T23:59:60Z' },
      'occurred_at "2016-12-31T23:59:60Z"; second 60 has no place in a count of milliseconds, send a leap second as :59.999',
    ],
    [
      '30 February',
      { occurred_at: '2018-02-30T10:00:00Z' },
      'occurred_at "2018-02-30T10:00:00Z"; no such date or time between 1970-01-01 and 9999-12-30 UTC',
    ],
    [
      'a space for T',
      { occurred_at: '2018-02-03 10:00:00Z' },
      'occurred_at "2018-02-03 10:00:00Z"; put a T between date and time, as RFC 3339 does',
    ],
    [
      'a count of seconds',
      { occurred_at: 1523757600 },
      'occurred_at 1523757600; write RFC 3339 with offset, such as 2018-04-15T10:00:00.000+08:00',
    ],
  ])('explains %s', (_, fields, detail) => {
    expect(parseAdEvent(lineOf({ ...minimal, ...fields }))).toMatchObject({ detail });
  });

  test('gives the first fault in the order of the fields, wherever they stand in the line', () => {
    const faults: [string, string, unknown][] = [
      ['id', 'bad_id', ''],
      ['type', 'bad_type', ''],
      ['occurred_at', 'bad_time', ''],
      ['app_id', 'bad_app_id', ''],
      ['ad_unit_id', 'bad_ad_unit_id', ''],
      ['currency', 'bad_currency', ''],
      ['price', 'bad_price', ''],
      ['campaign_id', 'bad_campaign_id', ''],
      ['impression_id', 'bad_impression_id', ''],
      ['device_id', 'bad_device_id', ''],
      ['user_agent', 'bad_user_agent', 0],
      ['ip', 'bad_ip', 0],
    ];
    for (const [index, [, reason]] of faults.entries()) {
      const broken = Object.fromEntries(
        faults
          .slice(index)
          .reverse()
          .map(([field, , value]) => [field, value]),
      );
      const sound = Object.fromEntries(Object.entries(full).filter(([field]) => !(field in broken)));
      expect(parseAdEvent(lineOf({ ...broken, ...sound }))).toMatchObject({ reason });
    }
  });

  test.each<[string, object]>([
    ['ids of 64 characters, spaces and quotes', { id: ` "'\\~${'x'.repeat(59)}`, app_id: ' ', ad_unit_id: '{}' }],
    ['a device id of 128 characters', { device_id: 'x'.repeat(128) }],
    ['an empty user agent and address', { user_agent: '', ip: '' }],
    [
      'a user agent of 1024 characters with emoji and control characters',
      { user_agent: `\ud83d\ude00\t\u0001${'x'.repeat(1020)}` },
    ],
    ['an IPv6 address', { ip: '2001:db8::1' }],
    ['a price of 1,000,000', { price: '1000000.000000' }],
  ])('takes %s', (_, fields) => {
    expect(isBadForm(parseAdEvent(lineOf({ ...minimal, ...fields })))).toBe(false);
  });

  test.prop([fc.string({ unit: 'binary', maxLength: 200 })])('never throws on text', line => {
    expect(isBadForm(parseAdEvent(line))).toBe(true);
  });

  test.prop([fc.dictionary(fc.constantFrom(...Object.keys(full)), fc.oneof(fc.anything(), fc.string()))])(
    'never throws on fields',
    fields => {
      const result = checkAdEvent({ ...full, ...fields });
      if (isBadForm(result)) expect(Object.keys(full)).toContain(result.field);
    },
  );
});

const printable = (minLength: number, maxLength: number) =>
  fc.string({
    unit: fc.integer({ min: 0x20, max: 0x7e }).map(code => String.fromCharCode(code)),
    minLength,
    maxLength,
  });
const anyId = printable(1, 64);
const anyMicros = fc.oneof(
  fc.bigInt({ min: 0n, max: 10n ** 12n }),
  fc.bigInt({ min: 0n, max: 1000n }).map(units => units * 10_000n),
);
const canonicalOf = (micros: bigint) => {
  const digits = micros.toString().padStart(7, '0');
  return `${digits.slice(0, -6)}.${digits.slice(-6)}`.replace(/\.?0+$/, '');
};
const optionally = <T>(values: fc.Arbitrary<T>) => fc.option(values, { nil: null });
const anyEvent: fc.Arbitrary<AdEvent> = fc.record({
  id: anyId,
  type: fc.constantFrom('impression' as const, 'click' as const),
  occurredAtMs: fc.integer({ min: 0, max: Date.UTC(9999, 11, 31) - 1 }),
  appId: anyId,
  adUnitId: anyId,
  currency: fc.constantFrom('CNY', 'JPY', 'KWD', 'USD'),
  price: optionally(anyMicros.map(canonicalOf)),
  campaignId: optionally(anyId),
  impressionId: optionally(anyId),
  deviceId: optionally(printable(1, 128)),
  userAgent: optionally(fc.string({ unit: 'binary', maxLength: 100 }).map(text => text.replaceAll('\0', ''))),
  ip: optionally(printable(0, 64)),
});

describe('the canonical line', () => {
  test('has fixed order, UTC and no absent field', () => {
    expect(formatAdEvent(parsed({ ...minimal, price: '2.50' }))).toBe(
      '{"id":"e1","type":"impression","occurred_at":"2018-04-15T02:00:00.000Z","app_id":"app_7_1","ad_unit_id":"unit_7_1_b","currency":"CNY","price":"2.5"}',
    );
  });

  test.prop([anyEvent])('parse∘format is identity', event => {
    const line = formatAdEvent(event);
    expect(parseAdEvent(line)).toEqual(event);
    expect(line).not.toContain('\n');
  });
});

describe('prices', () => {
  test.each([
    ['2.50', '2.5'],
    ['2.000000', '2'],
    ['002', '2'],
    ['000.100', '0.1'],
    ['0', '0'],
    ['000', '0'],
    ['0.0', '0'],
    ['10', '10'],
    ['100.000001', '100.000001'],
    ['0001000000.000000', '1000000'],
    ['999999.999999', '999999.999999'],
  ])('%s is kept as %s', (price, canonical) => {
    expect(parsed({ ...minimal, price }).price).toBe(canonical);
  });

  test.prop([anyMicros, fc.nat(5), fc.nat(6)])(
    'equal values are equal strings, however they are spelt',
    (micros, leading, trailing) => {
      const canonical = canonicalOf(micros);
      const [whole = '', fraction = ''] = canonical.split('.');
      const spelt = fraction.padEnd(Math.max(fraction.length, trailing), '0');
      const price = `${'0'.repeat(leading)}${whole}${spelt === '' ? '' : `.${spelt}`}`;
      expect(parsed({ ...minimal, price }).price).toBe(canonical);
      expect(parseAmount(canonical)).toBe(parseAmount(price));
    },
  );

  test.each([
    // 2.50 per thousand = 0.0025 each
    ['impression', '2.5', 2_500_000n],
    ['click', '0.3', 300_000_000n],
    ['impression', '0.000001', 1n],
    ['click', '0.000001', 1_000n],
    ['impression', '1000000', 1_000_000_000_000n],
    ['click', '1000000', 1_000_000_000_000_000n],
    ['impression', '0', 0n],
  ] as const)('one %s at %s earns %d nanos', (type, price, grossNanos) => {
    expect(grossNanosOf(type, price)).toBe(grossNanos);
    expect(grossNanosOf(type, price)).toBe(grossNanos);
  });

  test('a price that would need rounding is a broken invariant', () => {
    expect(() => grossNanosOf('impression', '0.0000001')).toThrow('more than 6 decimals');
  });

  test.prop([anyMicros])('an impression earns a nano for each millionth of its price, a click a thousand', micros => {
    const price = canonicalOf(micros);
    expect(grossNanosOf('impression', price)).toBe(micros);
    expect(grossNanosOf('click', price)).toBe(1000n * micros);
  });

  test.prop([anyMicros])('a price and its millionths, a plain number, tell each other exactly', micros => {
    expect(priceOfMicros(Number(micros))).toBe(canonicalOf(micros));
    expect(priceMicros(canonicalOf(micros))).toBe(Number(micros));
    expect(BigInt(grossOfMicros('impression', Number(micros)))).toBe(micros);
    expect(BigInt(grossOfMicros('click', Number(micros)))).toBe(1000n * micros);
  });

  test('sums of the highest prices beyond 64 bits are exact', () => {
    const events = 20_000;
    let sum = 0n;
    for (let index = 0; index < events; index++) sum += grossNanosOf('click', '999999.999999');
    expect(sum).toBe(999_999_999_999_000n * BigInt(events));
    expect(sum > 2n ** 64n).toBe(true);
  });
});

describe('content and identity', () => {
  test('prices by value, instants to the millisecond, unknown fields and order do not matter', () => {
    const one = parsed({ ...minimal, price: '2.50', occurred_at: '2018-04-15T10:00:00.1239+08:00', colour: 'red' });
    const other = parsed({ price: '02.5', ...minimal, occurred_at: '2018-04-15T02:00:00.123Z' });
    expect(contentText(one)).toBe(contentText(other));
  });

  test('an empty user agent differs from none', () => {
    expect(contentText(parsed({ ...minimal, user_agent: '' }))).not.toBe(contentText(parsed(minimal)));
  });

  test('a value does not pass for that of the next field', () => {
    expect(contentText(parsed({ ...minimal, campaign_id: 'x' }))).not.toBe(
      contentText(parsed({ ...minimal, impression_id: 'x' })),
    );
    expect(identityText('a', 'click', 'bc')).not.toBe(identityText('ab', 'click', 'c'));
  });

  const variant = fc.tuple(anyEvent, anyEvent, fc.subarray(Object.keys(full).map((_, index) => index)));
  test.prop([variant])('two events have the same text exactly if every field is the same', ([one, other, taken]) => {
    const keys = Object.keys(one) as (keyof AdEvent)[];
    const mixed: AdEvent = {
      ...one,
      ...Object.fromEntries(taken.map(index => keys[index]).map(key => [key, key && other[key]])),
    };
    expect(contentText(mixed) === contentText(one)).toBe(keys.every(key => mixed[key] === one[key]));
  });
});
