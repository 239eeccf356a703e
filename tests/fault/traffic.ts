import { UNASSIGNED } from '../../src/domain/ids.ts';
import type { Chance } from './chance.ts';
import { APPS_PER_DEVELOPER, DEVELOPERS, decimal, numbers, UNITS_PER_APP, unitOf } from './reference-data.ts';

/** What an event says, in whole numbers; the model of the books reads this, the product reads only the line made of it. */
export interface SentEvent {
  readonly developerId: string;
  readonly appId: string;
  readonly adUnitId: string;
  readonly type: 'impression' | 'click';
  readonly id: string;
  readonly occurredAtMs: number;
  readonly currency: string;
  /** CPM or CPC in millionths; null leaves it to the campaign's rate card. */
  readonly priceMicros: number | null;
  readonly campaignId: string | null;
  readonly deviceId: string | null;
}

/** `ownerId`: whose bucket it goes to. */
export type SentLine = { readonly text: string; readonly ownerId: string } & (
  | { readonly event: SentEvent; readonly rejected: null }
  | { readonly event: null; readonly rejected: string }
);

/** "Now" of every acceptance: everything below is measured against it. */
export const AS_OF = '2018-04-16T00:30:00+08:00';
const OFFSET_MS = 8 * 3_600_000;
const DAY_MS = 86_400_000;
/** The days of most events, the last one first. */
export const DAYS = ['2018-04-15', '2018-04-14', '2018-04-13', '2018-04-12', '2018-04-11'];
const LAST_DAY_MS = Date.parse(`${DAYS[0]}T00:00:00+08:00`);
/** Days back that are still taken, even where a conflict moves the event an hour back. */
const LATE_DAYS = [16, 20, 33];
/** The first day that is not. */
const TOO_LATE_DAYS = 35;

/** Per mille of all lines. */
const SHARES = { repeat: 60, conflict: 30, late: 20, tooLate: 5, unknownApp: 5, broken: 4, noPrice: 4, unpriced: 90 };

/**
 * Files of events. A conflict stands in the file of the event that it contradicts, behind it, so that whichever files are read
 * at once or again, the same line comes first; plain repeats come from any file.
 */
export function makeTraffic(
  chance: Chance,
  { files, linesPerFile }: { readonly files: number; readonly linesPerFile: number },
): SentLine[][] {
  const earlier: SentEvent[] = [];
  const numbering = new Map<string, number>();
  return numbers(files).map(() => {
    const own: SentEvent[] = [];
    const lines = numbers(linesPerFile).map(() => {
      const made = makeLine(chance, { own, earlier, numbering });
      if (made.fresh && made.line.event !== null) own.push(made.line.event);
      return made.line;
    });
    earlier.push(...own);
    return lines;
  });
}

interface Making {
  readonly own: readonly SentEvent[];
  readonly earlier: readonly SentEvent[];
  /** Each developer counts its impressions and its clicks, so the same ids come everywhere and mean different events. */
  readonly numbering: Map<string, number>;
}

function makeLine(chance: Chance, { own, earlier, numbering }: Making): { line: SentLine; fresh: boolean } {
  let lot = chance.below(1000);
  const falls = (share: number) => {
    lot -= share;
    return lot < 0;
  };
  const accepted = (event: SentEvent, fresh: boolean) => ({
    line: { text: textOf(event, chance), ownerId: event.developerId, event, rejected: null } as const,
    fresh,
  });
  const rejected = (text: string, reason: string, ownerId: string) => ({
    line: { text, ownerId, event: null, rejected: reason } as const,
    fresh: false,
  });
  const known = chance.happens(0.7) ? own : earlier;
  if (falls(SHARES.repeat) && known.length > 0) return accepted(chance.pick(known), false);
  if (falls(SHARES.conflict) && own.length > 0) return accepted(contradict(chance, chance.pick(own)), false);
  const event = makeEvent(chance, numbering);
  if (falls(SHARES.late)) return accepted(daysBack(event, chance.pick(LATE_DAYS)), true);
  if (falls(SHARES.tooLate))
    return rejected(textOf(daysBack(event, TOO_LATE_DAYS), chance), 'too_late', event.developerId);
  if (falls(SHARES.unknownApp))
    return rejected(textOf({ ...event, appId: 'nobodys_app' }, chance), 'unknown_app', UNASSIGNED);
  if (falls(SHARES.broken)) return rejected(textOf(event, chance).slice(0, -5), 'bad_json', UNASSIGNED);
  if (falls(SHARES.noPrice))
    return rejected(textOf({ ...event, priceMicros: null }, chance), 'no_price', event.developerId);
  if (falls(SHARES.unpriced)) {
    const campaignId = event.currency === 'USD' ? 'c_usd' : 'c_cny';
    return accepted({ ...event, priceMicros: null, campaignId }, true);
  }
  return accepted(event, true);
}

function makeEvent(chance: Chance, numbering: Map<string, number>): SentEvent {
  // Few apps have most of the traffic.
  const place = Math.floor(chance.next() ** 2 * DEVELOPERS * APPS_PER_DEVELOPER);
  const developer = place % DEVELOPERS;
  const appId = `app_${developer}_${Math.floor(place / DEVELOPERS)}`;
  const type = chance.happens(0.1) ? 'click' : 'impression';
  const day = chance.below(DAYS.length);
  const number = (numbering.get(`${developer} ${type}`) ?? 0) + 1;
  numbering.set(`${developer} ${type}`, number);
  return {
    developerId: `dev_${developer}`,
    appId,
    adUnitId: unitOf(appId, chance.below(UNITS_PER_APP)),
    type,
    id: `e${number}`,
    occurredAtMs: LAST_DAY_MS - day * DAY_MS + chance.below(DAY_MS),
    currency: chance.happens(0.15) ? 'USD' : 'CNY',
    priceMicros: type === 'click' ? 1 + chance.below(900_000) : chance.below(80_000_000),
    campaignId: null,
    deviceId: chance.happens(0.3) ? `device-${chance.below(5000)}` : null,
  };
}

/** The same identity with another content. */
function contradict(chance: Chance, event: SentEvent): SentEvent {
  const kind = chance.below(4);
  if (kind === 0) return { ...event, priceMicros: (event.priceMicros ?? 0) + 1 };
  if (kind === 1) return { ...event, occurredAtMs: event.occurredAtMs - 1 - chance.below(3_600_000) };
  if (kind === 2) return { ...event, deviceId: `other-${chance.below(3)}` };
  const app = chance.below(APPS_PER_DEVELOPER);
  const appId = event.developerId.replace('dev', 'app').concat(`_${app}`);
  return { ...event, appId, adUnitId: unitOf(appId, 0), priceMicros: 777_777 };
}

function daysBack(event: SentEvent, days: number): SentEvent {
  const timeOfDayMs = (event.occurredAtMs + OFFSET_MS) % DAY_MS;
  return { ...event, occurredAtMs: LAST_DAY_MS - days * DAY_MS + timeOfDayMs };
}

/** Several spellings of the same content: offset or UTC, zeros at the end of a price, a field that nobody knows. */
function textOf(event: SentEvent, chance: Chance): string {
  const local = new Date(event.occurredAtMs + OFFSET_MS).toISOString().replace('Z', '+08:00');
  return JSON.stringify({
    id: event.id,
    type: event.type,
    occurred_at: chance.happens(0.5) ? local : new Date(event.occurredAtMs).toISOString(),
    app_id: event.appId,
    ad_unit_id: event.adUnitId,
    currency: event.currency,
    price: event.priceMicros === null ? undefined : decimal(event.priceMicros, chance.happens(0.5)),
    campaign_id: event.campaignId ?? undefined,
    device_id: event.deviceId ?? undefined,
    ...(chance.happens(0.1) ? { trace: chance.below(1000) } : {}),
  });
}
