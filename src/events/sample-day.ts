import { addDays, BusinessCalendar, type BusinessDay } from '../domain/business-day.ts';
import { Refusal } from '../domain/errors.ts';
import { RULES_BEGIN_DAYS_BEFORE, SampleCatalog } from './sample-catalog.ts';
import { type SampleCounts, sampleLines } from './sample-log.ts';

// A plausible day of ad events, the same for the same options on every machine.
//
// Apps: visited by Zipf's law, the k-th in proportion to 1/k, so few earn most. Most developers have one app, a few have many.
//   An app has one to three ad units (banner, native, interstitial, rewarded video) and a level of prices.
// Impressions, all in CNY: 50 % bear a CPM price, 35 % a price and a campaign, 15 % only a campaign, whose rate card prices
//   them. Six prices in ten have up to two decimals, two up to four, two up to six.
// Clicks: on 1.2 % of the impressions, 1 second to 10 minutes later, by the same device; priced as their impressions are.
// Time: few events at night, most in the evening. The file is in the order of the day, but for events up to 20 seconds older
//   than their place.
// Of all lines: 0.5 % repeat a recent one exactly; 0.05 % repeat its identity with other content; 0.8 % are up to 30 days late;
//   0.01 % are too late for any clock; 0.1 % can't be used: cut off, 7 decimals, a negative price, an unknown app or ad unit,
//   a field left out, a date that does not exist, no currency or type that there is, neither price nor campaign.

const MAX_APPS = 10_000_000;
const MAX_EVENTS = 4_000_000_000;
const FIRST_DAY = '1971-01-01';
const LAST_DAY = '9999-11-30';

export interface SampleOptions {
  /** 1 to 10 million. */
  readonly apps: number;
  /** Lines of the log, 1 to 4 billion. */
  readonly events: number;
  readonly day: BusinessDay;
  /** IANA name of the zone whose day it is. */
  readonly timeZone: string;
  /** Any text. */
  readonly seed: string;
}

export interface SampleDay {
  readonly catalog: SampleCatalog;
  readonly plans: SamplePlans;
  /** The lines of the log, without their ends; may be asked for again. */
  readonly lines: () => Generator<string, SampleCounts, undefined>;
}

/** Share plans as their file has them. */
export interface SamplePlans {
  readonly plans: readonly Readonly<Record<string, unknown>>[];
}

/**
 * A made-up day: its catalog, its share plan and its events. Memory does not grow with the events, and by 8 bytes an app.
 * @throws Refusal `bad_option` for options out of range, `bad_time_zone`
 */
export function sampleDay(options: SampleOptions): SampleDay {
  const { apps, events, day, timeZone, seed } = options;
  refuseOutside({ option: 'apps', value: apps, max: MAX_APPS });
  refuseOutside({ option: 'events', value: events, max: MAX_EVENTS });
  if (day < FIRST_DAY || day > LAST_DAY) throw badOption('day', day, `use a day from ${FIRST_DAY} to ${LAST_DAY}`);
  const calendar = new BusinessCalendar(timeZone);
  const days = { startMs: calendar.startOf(day), endMs: calendar.startOf(addDays(day, 1)) };
  if (days.startMs === days.endMs) throw badOption('day', day, `${timeZone} skipped this day; use another one`);
  const catalog = new SampleCatalog({ apps, day, seed });
  return { catalog, plans: samplePlans(options), lines: () => sampleLines({ catalog, events, seed, ...days }) };
}

/**
 * As WeChat's first plan for mini programs: half of an app's day up to a bound, three tenths beyond. The bound is scaled down to
 * the sample, to a power of ten that the most visited apps pass; WeChat's 100,000 yuan would take some billion events.
 */
function samplePlans({ apps, events, day }: SampleOptions): SamplePlans {
  const octaves = 32 - Math.clz32(apps);
  // An event earns about two fen; the first app has one event in 0.7 × octaves, about the harmonic number.
  const firstAppFen = (events * 2) / (0.7 * octaves);
  let boundFen = 1;
  while (boundFen * 10 <= firstAppFen / 5 && boundFen < 10_000_000) boundFen *= 10;
  const digits = String(boundFen).padStart(3, '0');
  const upTo = `${digits.slice(0, -2)}.${digits.slice(-2)}`;
  const plan = {
    id: 'sample-day',
    scope: { default: true },
    currency: 'CNY',
    effective_from: addDays(day, -RULES_BEGIN_DAYS_BEFORE),
    effective_to: null,
    basis: 'app_day',
    mode: 'marginal',
    tiers: [{ up_to: upTo, share: '0.50' }, { share: '0.30' }],
  };
  return { plans: [plan] };
}

function refuseOutside({
  option,
  value,
  max,
}: {
  readonly option: string;
  readonly value: number;
  readonly max: number;
}): void {
  if (Number.isInteger(value) && value >= 1 && value <= max) return;
  throw badOption(option, value, `use a whole number from 1 to ${max}`);
}

function badOption(option: string, value: unknown, remedy: string): Refusal {
  return new Refusal({
    code: 'bad_option',
    message: `${option} ${String(value)} can't be used`,
    details: { option, value },
    remedy,
    exitCode: 2,
  });
}
