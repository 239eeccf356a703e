import { Refusal } from './errors.ts';
import { daysInMonth, epochDayOf, fourDigits, twoDigits } from './instant.ts';
import { shown } from './shown.ts';

declare const brand: unique symbol;

/** A date 'YYYY-MM-DD' of the years 0001 to 9999; the text order is the order of days. */
export type BusinessDay = string & { readonly [brand]: 'BusinessDay' };

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const MIN_EPOCH_DAY = epochDayOf(1, 1, 1);
const MAX_EPOCH_DAY = epochDayOf(9999, 12, 31);
const MAX_RANGE_DAYS = 36_525;

/** Refuses (`bad_date`) what is not written YYYY-MM-DD and dates that do not exist. */
export function parseBusinessDay(text: string): BusinessDay {
  const year = fourDigits(text, 0);
  const month = twoDigits(text, 5);
  const day = twoDigits(text, 8);
  const written = text.length === 10 && text[4] === '-' && text[7] === '-';
  if (!(written && year >= 1 && month >= 1 && month <= 12 && day >= 1 && day <= daysInMonth(year, month))) {
    throw new Refusal({
      code: 'bad_date',
      message: `${shown(text)} is not a date`,
      details: { date: shown(text) },
      remedy: 'write a date that exists as YYYY-MM-DD, such as 2018-04-15',
    });
  }
  return text as BusinessDay;
}

/** The day `days` later (earlier if negative); throws beyond the years 0001 to 9999. */
export function addDays(day: BusinessDay, days: number): BusinessDay {
  return businessDayOf(epochDay(day) + days);
}

/** The 1st of the day's month. */
export function firstOfMonth(day: BusinessDay): BusinessDay {
  return `${day.slice(0, 8)}01` as BusinessDay;
}

/** Days from `from` to `to`, negative if `to` is the earlier one. */
export function daysBetween({ from, to }: { readonly from: BusinessDay; readonly to: BusinessDay }): number {
  return epochDay(to) - epochDay(from);
}

/** All days from `from` to `to`, both included; refuses (`bad_range`) an end before the start and more than a century. */
export function daysInRange({ from, to }: { readonly from: BusinessDay; readonly to: BusinessDay }): BusinessDay[] {
  const length = daysBetween({ from, to }) + 1;
  if (length < 1 || length > MAX_RANGE_DAYS) {
    throw new Refusal({
      code: 'bad_range',
      message: `the days from ${from} to ${to} cannot be used as a range`,
      details: { from, to },
      remedy: length < 1 ? 'put the earlier day first' : `ask for at most ${MAX_RANGE_DAYS} days`,
    });
  }
  const first = epochDay(from);
  return Array.from({ length }, (_, index) => businessDayOf(first + index));
}

/** Days since 1970-01-01. */
function epochDay(day: BusinessDay): number {
  return epochDayOf(fourDigits(day, 0), twoDigits(day, 5), twoDigits(day, 8));
}

function businessDayOf(epochDays: number): BusinessDay {
  if (!(epochDays >= MIN_EPOCH_DAY && epochDays <= MAX_EPOCH_DAY)) {
    throw new Error(`day ${epochDays} since 1970-01-01 lies outside the years 0001 to 9999`);
  }
  return new Date(epochDays * DAY_MS).toISOString().slice(0, 10) as BusinessDay;
}

/** Instants [startMs, endMs) that all have the date `day`. */
interface Segment {
  readonly startMs: number;
  readonly endMs: number;
  readonly day: BusinessDay;
  /** Local time − UTC. */
  readonly offsetMs: number;
}

const NOWHERE: Segment = { startMs: 0, endMs: 0, day: '' as BusinessDay, offsetMs: 0 };
const MAX_CACHED_UTC_DAYS = 4096;

/**
 * Dates of instants in one IANA time zone. A day need not be one interval (where clocks go back over midnight a date
 * comes twice), nor exist (a country that moves across the date line skips one), so what is cached is a segment between
 * neighbouring midnights and changes of the clock. Most events are of the segment asked for last.
 */
export class BusinessCalendar {
  /** In the case that the tz database writes it in. */
  readonly timeZone: string;
  #last = NOWHERE;
  readonly #segmentsByUtcDay = new Map<number, Segment[]>();

  /** Refuses (`bad_time_zone`) what is not an IANA name; offsets such as +08:00 are none. */
  constructor(timeZone: string) {
    if (!isTimeZone(timeZone)) {
      throw new Refusal({
        code: 'bad_time_zone',
        message: `${shown(timeZone)} is not a time zone`,
        details: { timeZone: shown(timeZone) },
        remedy: 'use an IANA name, such as Asia/Shanghai',
        exitCode: 2,
      });
    }
    this.timeZone = zonedOf(0, timeZone).timeZoneId;
  }

  /** The date of an instant, whole milliseconds since 1970; throws if its year is not one of 0001 to 9999. */
  dayOf(epochMs: number): BusinessDay {
    const last = this.#last;
    if (epochMs >= last.startMs && epochMs < last.endMs) return last.day;
    return this.#segmentOf(epochMs).day;
  }

  /**
   * The hour of the local clock, as hours of local time since 1970: two instants share it exactly if date and hour of their local
   * time agree. An hour that the clock goes through twice is one.
   */
  localHourOf(epochMs: number): number {
    const last = this.#last;
    const segment = epochMs >= last.startMs && epochMs < last.endMs ? last : this.#segmentOf(epochMs);
    return Math.floor((epochMs + segment.offsetMs) / HOUR_MS);
  }

  /** The first instant of a day, in epoch milliseconds; of a day that the zone skipped, the instant of the skip. */
  startOf(day: BusinessDay): number {
    return Temporal.PlainDate.from(day).toZonedDateTime(this.timeZone).epochMilliseconds;
  }

  #segmentOf(epochMs: number): Segment {
    const segment = this.#findSegment(epochMs);
    this.#last = segment;
    return segment;
  }

  #findSegment(epochMs: number): Segment {
    const utcDay = Math.floor(epochMs / DAY_MS);
    const known = this.#segmentsByUtcDay.get(utcDay);
    const hit = known?.find(({ startMs, endMs }) => epochMs >= startMs && epochMs < endMs);
    if (hit !== undefined) return hit;
    const segment = computeSegment(epochMs, this.timeZone);
    if (known !== undefined) {
      known.push(segment);
      return segment;
    }
    if (this.#segmentsByUtcDay.size >= MAX_CACHED_UTC_DAYS) this.#segmentsByUtcDay.clear();
    this.#segmentsByUtcDay.set(utcDay, [segment]);
    return segment;
  }
}

/** An IANA name in any case. */
export function isTimeZone(text: string): boolean {
  if (!/^[A-Za-z]/.test(text)) return false;
  try {
    // A zoned date-time's text in brackets is no name, though Temporal would read its zone from it.
    return zonedOf(0, text).timeZoneId.toLowerCase() === text.toLowerCase();
  } catch {
    return false;
  }
}

function computeSegment(epochMs: number, timeZone: string): Segment {
  const zoned = zonedOf(epochMs, timeZone);
  const day = zoned.toPlainDate().toString();
  if (day.length !== 10 || day.startsWith('0000'))
    throw new Error(`instant ${epochMs} ms has the date ${day} in ${timeZone}`);
  const offsetMs = zoned.offsetNanoseconds / 1_000_000;
  const midnightMs = Math.floor((epochMs + offsetMs) / DAY_MS) * DAY_MS - offsetMs;
  // A change of the clock at this very instant opens the segment; 'previous' tells only earlier ones.
  const opened = zoned.add({ milliseconds: 1 }).getTimeZoneTransition('previous')?.epochMilliseconds ?? -Infinity;
  const closed = zoned.getTimeZoneTransition('next')?.epochMilliseconds ?? Infinity;
  return {
    startMs: Math.max(midnightMs, opened),
    endMs: Math.min(midnightMs + DAY_MS, closed),
    day: day as BusinessDay,
    offsetMs,
  };
}

function zonedOf(epochMs: number, timeZone: string): Temporal.ZonedDateTime {
  return Temporal.Instant.fromEpochMilliseconds(epochMs).toZonedDateTimeISO(timeZone);
}
