const DAY_MS = 86_400_000;
const DAYS_IN_MONTH = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
const DAYS_BEFORE_MONTH = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
// What the count below gives for 1970-01-01.
const EPOCH_COUNT = 719_625;
const NO_OFFSET = 1_000_000;

// The last day of the year 9999 is left out so that the date of every instant has four digits of year in every zone.
const END_MS = Date.UTC(9999, 11, 31);

/**
 * Epoch milliseconds of an RFC 3339 instant (offset demanded; `t` and `z` may be lower-case), from 1970-01-01T00:00:00Z
 * to the end of 9999-12-30Z; digits beyond the millisecond are cut. NaN for anything else: `instantFault` says why.
 */
export function parseInstant(text: string): number {
  const length = text.length;
  if (length < 20 || text.charCodeAt(4) !== 0x2d || text.charCodeAt(7) !== 0x2d) return Number.NaN;
  if ((text.charCodeAt(10) | 0x20) !== 0x74 || text.charCodeAt(13) !== 0x3a || text.charCodeAt(16) !== 0x3a)
    return Number.NaN;
  const year = fourDigits(text, 0);
  const month = twoDigits(text, 5);
  const day = twoDigits(text, 8);
  const hour = twoDigits(text, 11);
  const minute = twoDigits(text, 14);
  const second = twoDigits(text, 17);
  if (year < 0 || hour < 0 || minute < 0 || second < 0) return Number.NaN;
  if (month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) return Number.NaN;
  if (hour > 23 || minute > 59 || second > 59) return Number.NaN;

  let at = 19;
  let millis = 0;
  if (text.charCodeAt(19) === 0x2e) {
    at = 20;
    while (at < length && isDigit(text.charCodeAt(at))) {
      if (at < 23) millis = millis * 10 + text.charCodeAt(at) - 0x30;
      at++;
    }
    if (at === 20) return Number.NaN;
    if (at === 21) millis *= 100;
    else if (at === 22) millis *= 10;
  }

  const offsetMinutes = offsetAt(text, at);
  if (offsetMinutes === NO_OFFSET) return Number.NaN;
  const seconds = (hour * 60 + minute - offsetMinutes) * 60 + second;
  const epochMs = epochDayOf(year, month, day) * DAY_MS + seconds * 1000 + millis;
  return epochMs >= 0 && epochMs < END_MS ? epochMs : Number.NaN;
}

/** UTC with milliseconds: 2018-04-15T02:00:00.000Z. */
export function formatInstant(epochMs: number): string {
  return new Date(epochMs).toISOString();
}

/** The remedy for a text that `parseInstant` does not take. */
export function instantFault(text: string): string {
  if (/T\d\d:\d\d:60/i.test(text))
    return 'second 60 has no place in a count of milliseconds, send a leap second as :59.999';
  if (/^\d{4}-\d\d-\d\d \d/.test(text)) return 'put a T between date and time, as RFC 3339 does';
  if (/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?$/i.test(text)) return 'add the offset from UTC, such as +08:00 or Z';
  if (/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/i.test(text)) {
    return 'no such date or time between 1970-01-01 and 9999-12-30 UTC';
  }
  return 'write RFC 3339 with offset, such as 2018-04-15T10:00:00.000+08:00';
}

/** Days from 1970-01-01 to a date of the proleptic Gregorian calendar, year 0 to 9999. */
export function epochDayOf(year: number, month: number, day: number): number {
  const february29 = month > 2 && isLeap(year) ? 1 : 0;
  // The years before this one, put 400 up so that year 0 needs no sign: a cycle of 400 has the same leap days.
  const past = year + 399;
  const leapDays = ((past / 4) | 0) - ((past / 100) | 0) + ((past / 400) | 0);
  return year * 365 + leapDays + (DAYS_BEFORE_MONTH[month - 1] ?? 0) + february29 + day - EPOCH_COUNT;
}

export function daysInMonth(year: number, month: number): number {
  return month === 2 && isLeap(year) ? 29 : (DAYS_IN_MONTH[month - 1] ?? 0);
}

/** The number that the two digits at `at` write; -1 if they are no digits. */
export function twoDigits(text: string, at: number): number {
  const tens = text.charCodeAt(at);
  const ones = text.charCodeAt(at + 1);
  return isDigit(tens) && isDigit(ones) ? (tens - 0x30) * 10 + (ones - 0x30) : -1;
}

/** The number that the four digits at `at` write; -1 if they are no digits. */
export function fourDigits(text: string, at: number): number {
  const high = twoDigits(text, at);
  const low = twoDigits(text, at + 2);
  return high < 0 || low < 0 ? -1 : high * 100 + low;
}

function isDigit(char: number): boolean {
  return char >= 0x30 && char <= 0x39;
}

function isLeap(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
}

/** Minutes east of UTC that the text from `at` to its end writes. */
function offsetAt(text: string, at: number): number {
  const char = text.charCodeAt(at);
  if ((char | 0x20) === 0x7a) return text.length === at + 1 ? 0 : NO_OFFSET;
  if ((char !== 0x2b && char !== 0x2d) || text.length !== at + 6 || text.charCodeAt(at + 3) !== 0x3a) return NO_OFFSET;
  const hours = twoDigits(text, at + 1);
  const minutes = twoDigits(text, at + 4);
  if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59) return NO_OFFSET;
  return char === 0x2d ? -(hours * 60 + minutes) : hours * 60 + minutes;
}
