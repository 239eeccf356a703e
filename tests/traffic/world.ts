import type { AdEvent } from '../../src/domain/ad-event.ts';
import { BusinessCalendar, parseBusinessDay } from '../../src/domain/business-day.ts';
import { nanos } from '../../src/domain/nanos.ts';
import type { AloneReason, TrafficChecks } from '../../src/traffic/checks.ts';
import { type AcceptedTraffic, deriveDay, type TrafficSource } from '../../src/traffic/derive-day.ts';
import { hash32 } from '../../src/traffic/hash32.ts';
import { type Invalidation, InvalidationBook } from '../../src/traffic/invalidation.ts';
import { PolicyBook } from '../../src/traffic/policy.ts';

export const SHANGHAI = 'Asia/Shanghai';
export const DAY = parseBusinessDay('2018-04-15');

/** All off. */
export const NO_CHECKS: TrafficChecks = {
  knownBot: false,
  dataCentre: false,
  implausibleRate: null,
  clickWithoutImpression: false,
  clickTooSoon: null,
  repeatedClick: null,
  lookbackDays: 1,
};

export interface Traffic extends Partial<AdEvent> {
  /** Local time, such as "2018-04-15T10:00:00.250". */
  readonly at: string;
  readonly alone?: AloneReason;
  readonly developerId?: string;
}

/** A click of 0.30 CNY of device `d` on ad unit `u` of app `a` of developer `dev`, unless told otherwise; an impression is worth 0.002. */
export function accepted({ at, alone, developerId = 'dev', ...fields }: Traffic, timeZone = SHANGHAI): AcceptedTraffic {
  const calendar = new BusinessCalendar(timeZone);
  const occurredAtMs = Temporal.PlainDateTime.from(at).toZonedDateTime(timeZone).epochMilliseconds;
  const event: AdEvent = {
    ...{
      id: at,
      type: 'click',
      occurredAtMs,
      appId: 'a',
      adUnitId: 'u',
      currency: 'CNY',
      price: null,
      campaignId: null,
    },
    ...{ impressionId: null, deviceId: 'd', userAgent: null, ip: null },
    ...fields,
  };
  return {
    developerId,
    businessDay: calendar.dayOf(occurredAtMs),
    type: event.type,
    occurredAtMs,
    id: event.id,
    deviceId: event.deviceId,
    idHash: () => hash32(event.id),
    deviceHash: () => (event.deviceId === null ? null : hash32(event.deviceId)),
    event,
    grossNanos: nanos(event.type === 'click' ? 300_000_000n : 2_000_000n),
    reasonAlone: () => alone ?? null,
  };
}

export function sourceOf(events: readonly AcceptedTraffic[]): TrafficSource {
  return {
    scan: async ({ from, to, type }, visit) => {
      for (const each of events) {
        const isOfType = type === undefined || each.event.type === type;
        if (isOfType && each.businessDay >= from && each.businessDay <= to) visit(each);
      }
    },
  };
}

export interface DeriveCase {
  readonly day?: string;
  readonly checks?: Partial<TrafficChecks>;
  readonly policies?: PolicyBook;
  readonly invalidations?: readonly Invalidation[];
  readonly timeZone?: string;
  readonly mostHeld?: number;
}

/** What is deducted, as `unit reason: impressions clicks gross`, sorted; and the developers whose chains go on. */
export async function derive(
  events: readonly AcceptedTraffic[],
  { day = DAY, checks = {}, policies, invalidations = [], timeZone = SHANGHAI, mostHeld = 1_000_000 }: DeriveCase,
): Promise<{ readonly deducted: readonly string[]; readonly chained: readonly string[] }> {
  const always = { effectiveFrom: parseBusinessDay('2000-01-01'), checks: { ...NO_CHECKS, ...checks } };
  const { deductions, chainedDevelopers } = await deriveDay(sourceOf(events), {
    day: parseBusinessDay(day),
    calendar: new BusinessCalendar(timeZone),
    policies: policies ?? new PolicyBook([always]),
    invalidations: new InvalidationBook(invalidations),
    mostHeld,
  });
  const deducted = deductions.map(
    ({ developerId, adUnitId, reason, invalidationId, impressions, clicks, grossNanos }) =>
      `${developerId === 'dev' ? '' : `${developerId} `}${adUnitId} ${reason}${invalidationId === null ? '' : ` by ${invalidationId}`}: ${impressions} ${clicks} ${grossNanos}`,
  );
  return { deducted: deducted.sort(), chained: [...chainedDevelopers].sort() };
}
