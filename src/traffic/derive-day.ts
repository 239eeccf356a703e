import type { AdEvent } from '../domain/ad-event.ts';
import { addDays, type BusinessCalendar, type BusinessDay } from '../domain/business-day.ts';
import type { Nanos } from '../domain/nanos.ts';
import { type AloneReason, looksUpImpressions, needsOtherEvents, type TrafficChecks } from './checks.ts';
import { extendReach } from './click-chains.ts';
import { ClickJudge, type HeldClick, type HeldEvent, pairOf } from './click-judge.ts';
import { DeductionSums, type OnInvalid, type TrafficDeduction } from './deduction-sums.ts';
import { FirstOfHour } from './device-hours.ts';
import { HashFilter } from './hash-filter.ts';
import { hash32 } from './hash32.ts';
import { ImpressionHours } from './impression-hours.ts';
import type { InvalidationBook } from './invalidation.ts';
import type { PolicyBook } from './policy.ts';

/** An accepted event, with what is known of it alone. */
export interface AcceptedTraffic {
  readonly developerId: string;
  readonly businessDay: BusinessDay;
  readonly type: AdEvent['type'];
  readonly occurredAtMs: number;
  readonly id: string;
  readonly deviceId: string | null;
  /** The whole event; it costs more than what stands above. */
  readonly event: AdEvent;
  readonly grossNanos: Nanos;
  /** `hash32` of the id; it costs less than the id. */
  idHash(): number;
  /** `hash32` of the device's id; it costs less than the device's id. */
  deviceHash(): number | null;
  /** Why it does not count by itself, as it was judged when it was processed. */
  reasonAlone(): AloneReason | null;
}

/** Days from `from` to `to`, both inclusive; of one type of events only, if it is given. */
export interface ScannedDays {
  readonly from: BusinessDay;
  readonly to: BusinessDay;
  readonly type?: AdEvent['type'];
}

/** Accepted events of some developers, as they are known at one cutoff. */
export interface TrafficSource {
  /** Hands every accepted event of the days over, in any order. */
  scan(days: ScannedDays, visit: (accepted: AcceptedTraffic) => void): Promise<void>;
}

export interface DerivedDay {
  /** What is to be deducted from the day's earnings, in no order. */
  readonly deductions: readonly TrafficDeduction[];
  /** Developers of whom a chain of clicks reaches from the day before through to the next day, which it may decide about. */
  readonly chainedDevelopers: ReadonlySet<string>;
}

export interface DeriveOptions {
  readonly day: BusinessDay;
  readonly calendar: BusinessCalendar;
  readonly policies: PolicyBook;
  readonly invalidations: InvalidationBook;
  /** About how many clicks are held in memory at a time; more of them take several passes, a part of the devices each. */
  readonly mostHeld?: number;
  /** Told of the day's events that the sums are made of. */
  readonly onInvalid?: OnInvalid | undefined;
}

const MOST_HELD = 1_000_000;
/** Devices can't be parted further; a single one beyond that is held whole. */
const MOST_PARTS = 4_096;
const MOST_CHAINED_DAYS = 1_000;

/**
 * The events of a day that are invalid for other events' sake or by a decision, as sums: a pure function of the accepted events, the
 * policies and the decisions, in whatever order the events come. Events that are invalid alone are no part of it, for they never
 * became earnings.
 */
export async function deriveDay(source: TrafficSource, options: DeriveOptions): Promise<DerivedDay> {
  const sums = new DeductionSums(options.onInvalid);
  const chainedDevelopers = new Set<string>();
  const checks = options.policies.on(options.day);
  if (checks !== null && needsOtherEvents(checks)) {
    await derivePart(source, { ...options, checks, sums, chainedDevelopers, part: 0, parts: 1 });
  } else if (!options.invalidations.isEmpty) {
    await source.scan({ from: options.day, to: options.day }, accepted => addDecided(accepted, { ...options, sums }));
  }
  return { deductions: sums.all(), chainedDevelopers };
}

interface Part extends DeriveOptions {
  readonly checks: TrafficChecks;
  readonly sums: DeductionSums;
  readonly chainedDevelopers: Set<string>;
  /** The devices whose hash leaves this remainder. */
  readonly part: number;
  readonly parts: number;
}

async function derivePart(source: TrafficSource, part: Part): Promise<void> {
  const day = new DayOfDevices(part);
  if (await day.collect(source)) {
    await day.followChains(source);
    await day.lookUp(source);
    await day.judgeImpressions(source);
    day.judgeClicks();
    return;
  }
  for (const half of [part.part, part.part + part.parts]) {
    await derivePart(source, { ...part, part: half, parts: 2 * part.parts });
  }
}

/** One pass over a day: a few readings, each of which holds only what the next step needs. */
class DayOfDevices {
  readonly #part: Part;
  readonly #dayBefore: BusinessDay;
  readonly #startMs: number;
  readonly #clicks: HeldClick[] = [];
  readonly #hours: ImpressionHours | null;
  /** By pair, instants of clicks just before the day. */
  readonly #before = new Map<string, number[]>();
  /** Pairs to which clicks of earlier days matter. */
  readonly #chained = new Set<string>();

  constructor(part: Part) {
    this.#part = part;
    this.#startMs = part.calendar.startOf(part.day);
    this.#dayBefore = part.calendar.dayOf(this.#startMs - 1);
    const limit = part.checks.implausibleRate?.maxImpressions;
    this.#hours = limit === undefined ? null : new ImpressionHours({ calendar: part.calendar, limit });
  }

  /** Holds the day's clicks. False: there are more of them than may be held at a time. */
  async collect(source: TrafficSource): Promise<boolean> {
    const { day, checks, parts, mostHeld = MOST_HELD } = this.#part;
    const limit = parts >= MOST_PARTS ? Number.POSITIVE_INFINITY : mostHeld;
    const from = checks.repeatedClick === null ? day : this.#dayBefore;
    await source.scan({ from, to: day, type: 'click' }, accepted => {
      if (this.#clicks.length > limit || !this.#isOfPart(accepted)) return;
      if (accepted.businessDay === day) this.#clicks.push(heldClick(accepted));
      else this.#noteBefore(accepted);
    });
    return this.#clicks.length <= limit;
  }

  #isOfPart(accepted: AcceptedTraffic): boolean {
    const { part, parts } = this.#part;
    return parts === 1 || (accepted.deviceHash() ?? accepted.idHash()) % parts === part;
  }

  #noteBefore(accepted: AcceptedTraffic): void {
    const { windowMs } = this.#part.checks.repeatedClick ?? { windowMs: 0 };
    const { occurredAtMs } = accepted.event;
    const pair = pairOf(accepted);
    if (pair === null || occurredAtMs < this.#startMs - windowMs) return;
    const known = this.#before.get(pair);
    if (known === undefined) this.#before.set(pair, [occurredAtMs]);
    else known.push(occurredAtMs);
  }

  /** Holds the clicks of earlier days on which verdicts about the day's clicks rest, as far back as they do. */
  async followChains(source: TrafficSource): Promise<void> {
    const { policies, calendar, checks } = this.#part;
    if (checks.repeatedClick === null) return;
    let reaches = this.#firstReaches(checks.repeatedClick.windowMs);
    for (const pair of reaches.keys()) this.#chained.add(pair);
    let day = this.#dayBefore;
    for (let days = 0; reaches.size > 0; days += 1) {
      if (days === MOST_CHAINED_DAYS) throw new Error(`clicks before ${this.#part.day} make a chain of ${days} days`);
      const clicks = await this.#clicksOfDevices(source, day, reaches);
      const windowMs = policies.on(day)?.repeatedClick?.windowMs;
      if (windowMs === undefined) return;
      const startMs = calendar.startOf(day);
      const earlier = new Map<string, number>();
      for (const [pair, reachMs] of reaches) {
        const atMs = (clicks.get(pair) ?? []).map(click => click.event.occurredAtMs);
        const further = extendReach({ atMs, reachMs }, windowMs);
        if (further < startMs) earlier.set(pair, further);
      }
      reaches = earlier;
      day = calendar.dayOf(startMs - 1);
    }
  }

  #firstReaches(windowMs: number): Map<string, number> {
    const reaches = new Map<string, number>();
    for (const click of this.#clicks) {
      const pair = pairOf(click);
      const before = pair === null ? undefined : this.#before.get(pair);
      if (pair === null || before === undefined) continue;
      const reachMs = click.event.occurredAtMs - windowMs;
      if (before.some(at => at >= reachMs)) reaches.set(pair, Math.min(reachMs, reaches.get(pair) ?? reachMs));
    }
    return reaches;
  }

  /** All clicks of the devices, for a rate is one of all ad units; told by pair. */
  async #clicksOfDevices(
    source: TrafficSource,
    day: BusinessDay,
    reaches: ReadonlyMap<string, number>,
  ): Promise<Map<string, HeldClick[]>> {
    const devices = new Set([...reaches.keys()].map(deviceOfPair));
    const found = new Map<string, HeldClick[]>();
    await source.scan({ from: day, to: day, type: 'click' }, accepted => {
      const pair = pairOf(accepted);
      if (pair === null || !devices.has(deviceOfPair(pair))) return;
      const click = heldClick(accepted);
      this.#clicks.push(click);
      const known = found.get(pair);
      if (known === undefined) found.set(pair, [click]);
      else known.push(click);
    });
    return found;
  }

  /** Finds the impressions of the clicks that are held, and counts the day's. */
  async lookUp(source: TrafficSource): Promise<void> {
    const { day } = this.#part;
    const { wanted, from } = this.#wantedImpressions();
    const hours = this.#hours;
    if (wanted.size === 0 && hours === null) return;
    const wantedHashes = new HashFilter(wanted.size);
    for (const id of wanted.keys()) wantedHashes.add(hash32(id));
    await source.scan({ from, to: day, type: 'impression' }, accepted => {
      if (wanted.size > 0 && wantedHashes.mayHold(accepted.idHash())) {
        for (const click of wanted.get(accepted.id) ?? []) see(click, accepted);
      }
      if (hours !== null && accepted.businessDay === day && this.#isOfPart(accepted)) hours.count(accepted);
    });
  }

  /** Clicks by the impressions that they name, and the first day on which one of these may have occurred. */
  #wantedImpressions(): { wanted: Map<string, HeldClick[]>; from: BusinessDay } {
    const { day, policies } = this.#part;
    const wanted = new Map<string, HeldClick[]>();
    let from = day;
    for (const click of this.#clicks) {
      const asked = policies.on(click.businessDay);
      const { impressionId } = click.event;
      if (click.alone !== null || asked === null || impressionId === null || !looksUpImpressions(asked)) continue;
      click.impressionsFrom = addDays(click.businessDay, -asked.lookbackDays);
      if (click.impressionsFrom < from) from = click.impressionsFrom;
      const known = wanted.get(impressionId);
      if (known === undefined) wanted.set(impressionId, [click]);
      else known.push(click);
    }
    return { wanted, from };
  }

  /** Adds up what is wrong with the day's own impressions; call it when they have been counted. */
  async judgeImpressions(source: TrafficSource): Promise<void> {
    const { day, invalidations } = this.#part;
    const tooMany = this.#hours?.isAnyTooMany === true ? this.#hours : null;
    if (tooMany === null && invalidations.isEmpty) return;
    const firsts = new Map<string, FirstOfHour<HeldEvent>>();
    await source.scan({ from: day, to: day, type: 'impression' }, accepted => {
      if (!this.#isOfPart(accepted)) return;
      if (tooMany?.seemsTooMany(accepted) === true) this.#hourOf(firsts, accepted).add(held(accepted));
      else addDecided(accepted, this.#part);
    });
    for (const hour of firsts.values()) for (const event of hour.finish()) addDecided(event, this.#part);
  }

  #hourOf(hours: Map<string, FirstOfHour<HeldEvent>>, accepted: AcceptedTraffic): FirstOfHour<HeldEvent> {
    const { calendar, checks, sums } = this.#part;
    const { developerId, deviceId, occurredAtMs } = accepted;
    const key = `${calendar.localHourOf(occurredAtMs)} ${developerId}\0${deviceId}`;
    let hour = hours.get(key);
    if (hour === undefined) {
      const limit = checks.implausibleRate?.maxImpressions ?? Number.POSITIVE_INFINITY;
      hour = new FirstOfHour(limit, beyond => {
        if (beyond.alone === null) sums.add(beyond, { reason: 'implausible_rate', invalidationId: null });
      });
      hours.set(key, hour);
    }
    return hour;
  }

  judgeClicks(): void {
    const { day, policies, calendar, sums, chainedDevelopers } = this.#part;
    const judge = new ClickJudge({ policies, calendar });
    for (const { click, reason } of judge.all(this.#clicks)) {
      if (click.businessDay !== day || click.alone !== null) continue;
      if (reason !== null) sums.add(click, { reason, invalidationId: null });
      else addDecided(click, this.#part);
    }
    const startMs = this.#startMs;
    const nextDay = addDays(day, 1);
    const windowMs = this.#part.checks.repeatedClick?.windowMs;
    const nextWindowMs = policies.on(nextDay)?.repeatedClick?.windowMs;
    if (this.#chained.size === 0 || windowMs === undefined || nextWindowMs === undefined) return;
    const reachMs = calendar.startOf(nextDay) - nextWindowMs;
    const ofDay = this.#clicks.filter(click => click.businessDay === day);
    for (const [pair, clicks] of Map.groupBy(ofDay, pairOf)) {
      if (pair === null || !this.#chained.has(pair)) continue;
      const atMs = clicks.map(click => click.event.occurredAtMs);
      const [{ developerId }] = clicks as [HeldClick];
      if (extendReach({ atMs, reachMs }, windowMs) < startMs) chainedDevelopers.add(developerId);
    }
  }
}

/** What is kept of an event after its batch is gone. */
function held(accepted: AcceptedTraffic): HeldEvent {
  const { developerId, businessDay, event, grossNanos } = accepted;
  return { developerId, businessDay, event, grossNanos, alone: accepted.reasonAlone() };
}

function heldClick(accepted: AcceptedTraffic): HeldClick {
  return { ...held(accepted), impressionsFrom: null, impressionAtMs: null };
}

/** An impression is a click's if it is of the same app and ad unit and not of a later business day, nor of too early a one. */
function see(click: HeldClick, { developerId, businessDay, event }: AcceptedTraffic): void {
  if (developerId !== click.developerId || event.appId !== click.event.appId || event.adUnitId !== click.event.adUnitId)
    return;
  if (click.impressionsFrom === null || businessDay < click.impressionsFrom || businessDay > click.businessDay) return;
  click.impressionAtMs = event.occurredAtMs;
}

/** Adds an event that the checks let pass, if a decision makes it invalid. */
function addDecided(
  accepted: AcceptedTraffic | HeldEvent,
  { invalidations, sums }: Pick<Part, 'invalidations' | 'sums'>,
): void {
  if (invalidations.isEmpty) return;
  const invalidation = invalidations.of(accepted);
  if (invalidation === null) return;
  const alone = 'reasonAlone' in accepted ? accepted.reasonAlone() : accepted.alone;
  if (alone === null) sums.add(accepted, invalidation);
}

/** A pair is of a device and an ad unit; see `pairOf`. */
function deviceOfPair(pair: string): string {
  return pair.slice(0, pair.lastIndexOf('\0'));
}
