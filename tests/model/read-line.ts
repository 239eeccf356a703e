/** What the design's table of fields and rule 2 say of one line; nothing here comes from the program. */

export interface ModelEvent {
  readonly id: string;
  readonly type: 'impression' | 'click';
  readonly atMs: number;
  readonly appId: string;
  readonly adUnitId: string;
  readonly currency: string;
  /** Null: the campaign's rate card has to price it. */
  readonly priceMicros: bigint | null;
  readonly campaignId: string | null;
  readonly impressionId: string | null;
  readonly deviceId: string | null;
  readonly userAgent: string | null;
  readonly ip: string | null;
  /** All fields by value: equal for the same content, and only then. */
  readonly content: string;
}

export type LineReading = { readonly event: ModelEvent } | { readonly reason: string };

const MAX_LINE_BYTES = 65_536;
const MICROS = 1_000_000n;
const CURRENCIES = new Set(['CNY', 'USD', 'JPY', 'EUR', 'KWD']);
const INSTANT = /^(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d:[0-5]\d)(?:\.(\d+))?([Zz]|[+-]\d\d:\d\d)$/;

export function readLine(line: string): LineReading {
  if (Buffer.byteLength(line) > MAX_LINE_BYTES) return { reason: 'too_long' };
  let fields: Record<string, unknown>;
  try {
    fields = JSON.parse(line);
  } catch {
    return { reason: 'bad_json' };
  }
  if (typeof fields !== 'object' || fields === null || Array.isArray(fields)) return { reason: 'bad_json' };
  return readFields(fields);
}

/** The fields of a line, as the design's table has them. */
export function readFields(fields: Record<string, unknown>): LineReading {
  const { id, type, app_id: appId, ad_unit_id: adUnitId, currency } = fields;
  if (!isId(id)) return { reason: 'bad_id' };
  if (type !== 'impression' && type !== 'click') return { reason: 'bad_type' };
  const atMs = instantMs(fields.occurred_at);
  if (atMs === null) return { reason: 'bad_time' };
  if (!isId(appId)) return { reason: 'bad_app_id' };
  if (!isId(adUnitId)) return { reason: 'bad_ad_unit_id' };
  if (typeof currency !== 'string' || !CURRENCIES.has(currency)) return { reason: 'bad_currency' };
  const price = fields.price ?? null;
  const priceMicros = price === null ? null : microsOf(price);
  if (price !== null && priceMicros === null) return { reason: 'bad_price' };
  const campaignId = fields.campaign_id ?? null;
  if (campaignId !== null && !isId(campaignId)) return { reason: 'bad_campaign_id' };
  const impressionId = fields.impression_id ?? null;
  if (impressionId !== null && !isId(impressionId)) return { reason: 'bad_impression_id' };
  const [deviceId, userAgent, ip] = [fields.device_id ?? null, fields.user_agent ?? null, fields.ip ?? null];
  if (deviceId !== null && !isText(deviceId, /^[\x20-\x7e]{1,128}$/)) return { reason: 'bad_device_id' };
  if (userAgent !== null && !isUserAgent(userAgent)) return { reason: 'bad_user_agent' };
  if (ip !== null && !isText(ip, /^[\x20-\x7e]{0,64}$/)) return { reason: 'bad_ip' };
  const content = JSON.stringify([
    ...[id, type, atMs, appId, adUnitId, currency, priceMicros === null ? null : String(priceMicros)],
    ...[campaignId, impressionId, deviceId, userAgent, ip],
  ]);
  const names = { campaignId, impressionId, deviceId, userAgent, ip };
  return { event: { id, type, atMs, appId, adUnitId, currency, priceMicros, ...names, content } };
}

/** A price of at most 1,000,000 with at most 6 decimals, in millionths; null for anything else. */
export function microsOf(price: unknown): bigint | null {
  if (typeof price !== 'string') return null;
  const [, whole, fraction = ''] = /^(\d+)(?:\.(\d{1,6}))?$/.exec(price) ?? [];
  if (whole === undefined) return null;
  const micros = BigInt(whole) * MICROS + BigInt(fraction.padEnd(6, '0'));
  return micros <= 1_000_000n * MICROS ? micros : null;
}

/** What one event at this price earns: a CPM is for a thousand impressions, a CPC for one click. */
export function grossNanos(type: ModelEvent['type'], priceMicros: bigint): bigint {
  return type === 'click' ? priceMicros * 1000n : priceMicros;
}

function isId(value: unknown): value is string {
  return isText(value, /^[\x20-\x7e]{1,64}$/);
}

function isText(value: unknown, form: RegExp): value is string {
  return typeof value === 'string' && form.test(value);
}

function isUserAgent(value: unknown): value is string {
  return typeof value === 'string' && value.length <= 1024 && value.isWellFormed() && !value.includes('\0');
}

function instantMs(value: unknown): number | null {
  const [, day, time, fraction = '', offset] = typeof value === 'string' ? (INSTANT.exec(value) ?? []) : [];
  if (day === undefined) return null;
  try {
    return Temporal.Instant.from(`${day}T${time}.${fraction.slice(0, 3).padEnd(3, '0')}${offset}`).epochMilliseconds;
  } catch {
    return null;
  }
}
