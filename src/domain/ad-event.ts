import { isCurrency } from './currency.ts';
import { isId, isPrintableAscii, MAX_ID_LENGTH } from './ids.ts';
import { formatInstant, instantFault, parseInstant } from './instant.ts';
import { type Nanos, nanos } from './nanos.ts';
import { canonicalPrice, priceMicros } from './price.ts';
import { shown } from './shown.ts';

/** One impression or click, its form checked; what the catalog says about its ids is asked elsewhere. */
export interface AdEvent {
  readonly id: string;
  readonly type: 'impression' | 'click';
  readonly occurredAtMs: number;
  readonly appId: string;
  readonly adUnitId: string;
  readonly currency: string;
  /** Canonical decimal string: CPM of an impression, CPC of a click; null leaves the price to the campaign's rate card. */
  readonly price: string | null;
  readonly campaignId: string | null;
  readonly impressionId: string | null;
  readonly deviceId: string | null;
  readonly userAgent: string | null;
  readonly ip: string | null;
}

/** What can be wrong with the form of a line, in the order in which it is looked for. */
export const FORM_REASONS = [
  'too_long',
  'bad_json',
  'bad_columns',
  'bad_id',
  'bad_type',
  'bad_time',
  'bad_app_id',
  'bad_ad_unit_id',
  'bad_currency',
  'bad_price',
  'bad_campaign_id',
  'bad_impression_id',
  'bad_device_id',
  'bad_user_agent',
  'bad_ip',
] as const;

export type FormReason = (typeof FORM_REASONS)[number];

/** Why a line is no event: the first fault in the order of the event's fields; `detail` names the value and the remedy. */
export interface BadForm {
  readonly reason: FormReason;
  readonly field: string | null;
  readonly detail: string;
}

/** Counted in bytes of UTF-8, without the line's end. */
export const MAX_LINE_BYTES = 65_536;

const MAX_DEVICE_ID_LENGTH = 128;
const MAX_USER_AGENT_LENGTH = 1024;
const MAX_IP_LENGTH = 64;

const ID_REMEDY = `send a string of 1 to ${MAX_ID_LENGTH} printable ASCII characters`;
const OPTIONAL_ID_REMEDY = `${ID_REMEDY}, or leave the field out`;

/** An event from a line of NDJSON. Unknown fields are ignored; of a field that is written twice the last one counts. */
export function parseAdEvent(line: string): AdEvent | BadForm {
  if (line.length > MAX_LINE_BYTES) return tooLong();
  let parsed: unknown;
  try {
    parsed = JSON.parse(line);
  } catch {
    return notAnObject(line);
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) return notAnObject(line);
  return checkAdEvent(parsed as Record<string, unknown>);
}

/** The same checks for events of other formats, field names as in NDJSON; null and undefined both mean absent. */
export function checkAdEvent(fields: Record<string, unknown>): AdEvent | BadForm {
  const id = fields.id;
  if (typeof id !== 'string' || !isId(id)) return bad('bad_id', 'id', id, ID_REMEDY);
  const type = fields.type;
  if (type !== 'impression' && type !== 'click') {
    return bad('bad_type', 'type', type, 'send "impression" or "click"');
  }
  const occurredAt = fields.occurred_at;
  const occurredAtMs = typeof occurredAt === 'string' ? parseInstant(occurredAt) : Number.NaN;
  if (Number.isNaN(occurredAtMs)) {
    return bad('bad_time', 'occurred_at', occurredAt, instantFault(typeof occurredAt === 'string' ? occurredAt : ''));
  }
  const appId = fields.app_id;
  if (typeof appId !== 'string' || !isId(appId)) return bad('bad_app_id', 'app_id', appId, ID_REMEDY);
  const adUnitId = fields.ad_unit_id;
  if (typeof adUnitId !== 'string' || !isId(adUnitId)) return bad('bad_ad_unit_id', 'ad_unit_id', adUnitId, ID_REMEDY);
  const currency = fields.currency;
  if (typeof currency !== 'string' || !isCurrency(currency)) {
    return bad(
      'bad_currency',
      'currency',
      currency,
      'send an upper-case ISO 4217 code with a minor unit, such as "CNY"',
    );
  }
  const rawPrice = fields.price ?? null;
  const price = typeof rawPrice === 'string' ? canonicalPrice(rawPrice) : null;
  if (price === null && rawPrice !== null) return bad('bad_price', 'price', rawPrice, priceRemedy(rawPrice));
  const campaignId = fields.campaign_id ?? null;
  if (campaignId !== null && (typeof campaignId !== 'string' || !isId(campaignId))) {
    return bad('bad_campaign_id', 'campaign_id', campaignId, OPTIONAL_ID_REMEDY);
  }
  const impressionId = fields.impression_id ?? null;
  if (impressionId !== null && (typeof impressionId !== 'string' || !isId(impressionId))) {
    return bad('bad_impression_id', 'impression_id', impressionId, OPTIONAL_ID_REMEDY);
  }
  const deviceId = fields.device_id ?? null;
  if (
    deviceId !== null &&
    (typeof deviceId !== 'string' || deviceId === '' || !isPrintableAscii(deviceId, MAX_DEVICE_ID_LENGTH))
  ) {
    const remedy = `send a string of 1 to ${MAX_DEVICE_ID_LENGTH} printable ASCII characters, or leave the field out`;
    return bad('bad_device_id', 'device_id', deviceId, remedy);
  }
  const userAgent = fields.user_agent ?? null;
  if (userAgent !== null && (typeof userAgent !== 'string' || !isStorableText(userAgent, MAX_USER_AGENT_LENGTH))) {
    const remedy = `send at most ${MAX_USER_AGENT_LENGTH} characters of well-formed Unicode without U+0000, or leave the field out`;
    return bad('bad_user_agent', 'user_agent', userAgent, remedy);
  }
  const ip = fields.ip ?? null;
  if (ip !== null && (typeof ip !== 'string' || !isPrintableAscii(ip, MAX_IP_LENGTH))) {
    const remedy = `send at most ${MAX_IP_LENGTH} printable ASCII characters, or leave the field out`;
    return bad('bad_ip', 'ip', ip, remedy);
  }
  return {
    id,
    type,
    occurredAtMs,
    appId,
    adUnitId,
    currency,
    price,
    campaignId,
    impressionId,
    deviceId,
    userAgent,
    ip,
  };
}

export function isBadForm(result: AdEvent | BadForm): result is BadForm {
  return 'reason' in result;
}

/** What the reader of a file records for a line that it gave up after `MAX_LINE_BYTES`. */
export function tooLong(): BadForm {
  return {
    reason: 'too_long',
    field: null,
    detail: `the line is longer than ${MAX_LINE_BYTES} bytes; send one event a line, each within that limit`,
  };
}

/** The canonical NDJSON line, without its end: fields in fixed order, absent ones left out, the instant in UTC. */
export function formatAdEvent(event: AdEvent): string {
  return JSON.stringify({
    id: event.id,
    type: event.type,
    occurred_at: formatInstant(event.occurredAtMs),
    app_id: event.appId,
    ad_unit_id: event.adUnitId,
    currency: event.currency,
    price: event.price ?? undefined,
    campaign_id: event.campaignId ?? undefined,
    impression_id: event.impressionId ?? undefined,
    device_id: event.deviceId ?? undefined,
    user_agent: event.userAgent ?? undefined,
    ip: event.ip ?? undefined,
  });
}

/**
 * What one valid event at this price (decimal string, at most 6 decimals) earns: a CPM is per thousand impressions, a
 * CPC per click. Exact; throws where a finer price would need rounding.
 */
export function grossNanosOf(type: AdEvent['type'], price: string): Nanos {
  return nanos(BigInt(grossOfMicros(type, priceMicros(price))));
}

/** The same in plain numbers, from millionths of a currency unit (at most 10¹²) to nanos, whole and at most 10¹⁵. */
export function grossOfMicros(type: AdEvent['type'], micros: number): number {
  return type === 'impression' ? micros : micros * 1000;
}

/**
 * The content of an event as one text, of which the hash is kept: two events have the same text exactly if every field has the same
 * value. No field can hold U+0000, which separates them; `=` marks a present optional field, so "" differs from absent.
 */
export function contentText(event: AdEvent): string {
  return `${event.id}\0${event.type}\0${event.occurredAtMs}\0${event.appId}\0${event.adUnitId}\0${event.currency}\0${optional(
    event.price,
  )}\0${optional(event.campaignId)}\0${optional(event.impressionId)}\0${optional(event.deviceId)}\0${optional(
    event.userAgent,
  )}\0${optional(event.ip)}`;
}

/** The identity of an event as one text: its parts are ids, which cannot hold the separator U+0000. */
export function identityText(developerId: string, type: AdEvent['type'], id: string): string {
  return `${developerId}\0${type}\0${id}`;
}

function optional(value: string | null): string {
  return value === null ? '' : `=${value}`;
}

/** Postgres text holds neither U+0000 nor lone surrogates. Length in UTF-16 units. */
function isStorableText(text: string, maxLength: number): boolean {
  return text.length <= maxLength && text.isWellFormed() && !text.includes('\0');
}

function bad(reason: FormReason, field: string, value: unknown, remedy: string): BadForm {
  const missing = value === undefined || value === null;
  return { reason, field, detail: `${field} ${missing ? 'is missing' : shown(value)}; ${remedy}` };
}

function notAnObject(line: string): BadForm {
  return {
    reason: 'bad_json',
    field: null,
    detail: `${shown(line)} is not a JSON object; send one JSON object a line`,
  };
}

function priceRemedy(value: unknown): string {
  if (typeof value === 'number') return 'quote it: a price is a decimal string, such as "2.50"';
  return 'send a decimal string from "0" to "1000000" with at most 6 decimals, without sign or exponent';
}
