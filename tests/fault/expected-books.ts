import { CARDS, categoryOf, PLANS, type SharePlan } from './reference-data.ts';
import type { SentEvent, SentLine } from './traffic.ts';

/** What a set of books says, one figure a key, so that two of them can be compared figure by figure. */
export type Books = Map<string, string>;

interface Earned {
  impressions: number;
  clicks: number;
  grossNanos: bigint;
}

const PPM = 1_000_000n;
const OFFSET_MS = 8 * 3_600_000;

/**
 * The books that an undisturbed run over these readings leaves: a model of its own, which shares no code with the product. A
 * reading is the part of a file that was accepted, from its beginning; a file may have been read several times.
 */
export function expectedBooks(readings: Iterable<readonly SentLine[]>): Books {
  const first = new Map<string, string>();
  const contradictions = new Set<string>();
  const lines = new Map<string, number>();
  const earned = new Map<string, Earned>();
  for (const reading of readings) {
    for (const { event, rejected } of reading) {
      const fate = event === null ? `rejected ${rejected}` : fateOf(event, first, contradictions);
      lines.set(fate, (lines.get(fate) ?? 0) + 1);
      if (event !== null && fate === 'accepted') earn(earned, event);
    }
  }
  const books: Books = new Map();
  for (const [fate, count] of lines) books.set(`lines ${fate}`, String(count));
  books.set('conflicting contents', String(contradictions.size));
  for (const [unit, { impressions, clicks, grossNanos }] of earned) {
    books.set(`earnings ${unit}`, `${impressions} impressions, ${clicks} clicks, ${grossNanos}`);
  }
  addLedger(books, earned);
  return books;
}

function fateOf(event: SentEvent, first: Map<string, string>, contradictions: Set<string>): string {
  const identity = JSON.stringify([event.developerId, event.type, event.id]);
  const content = JSON.stringify(event);
  const known = first.get(identity);
  if (known === undefined) {
    first.set(identity, content);
    return 'accepted';
  }
  if (known === content) return 'duplicate';
  contradictions.add(`${identity} ${content}`);
  return 'conflict';
}

function earn(earned: Map<string, Earned>, event: SentEvent): void {
  const day = new Date(event.occurredAtMs + OFFSET_MS).toISOString().slice(0, 10);
  const key = [day, event.developerId, event.appId, event.adUnitId, event.currency].join(' ');
  const unit = earned.get(key) ?? { impressions: 0, clicks: 0, grossNanos: 0n };
  earned.set(key, unit);
  const micros = BigInt(event.priceMicros ?? cardMicros(event, day));
  if (event.type === 'click') {
    unit.clicks += 1;
    unit.grossNanos += micros * 1000n;
  } else {
    unit.impressions += 1;
    unit.grossNanos += micros;
  }
}

function cardMicros({ campaignId, type }: SentEvent, day: string): number {
  const card = CARDS[campaignId ?? '']?.cards.find(({ from, to }) => from <= day && (to === null || day <= to));
  if (card === undefined) throw new Error(`no card of ${campaignId} on ${day}`);
  return type === 'click' ? card.cpcMicros : card.cpmMicros;
}

function addLedger(books: Books, earned: ReadonlyMap<string, Earned>): void {
  const grosses = new Map<string, bigint>();
  for (const [unit, { grossNanos }] of earned) {
    const [day, developerId, appId, , currency] = unit.split(' ');
    const key = [day, developerId, appId, currency].join(' ');
    grosses.set(key, (grosses.get(key) ?? 0n) + grossNanos);
  }
  const balances = new Map<string, bigint>();
  const move = (key: string, nanos: bigint) => balances.set(key, (balances.get(key) ?? 0n) + nanos);
  for (const [appDay, gross] of grosses) {
    const [, developerId = '', appId = '', currency = ''] = appDay.split(' ');
    const developerNanos = shareOf(planFor({ developerId, appId, currency }), gross);
    const platformNanos = gross - developerNanos;
    put(books, `posted developer_share ${appDay}`, developerNanos);
    put(books, `posted platform_share ${appDay}`, platformNanos);
    move(`balance ${developerId} ad_revenue ${currency}`, -gross);
    move(`balance ${developerId} payable ${currency}`, developerNanos);
    move(`balance ${developerId} platform_share ${currency}`, platformNanos);
  }
  for (const [key, nanos] of balances) put(books, key, nanos);
}

/** What is nothing is not posted. */
function put(books: Books, key: string, nanos: bigint): void {
  if (nanos !== 0n) books.set(key, String(nanos));
}

function planFor({ developerId, appId, currency }: { developerId: string; appId: string; currency: string }) {
  const covers = ({ scope }: SharePlan) =>
    scope.app === appId ||
    scope.developer === developerId ||
    scope.category === categoryOf(appId) ||
    scope.default === true;
  const plan = PLANS.find(each => each.currency === currency && covers(each));
  if (plan === undefined) throw new Error(`no plan for ${appId} in ${currency}`);
  return plan;
}

/** The sum over the tiers, then rounded half-even to the nano. */
function shareOf({ mode, tiers }: SharePlan, gross: bigint): bigint {
  let exact = 0n;
  let below = 0n;
  for (const { upToMicros, sharePpm } of tiers) {
    const upTo = upToMicros === null ? gross : BigInt(upToMicros) * 1000n;
    const last = gross <= upTo;
    if (mode === 'whole' && last) exact = gross * BigInt(sharePpm);
    if (mode === 'marginal') exact += ((last ? gross : upTo) - below) * BigInt(sharePpm);
    if (last) break;
    below = upTo;
  }
  const floor = exact / PPM;
  const twice = 2n * (exact % PPM);
  return twice > PPM || (twice === PPM && floor % 2n === 1n) ? floor + 1n : floor;
}
