import { type AdEvent, formatAdEvent } from '../domain/ad-event.ts';
import { priceOfMicros } from '../domain/price.ts';
import type { SampleRandom } from './sample-random.ts';

/** A line that can't be used, and why it will be refused. */
export interface SpoiledLine {
  readonly line: string;
  readonly reason: string;
}

interface Fault {
  readonly reason: string;
  /** Fields that take the place of the event's own; undefined leaves one out. */
  readonly spoil: (event: AdEvent) => Record<string, string | undefined>;
}

const FAULTS: readonly Fault[] = [
  { reason: 'bad_price', spoil: () => ({ price: '2.1234567' }) },
  { reason: 'bad_price', spoil: () => ({ price: '-1.5' }) },
  // Developers are numbered from 1.
  { reason: 'unknown_app', spoil: () => ({ app_id: 'app_0_1' }) },
  { reason: 'unknown_ad_unit', spoil: event => ({ ad_unit_id: `${event.adUnitId}_x` }) },
  { reason: 'bad_app_id', spoil: () => ({ app_id: undefined }) },
  { reason: 'bad_time', spoil: () => ({ occurred_at: undefined }) },
  { reason: 'bad_time', spoil: event => ({ occurred_at: thirtiethOfFebruary(event.occurredAtMs) }) },
  { reason: 'bad_currency', spoil: () => ({ currency: 'RMB' }) },
  { reason: 'bad_type', spoil: () => ({ type: 'view' }) },
  { reason: 'no_price', spoil: () => ({ price: undefined, campaign_id: undefined }) },
];

/** The event's line with one fault. */
export function spoilEvent(event: AdEvent, random: SampleRandom): SpoiledLine {
  const line = formatAdEvent(event);
  const fault = FAULTS[random.below(FAULTS.length + 2)];
  // A line that was cut off while it was written.
  if (fault === undefined) return { line: line.slice(0, 1 + random.below(line.length - 1)), reason: 'bad_json' };
  const fields = { ...JSON.parse(line), ...fault.spoil(event) };
  return { line: JSON.stringify(fields), reason: fault.reason };
}

/** An event of the same identity with other content: always an earlier instant, at times another price. */
export function contradictEvent(event: AdEvent, random: SampleRandom): AdEvent {
  const occurredAtMs = event.occurredAtMs - 1 - random.below(9000);
  const repriced = event.price !== null && random.chance({ count: 1, outOf: 2 });
  return { ...event, occurredAtMs, price: repriced ? priceOfMicros(1 + random.below(20_000_000)) : event.price };
}

function thirtiethOfFebruary(epochMs: number): string {
  const instant = new Date(epochMs).toISOString();
  return `${instant.slice(0, 4)}-02-30${instant.slice(10)}`;
}
