import { type AdEvent, formatAdEvent } from '../domain/ad-event.ts';
import { WINDOW_DAYS } from './judge-line.ts';
import type { SampleCatalog } from './sample-catalog.ts';
import { contradictEvent, spoilEvent } from './sample-faults.ts';
import { SampleRandom } from './sample-random.ts';
import { SampleTraffic } from './sample-traffic.ts';

/** Of 100,000 lines so many, about; all others are the day's own events. */
const MIX = [
  /** One of the last events again, exactly. */
  { kind: 'repeat', lines: 500 },
  /** The identity of one of the last events with another time, at times another price too. */
  { kind: 'conflict', lines: 50 },
  /** An impression with one fault: `sample-faults.ts` lists them. */
  { kind: 'spoiled', lines: 100 },
  /** An impression of one of the 30 days before. */
  { kind: 'late', lines: 800 },
  /** An impression that no clock lets in: of more than 36 days before. */
  { kind: 'too_late', lines: 10 },
] as const;
type LineKind = (typeof MIX)[number]['kind'] | 'event';

const LINES_IN_MIX = 100_000;
const REMEMBERED_EVENTS = 1024;
const MAX_AGE_IN_FILE_MS = 20_000;
const MAX_LATE_DAYS = 30;
const TOO_LATE_DAYS = 20;
const DAY_MS = 86_400_000;

/** Events of the hours of the day, in proportion. */
const HOURS = [28, 18, 12, 9, 8, 10, 18, 32, 45, 50, 52, 56, 64, 60, 52, 50, 52, 56, 62, 74, 86, 90, 76, 50];
const HOURS_TOTAL = HOURS.reduce((total, weight) => total + weight, 0);

/** What ingesting the log tells, if the clock lies between the end of the day and the end of the fourth day after it. */
export interface SampleCounts {
  readonly received: number;
  readonly accepted: number;
  readonly duplicates: number;
  readonly conflicts: number;
  readonly rejected: Readonly<Record<string, number>>;
}

export interface SampleLogOptions {
  readonly catalog: SampleCatalog;
  /** Number of lines. */
  readonly events: number;
  readonly seed: string;
  /** First instant of the day and of the next one, epoch milliseconds. */
  readonly startMs: number;
  readonly endMs: number;
}

/** The lines of the log of a sample day, without their ends, and in the end their counts. */
export function* sampleLines(options: SampleLogOptions): Generator<string, SampleCounts, undefined> {
  const log = new SampleLog(options);
  for (let line = 0; line < options.events; line += 1) yield log.line(line);
  return log.counts();
}

class SampleLog {
  readonly #options: SampleLogOptions;
  readonly #random: SampleRandom;
  readonly #traffic: SampleTraffic;
  /** Only what is accepted: the repeat of a refused line would be refused too. */
  readonly #remembered: AdEvent[] = [];
  readonly #rejected: Record<string, number> = {};
  #accepted = 0;
  #duplicates = 0;
  #conflicts = 0;

  constructor(options: SampleLogOptions) {
    this.#options = options;
    this.#random = new SampleRandom({ seed: options.seed, stream: 'log' });
    this.#traffic = new SampleTraffic(options);
  }

  /** The line at this place, counted from 0; to be asked for in order. */
  line(place: number): string {
    const random = this.#random;
    const occurredAtMs = this.#drawInstant(place);
    switch (this.#drawKind()) {
      case 'event':
        return this.#accept(this.#traffic.next(occurredAtMs));
      case 'late': {
        const daysBack = 1 + random.below(1 + random.below(MAX_LATE_DAYS));
        return this.#accept(this.#traffic.impression(occurredAtMs - daysBack * DAY_MS));
      }
      case 'repeat':
        this.#duplicates += 1;
        return formatAdEvent(random.pick(this.#remembered));
      case 'conflict':
        this.#conflicts += 1;
        return formatAdEvent(contradictEvent(random.pick(this.#remembered), random));
      case 'too_late': {
        const daysBack = WINDOW_DAYS + 2 + random.below(TOO_LATE_DAYS);
        this.#reject('too_late');
        return formatAdEvent(this.#traffic.impression(occurredAtMs - daysBack * DAY_MS));
      }
      case 'spoiled': {
        const { line, reason } = spoilEvent(this.#traffic.impression(occurredAtMs), random);
        this.#reject(reason);
        return line;
      }
    }
  }

  counts(): SampleCounts {
    return {
      received: this.#options.events,
      accepted: this.#accepted,
      duplicates: this.#duplicates,
      conflicts: this.#conflicts,
      rejected: this.#rejected,
    };
  }

  #drawKind(): LineKind {
    let share = this.#random.below(LINES_IN_MIX);
    for (const { kind, lines } of MIX) {
      share -= lines;
      if (share >= 0) continue;
      return this.#remembered.length === 0 && (kind === 'repeat' || kind === 'conflict') ? 'event' : kind;
    }
    return 'event';
  }

  /** The place's instant or up to 20 seconds before it, as logs of many machines are merged; always one of the day. */
  #drawInstant(place: number): number {
    const { events, startMs } = this.#options;
    const instantMs = instantAt(place / events, this.#options) - this.#random.below(MAX_AGE_IN_FILE_MS);
    return instantMs < startMs ? 2 * startMs - instantMs : instantMs;
  }

  #accept(event: AdEvent): string {
    this.#remembered[this.#accepted % REMEMBERED_EVENTS] = event;
    this.#accepted += 1;
    return formatAdEvent(event);
  }

  #reject(reason: string): void {
    this.#rejected[reason] = (this.#rejected[reason] ?? 0) + 1;
  }
}

/** The instant by which a part of the day's events, 0 to below 1, has happened; a day of 23 or 25 hours is stretched to fit. */
function instantAt(part: number, { startMs, endMs }: { readonly startMs: number; readonly endMs: number }): number {
  let weight = part * HOURS_TOTAL;
  let hour = 0;
  while (weight >= (HOURS[hour] as number)) {
    weight -= HOURS[hour] as number;
    hour += 1;
  }
  const elapsed = (hour + weight / (HOURS[hour] as number)) / HOURS.length;
  return startMs + Math.floor(elapsed * (endMs - startMs));
}
