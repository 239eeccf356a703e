import { fc, test } from '@fast-check/vitest';
import { describe, expect } from 'vitest';
import {
  addDays,
  BusinessCalendar,
  daysBetween,
  daysInRange,
  isTimeZone,
  parseBusinessDay,
} from '../../src/domain/business-day.ts';
import { parsePeriod, periodOf } from '../../src/domain/period.ts';

const day = parseBusinessDay;
const plain = (text: string) => Temporal.PlainDate.from(text);
const anyPlainDate = fc
  .integer({ min: 0, max: plain('0001-01-01').until('9999-12-31').days })
  .map(days => plain('0001-01-01').add({ days }));
const anyDay = anyPlainDate.map(date => day(date.toString()));

describe('dates', () => {
  test.each(['2018-04-15', '2016-02-29', '2000-02-29', '0001-01-01', '9999-12-31'])('takes %s', text => {
    expect(parseBusinessDay(text)).toBe(text);
  });

  test.each([
    '2018-02-29',
    '1900-02-29',
    '2018-02-30',
    '2018-04-31',
    '2018-13-01',
    '2018-00-10',
    '2018-01-00',
    '0000-01-01',
    '20x1-01-01',
    'x018-01-01',
    '2018-4-15',
    '2018/04/15',
    '20180415',
    '2018-04-15T',
    '+02018-04-15',
    ' 2018-04-15',
    '',
    '２018-04-15',
  ])('refuses %j', text => {
    expect(() => parseBusinessDay(text)).toThrow(expect.objectContaining({ code: 'bad_date' }));
  });

  test.prop([anyPlainDate, fc.integer({ min: -1000, max: 1000 })])('adds days as Temporal does', (date, days) => {
    const sum = date.add({ days });
    fc.pre(sum.year >= 1 && sum.year <= 9999);
    expect(addDays(day(date.toString()), days)).toBe(sum.toString());
  });

  test.prop([anyPlainDate, anyPlainDate])('counts days as Temporal does', (from, to) => {
    expect(daysBetween({ from: day(from.toString()), to: day(to.toString()) })).toBe(from.until(to).days);
  });

  test('leaving the years 0001 to 9999 is a broken invariant', () => {
    expect(() => addDays(day('9999-12-31'), 1)).toThrow('outside the years');
    expect(() => addDays(day('0001-01-01'), -1)).toThrow('outside the years');
  });

  test('a range has both its ends', () => {
    expect(daysInRange({ from: day('2018-02-27'), to: day('2018-03-01') })).toEqual([
      '2018-02-27',
      '2018-02-28',
      '2018-03-01',
    ]);
    expect(daysInRange({ from: day('2018-02-27'), to: day('2018-02-27') })).toEqual(['2018-02-27']);
  });

  test.each([
    ['2018-03-02', '2018-03-01', 'put the earlier day first'],
    ['1900-01-01', '2018-03-01', 'at most 36525 days'],
  ])('refuses the range from %s to %s', (from, to, remedy) => {
    expect(() => daysInRange({ from: day(from), to: day(to) })).toThrow(
      expect.objectContaining({ code: 'bad_range', message: expect.stringContaining(remedy) }),
    );
  });
});

describe('periods', () => {
  test.each([
    ['2018-03-01', '2018-03-H1'],
    ['2018-03-15', '2018-03-H1'],
    ['2018-03-16', '2018-03-H2'],
    ['2018-03-31', '2018-03-H2'],
  ])('%s lies in %s', (text, period) => {
    expect(periodOf(day(text))).toBe(period);
  });

  test.each([
    ['2018-03-H1', ['2018-03-H1'], '2018-03-01', '2018-03-15'],
    ['2018-02-H2', ['2018-02-H2'], '2018-02-16', '2018-02-28'],
    ['2016-02-H2', ['2016-02-H2'], '2016-02-16', '2016-02-29'],
    ['2018-04', ['2018-04-H1', '2018-04-H2'], '2018-04-01', '2018-04-30'],
  ])('%s covers %j, %s to %s', (label, halves, firstDay, lastDay) => {
    expect(parsePeriod(label)).toEqual({ label, halves, firstDay, lastDay });
  });

  test.each(['', '2018', '2018-13', '2018-00-H1', '2018-03-H3', '2018-03-h1', '2018-3-H1', '0000-01', '2018-03-H1 '])(
    'refuses %j',
    text => {
      expect(() => parsePeriod(text)).toThrow(expect.objectContaining({ code: 'bad_period' }));
    },
  );

  test.prop([anyDay])('a day lies between the ends of its period, and the period reads as written', text => {
    const period = periodOf(text);
    const { label, halves, firstDay, lastDay } = parsePeriod(period);
    expect([label, halves]).toEqual([period, [period]]);
    expect(firstDay <= text && text <= lastDay).toBe(true);
  });

  test.prop([anyDay])('the next day lies in the same period or a later one', text => {
    fc.pre(text < '9999-12-31');
    expect(periodOf(addDays(text, 1)) >= periodOf(text)).toBe(true);
  });

  test.prop([anyDay])('a month is its two halves, without gap', text => {
    const month = parsePeriod(text.slice(0, 7));
    const [first, second] = month.halves.map(half => parsePeriod(half));
    expect(first?.firstDay).toBe(month.firstDay);
    expect(second?.lastDay).toBe(month.lastDay);
    expect(addDays(day(first?.lastDay ?? ''), 1)).toBe(second?.firstDay);
  });
});

describe('a calendar', () => {
  const dateIn = (timeZone: string, epochMs: number) =>
    Temporal.Instant.fromEpochMilliseconds(epochMs).toZonedDateTimeISO(timeZone).toPlainDate().toString();

  test.each([
    ['Asia/Shanghai', '2013-10-21T15:59:59.999Z', '2013-10-21'],
    ['Asia/Shanghai', '2013-10-21T16:00:00.000Z', '2013-10-22'],
    ['America/New_York', '1970-01-01T00:00:00.000Z', '1969-12-31'],
    ['Pacific/Kiritimati', '9999-12-30T23:59:59.999Z', '9999-12-31'],
    // 44 minutes and 30 seconds behind UTC until 1972
    ['Africa/Monrovia', '1971-06-01T00:44:29.999Z', '1971-05-31'],
    ['Africa/Monrovia', '1971-06-01T00:44:30.000Z', '1971-06-01'],
    // midnight does not exist: 23:59:59 is followed by 01:00:00
    ['America/Sao_Paulo', '2018-11-04T02:59:59.999Z', '2018-11-03'],
    ['America/Sao_Paulo', '2018-11-04T03:00:00.000Z', '2018-11-04'],
    // the clock goes from 24:00 back to 23:00 of the same day
    ['America/Sao_Paulo', '2018-02-18T02:00:00.000Z', '2018-02-17'],
    ['America/Sao_Paulo', '2018-02-18T03:00:00.000Z', '2018-02-18'],
    // at 00:01 the clock goes back to 23:01 of the day before, so that a minute of the 7th lies amid the 6th
    ['America/St_Johns', '2010-11-07T02:30:30.000Z', '2010-11-07'],
    ['America/St_Johns', '2010-11-07T02:31:00.000Z', '2010-11-06'],
    ['America/St_Johns', '2010-11-07T03:30:00.000Z', '2010-11-07'],
    // no 30 December 2011
    ['Pacific/Apia', '2011-12-30T09:59:59.999Z', '2011-12-29'],
    ['Pacific/Apia', '2011-12-30T10:00:00.000Z', '2011-12-31'],
  ])('in %s, %s is of %s', (timeZone, instant, date) => {
    expect(new BusinessCalendar(timeZone).dayOf(Date.parse(instant))).toBe(date);
  });

  test.each([
    ['Asia/Shanghai', '2018-04-15', '2018-04-14T16:00:00.000Z'],
    ['America/Sao_Paulo', '2018-11-04', '2018-11-04T03:00:00.000Z'],
    ['Africa/Monrovia', '1971-06-01', '1971-06-01T00:44:30.000Z'],
    ['America/St_Johns', '2010-11-07', '2010-11-07T02:30:00.000Z'],
    ['Pacific/Apia', '2011-12-30', '2011-12-30T10:00:00.000Z'],
    ['Pacific/Apia', '2011-12-31', '2011-12-30T10:00:00.000Z'],
  ])('in %s, %s starts at %s', (timeZone, text, instant) => {
    expect(new Date(new BusinessCalendar(timeZone).startOf(day(text))).toISOString()).toBe(instant);
  });

  const zones = [
    'Asia/Shanghai',
    'UTC',
    'Africa/Monrovia',
    'America/Sao_Paulo',
    'America/St_Johns',
    'Pacific/Apia',
    'Pacific/Kwajalein',
    'Pacific/Kiritimati',
    'Australia/Lord_Howe',
    'Africa/Cairo',
    'America/Asuncion',
    'Asia/Kathmandu',
    'Asia/Gaza',
    'America/Nuuk',
    'Antarctica/Troll',
    'Europe/Dublin',
  ];
  const transitions = zones.flatMap(timeZone => {
    const found: { timeZone: string; epochMs: number }[] = [];
    let at: Temporal.ZonedDateTime | null = Temporal.Instant.from('1970-01-01T00:00Z').toZonedDateTimeISO(timeZone);
    for (let i = 0; i < 200 && at !== null && at.year < 2040; i++) {
      at = at.getTimeZoneTransition('next');
      if (at !== null) found.push({ timeZone, epochMs: at.epochMilliseconds });
    }
    return found;
  });
  const calendars = new Map(zones.map(timeZone => [timeZone, new BusinessCalendar(timeZone)]));
  const dayOf = (timeZone: string, epochMs: number) => calendars.get(timeZone)?.dayOf(epochMs);

  // One calendar a zone for all runs, so that answers come from a cache that earlier questions filled.
  test.prop([fc.constantFrom(...zones), fc.integer({ min: 0, max: Date.UTC(2040, 0) })])(
    'gives the date that Temporal gives',
    (timeZone, epochMs) => {
      expect(dayOf(timeZone, epochMs)).toBe(dateIn(timeZone, epochMs));
    },
  );

  test.prop([
    fc.constantFrom(...transitions),
    fc.array(fc.integer({ min: -90_000_000, max: 90_000_000 }), { minLength: 1, maxLength: 20 }),
  ])(
    'gives the date that Temporal gives around changes of the clock, whatever was asked before',
    ({ timeZone, epochMs }, distancesMs) => {
      for (const distanceMs of distancesMs.map(ms => Math.max(ms, -epochMs))) {
        expect(dayOf(timeZone, epochMs + distanceMs)).toBe(dateIn(timeZone, epochMs + distanceMs));
      }
    },
  );

  test('gives the date that Temporal gives on both sides of every change of the clock', () => {
    expect(transitions.length).toBeGreaterThan(500);
    for (const { timeZone, epochMs } of transitions) {
      for (const distanceMs of [0, -1, 1, 60_000, -60_000, 3_600_000]) {
        expect(dayOf(timeZone, epochMs + distanceMs)).toBe(dateIn(timeZone, epochMs + distanceMs));
      }
    }
  });

  test.prop([fc.constantFrom(...zones), fc.integer({ min: 0, max: 25_000 })])(
    'a day starts with its first instant',
    (timeZone, days) => {
      const calendar = new BusinessCalendar(timeZone);
      const text = addDays(day('1970-01-02'), days);
      const startMs = calendar.startOf(text);
      const isSkipped = startMs === calendar.startOf(addDays(text, 1));
      expect(calendar.dayOf(startMs)).toBe(isSkipped ? addDays(text, 1) : text);
      expect(calendar.dayOf(startMs - 1) < text).toBe(true);
    },
  );

  test('forgets nothing that matters when it has seen more days than it keeps', () => {
    const calendar = new BusinessCalendar('Asia/Shanghai');
    const start = Date.UTC(1990, 0, 1);
    for (const round of [1, 2]) {
      for (let index = 0; index < 5000; index += 1) {
        expect(calendar.dayOf(start + index * 86_400_000), `round ${round}`).toBe(addDays(day('1990-01-01'), index));
      }
    }
  });

  test('takes IANA names in any case and no offsets', () => {
    expect(new BusinessCalendar('asia/shanghai').timeZone).toBe('Asia/Shanghai');
    expect(isTimeZone('UTC')).toBe(true);
    for (const text of [
      '',
      '+08:00',
      'Mars/Olympus',
      'Asia/Shanghai[u-ca=iso8601]',
      '2020-01-01T00:00Z[UTC]',
      'Asia/Shanghai\0',
    ]) {
      expect(isTimeZone(text), text).toBe(false);
      expect(() => new BusinessCalendar(text)).toThrow(expect.objectContaining({ code: 'bad_time_zone', exitCode: 2 }));
    }
  });

  test('an instant without a date of four-digit year is a broken invariant', () => {
    const calendar = new BusinessCalendar('Asia/Shanghai');
    expect(() => calendar.dayOf(Date.UTC(9999, 11, 31, 20))).toThrow('has the date');
  });
});
