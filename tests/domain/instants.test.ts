import { fc, test } from '@fast-check/vitest';
import { describe, expect } from 'vitest';
import { formatInstant, instantFault, parseInstant } from '../../src/domain/instant.ts';
import { runs } from '../support/runs.ts';

describe('an RFC 3339 instant', () => {
  test.each([
    ['1970-01-01T00:00:00Z', '1970-01-01T00:00:00.000Z'],
    ['2018-04-15T10:00:00+08:00', '2018-04-15T02:00:00.000Z'],
    ['2018-04-15t10:00:00z', '2018-04-15T10:00:00.000Z'],
    ['2018-04-15T10:00:00-00:00', '2018-04-15T10:00:00.000Z'],
    ['2018-04-15T10:00:00.5Z', '2018-04-15T10:00:00.500Z'],
    ['2018-04-15T10:00:00.05Z', '2018-04-15T10:00:00.050Z'],
    // digits beyond the millisecond are cut, not rounded
    ['2018-04-15T10:00:00.9999Z', '2018-04-15T10:00:00.999Z'],
    ['2018-12-31T23:59:59.999999999999-23:59', '2019-01-01T23:58:59.999Z'],
    ['2016-02-29T00:00:00+23:59', '2016-02-28T00:01:00.000Z'],
    ['2000-02-29T00:00:00Z', '2000-02-29T00:00:00.000Z'],
    ['9999-12-30T23:59:59.999Z', '9999-12-30T23:59:59.999Z'],
  ])('%s is %s', (text, utc) => {
    expect(formatInstant(parseInstant(text))).toBe(utc);
  });

  test.each([
    '',
    '2018-04-15',
    '2018-04-15T10:00:00',
    '2018-04-15T10:00Z',
    '2018-04-15 10:00:00Z',
    '2018-04-15T10:00:00+08',
    '2018-04-15T10:00:00+0800',
    '2018-04-15T10:00:00+08:0',
    '2018-04-15T10:00:00+24:00',
    '2018-04-15T10:00:00+08:60',
    '2018-04-15T10:00:00 +08:00',
    '2018-04-15T10:00:00ZZ',
    '2018-04-15T10:00:00Z ',
    ' 2018-04-15T10:00:00Z',
    '2018-04-15T10:00:00.Z',
    '2018-04-15T10:00:00,5Z',
    '2018-04-15T10:00:00.5',
    '2018-04-15T24:00:00Z',
    '2018-04-15T23:60:00Z',
    '2016-12-31T23:59:60Z',
    '2018-02-29T10:00:00Z',
    '1900-02-29T10:00:00Z',
    '2018-02-30T10:00:00Z',
    '2018-04-31T10:00:00Z',
    '2018-13-01T10:00:00Z',
    '2018-00-01T10:00:00Z',
    '2018-01-00T10:00:00Z',
    '20x8-04-15T10:00:00Z',
    '2018-04-15T1x:00:00Z',
    '2018-04-15T10:00:0xZ',
    '+02018-04-15T10:00:00Z',
    '-2018-04-15T10:00:00Z',
    '1969-12-31T23:59:59.999Z',
    '1970-01-01T00:00:00+08:00',
    '9999-12-31T00:00:00Z',
    '9999-12-30T23:59:59-00:01',
    '1523757600000',
    'x'.repeat(65_536),
    `2018-04-15T10:00:00.${'0'.repeat(65_000)}`,
  ])('refuses %.60j', text => {
    expect(parseInstant(text)).toBeNaN();
    expect(instantFault(text)).toMatch(/^.{20,120}$/);
  });

  const dates = fc.date({ min: new Date(0), max: new Date(Date.UTC(9999, 11, 31) - 1), noInvalidDate: true });

  test.prop([dates])('parse∘format is identity', date => {
    expect(parseInstant(formatInstant(date.getTime()))).toBe(date.getTime());
  });

  test.prop([dates, fc.integer({ min: -1439, max: 1439 }), fc.stringMatching(/^(\.\d{1,12})?$/)])(
    'with any offset and fraction agrees with Temporal',
    (date, offsetMinutes, fraction) => {
      const local = new Date(date.getTime() + offsetMinutes * 60_000).toISOString();
      fc.pre(local.length === 24);
      const magnitude = Math.abs(offsetMinutes);
      const offset = [Math.floor(magnitude / 60), magnitude % 60].map(part => String(part).padStart(2, '0')).join(':');
      const text = `${local.slice(0, 19)}${fraction}${offsetMinutes < 0 ? '-' : '+'}${offset}`;
      const expected = Temporal.Instant.from(text.replace(/(\.\d{9})\d+/, '$1')).epochMilliseconds;
      fc.pre(expected >= 0 && expected < Date.UTC(9999, 11, 31));
      expect(parseInstant(text)).toBe(expected);
    },
  );

  test.prop(
    [
      fc.stringMatching(
        /^(19|20)\d\d-[01]\d-[0-3]\d[Tt ][0-2]\d:[0-6]\d:[0-6]\d(\.\d{1,4})?([Zz]|[+-][0-2]\d:[0-6]\d)?$/,
      ),
    ],
    { numRuns: runs(1000) },
  )('is taken exactly where Temporal takes it too', text => {
    const beyondRules = text[10] === ' ' || /:60/.test(text.slice(16, 19));
    let expected = Number.NaN;
    try {
      if (!beyondRules) expected = Temporal.Instant.from(text).epochMilliseconds;
    } catch {
      // What Temporal refuses, the parser must refuse.
    }
    expect(parseInstant(text)).toBe(expected >= 0 ? expected : Number.NaN);
  });
});
