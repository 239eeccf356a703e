import { MAX_LINE_BYTES } from '../domain/ad-event.ts';
import { isCurrency } from '../domain/currency.ts';
import { parseInstant } from '../domain/instant.ts';
import { MAX_PRICE_DECIMALS, MAX_PRICE_MICROS } from '../domain/price.ts';
import { type ByteDictionary, viewOf } from './byte-dictionary.ts';
import type { EventColumns } from './event-columns.ts';

const FIELDS = [
  'id',
  'type',
  'occurred_at',
  'app_id',
  'ad_unit_id',
  'currency',
  'price',
  'campaign_id',
  'impression_id',
  'device_id',
  'user_agent',
  'ip',
] as const;
const [ID, TYPE, TIME, APP, AD_UNIT, CURRENCY, PRICE, CAMPAIGN, IMPRESSION, DEVICE, USER_AGENT, IP] = [
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11,
];
const DEMANDED = (1 << ID) | (1 << TYPE) | (1 << TIME) | (1 << APP) | (1 << AD_UNIT) | (1 << CURRENCY);
/** With the quotation mark that ends them, so that none is the beginning of another. */
const KEYS = FIELDS.map(field => Buffer.from(`${field}"`));
/** Longest texts by field, in characters; 0 for what is checked in another way. */
const MAX_LENGTHS = [64, 0, 0, 64, 64, 0, 0, 64, 64, 128, 1024, 64];
const MIN_LENGTHS = [1, 0, 0, 1, 1, 0, 0, 1, 1, 1, 0, 0];

const NEWLINE = 0x0a;
const RETURN = 0x0d;
const SPACE = 0x20;
const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const POINT = 0x2e;
const OPENED = 0x7b;
const CLOSED = 0x7d;
const NULL = Buffer.from('null');
const IMPRESSION_TYPE = Buffer.from('impression');
const CLICK_TYPE = Buffer.from('click');

/** Printable ASCII that stands for itself between quotation marks. */
const PLAIN = new Uint8Array(256);
for (let byte = 0x20; byte <= 0x7e; byte += 1) PLAIN[byte] = byte === QUOTE || byte === 0x5c ? 0 : 1;

const TEN_TO = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000];
const DAY_MS = 86_400_000;
/** Days on which every offset from UTC leaves an instant within the range. */
const FIRST_PLAIN_DAY_MS = 2 * DAY_MS;
const LAST_PLAIN_DAY_MS = Date.UTC(9999, 11, 28);

/**
 * Reads the usual line of NDJSON straight from its bytes into columns: one flat object of known fields, each once, with texts of
 * plain ASCII. It takes a line only if `parseAdEvent` makes the very same event of it, and gives its opinion on no other.
 */
export class LineScanner {
  readonly #columns: EventColumns;
  readonly #starts = new Int32Array(FIELDS.length);
  readonly #ends = new Int32Array(FIELDS.length);
  /** Of the bytes that are being read. */
  #view: DataView = new DataView(new ArrayBuffer(0));
  #bytes: Uint8Array | null = null;
  /** Which field came behind which one in the line before; the last place is the beginning. */
  readonly #nextField = new Uint8Array(FIELDS.length + 1);
  #dayText = new Uint8Array(11);
  #dayMs = 0;

  constructor(columns: EventColumns) {
    this.#columns = columns;
  }

  /**
   * Adds the line that begins at `start` as a row and returns where it ends, at its `\n`; -1, with nothing added, if it is not of the
   * usual form. A `\n` stands behind the last line of `bytes`.
   */
  scan(bytes: Uint8Array, start: number, lineNo: number): number {
    if (bytes !== this.#bytes) {
      this.#bytes = bytes;
      this.#view = viewOf(bytes);
    }
    const fields = this.#scanFields(bytes, start);
    if (fields < 0) return -1;
    const end = this.#lineEnd;
    if (end - start > MAX_LINE_BYTES || (fields & DEMANDED) !== DEMANDED) return -1;
    return this.#addRow(bytes, lineNo, fields) ? end : -1;
  }

  #lineEnd = 0;

  /** Finds the values; returns the set of fields that have one, and -1 where the line is not of the usual form. */
  #scanFields(bytes: Uint8Array, start: number): number {
    const starts = this.#starts;
    const ends = this.#ends;
    let at = start;
    if (bytes[at] !== OPENED) return -1;
    at += 1;
    let seen = 0;
    let present = 0;
    let before: number = FIELDS.length;
    for (;;) {
      while (bytes[at] === SPACE) at += 1;
      if (bytes[at] !== QUOTE) return -1;
      const field = this.#fieldAt(bytes, at + 1, before);
      if (field < 0 || (seen & (1 << field)) !== 0) return -1;
      before = field;
      seen |= 1 << field;
      at += 1 + (KEYS[field] as Buffer).length;
      while (bytes[at] === SPACE) at += 1;
      if (bytes[at] !== COLON) return -1;
      at += 1;
      while (bytes[at] === SPACE) at += 1;
      if (bytes[at] === QUOTE) {
        at += 1;
        starts[field] = at;
        while (PLAIN[bytes[at] as number] === 1) at += 1;
        if (bytes[at] !== QUOTE) return -1;
        ends[field] = at;
        present |= 1 << field;
        at += 1;
      } else if (field >= PRICE && holds(bytes, at, NULL)) {
        at += NULL.length;
      } else {
        return -1;
      }
      while (bytes[at] === SPACE) at += 1;
      const byte = bytes[at];
      at += 1;
      if (byte === COMMA) continue;
      if (byte !== CLOSED) return -1;
      if (bytes[at] === RETURN) at += 1;
      if (bytes[at] !== NEWLINE) return -1;
      this.#lineEnd = at;
      return present;
    }
  }

  #fieldAt(bytes: Uint8Array, at: number, before: number): number {
    const usual = this.#nextField[before] as number;
    if (holds(bytes, at, KEYS[usual] as Buffer)) return usual;
    for (let field = 0; field < FIELDS.length; field += 1) {
      if (!holds(bytes, at, KEYS[field] as Buffer)) continue;
      this.#nextField[before] = field;
      return field;
    }
    return -1;
  }

  #addRow(bytes: Uint8Array, lineNo: number, fields: number): boolean {
    const columns = this.#columns;
    const { apps, adUnits, campaigns, userAgents } = columns.dictionaries;
    for (let field = 0; field < FIELDS.length; field += 1) {
      if ((fields & (1 << field)) === 0 || MAX_LENGTHS[field] === 0) continue;
      const length = (this.#ends[field] as number) - (this.#starts[field] as number);
      if (length < (MIN_LENGTHS[field] as number) || length > (MAX_LENGTHS[field] as number)) return false;
    }
    const typeAt = this.#starts[TYPE] as number;
    const typeLength = (this.#ends[TYPE] as number) - typeAt;
    const isClick = typeLength === CLICK_TYPE.length && holds(bytes, typeAt, CLICK_TYPE);
    if (!(isClick || (typeLength === IMPRESSION_TYPE.length && holds(bytes, typeAt, IMPRESSION_TYPE)))) return false;
    const occurredAtMs = this.#instantOf(bytes);
    if (!(occurredAtMs >= 0)) return false;
    const currency = this.#currencyOf(bytes);
    if (currency < 0) return false;
    let priceMicros = -1;
    if ((fields & (1 << PRICE)) !== 0) {
      priceMicros = this.#priceMicrosOf(bytes);
      if (priceMicros < 0) return false;
    }
    const row = columns.addRow();
    columns.lineNo[row] = lineNo;
    columns.occurredAtMs[row] = occurredAtMs;
    columns.isClick[row] = isClick ? 1 : 0;
    columns.priceMicros[row] = priceMicros;
    columns.app[row] = this.#codeOf(apps, APP);
    columns.adUnit[row] = this.#codeOf(adUnits, AD_UNIT);
    columns.currency[row] = currency;
    columns.campaign[row] = (fields & (1 << CAMPAIGN)) === 0 ? -1 : this.#codeOf(campaigns, CAMPAIGN);
    columns.userAgent[row] = (fields & (1 << USER_AGENT)) === 0 ? -1 : this.#codeOf(userAgents, USER_AGENT);
    columns.id.add(row, this.#view, this.#starts[ID] as number, this.#ends[ID] as number);
    this.#addText(columns.impression, row, fields, IMPRESSION);
    this.#addText(columns.device, row, fields, DEVICE);
    this.#addText(columns.ip, row, fields, IP);
    return true;
  }

  #addText(column: EventColumns['id'], row: number, fields: number, field: number): void {
    if ((fields & (1 << field)) === 0) column.addNone(row);
    else column.add(row, this.#view, this.#starts[field] as number, this.#ends[field] as number);
  }

  #codeOf(dictionary: ByteDictionary, field: number): number {
    return dictionary.codeOf(this.#view, this.#starts[field] as number, this.#ends[field] as number);
  }

  /** -1 for what is none. */
  #currencyOf(bytes: Uint8Array): number {
    const { currencies } = this.#columns.dictionaries;
    const start = this.#starts[CURRENCY] as number;
    const end = this.#ends[CURRENCY] as number;
    const known = currencies.find(this.#view, start, end);
    if (known >= 0 || !isCurrency(textOf(bytes, start, end))) return known;
    return currencies.codeOf(this.#view, start, end);
  }

  /** What `priceMicros` makes of it; -1 where `canonicalPrice` gives null. */
  #priceMicrosOf(bytes: Uint8Array): number {
    const end = this.#ends[PRICE] as number;
    let at = this.#starts[PRICE] as number;
    let digits = 0;
    let decimals = -1;
    for (; at < end; at += 1) {
      const byte = bytes[at] as number;
      if (byte === POINT && decimals < 0 && at > (this.#starts[PRICE] as number)) {
        decimals = 0;
        continue;
      }
      if (byte < 0x30 || byte > 0x39 || digits > MAX_PRICE_MICROS) return -1;
      digits = digits * 10 + byte - 0x30;
      if (decimals >= 0) decimals += 1;
    }
    if (at === (this.#starts[PRICE] as number) || decimals === 0 || decimals > MAX_PRICE_DECIMALS) return -1;
    const micros = digits * (TEN_TO[MAX_PRICE_DECIMALS - Math.max(decimals, 0)] as number);
    return micros > MAX_PRICE_MICROS ? -1 : micros;
  }

  /** Epoch milliseconds of `YYYY-MM-DDTHH:MM:SS[.m…](Z|±HH:MM)`; NaN also for some rare spellings that `parseInstant` takes. */
  #instantOf(bytes: Uint8Array): number {
    const start = this.#starts[TIME] as number;
    const end = this.#ends[TIME] as number;
    if (end - start < 20 || bytes[start + 13] !== COLON || bytes[start + 16] !== COLON) return Number.NaN;
    if (!holds(bytes, start, this.#dayText) && !this.#takeDay(bytes, start)) return Number.NaN;
    const hour = twoDigits(bytes, start + 11);
    const minute = twoDigits(bytes, start + 14);
    const second = twoDigits(bytes, start + 17);
    if (hour < 0 || minute < 0 || second < 0 || hour > 23 || minute > 59 || second > 59) return Number.NaN;
    let at = start + 19;
    let millis = 0;
    if (bytes[at] === POINT) {
      at += 1;
      let scale = 100;
      const digitsAt = at;
      for (; at < end; at += 1) {
        const digit = (bytes[at] as number) - 0x30;
        if (digit < 0 || digit > 9) break;
        millis += digit * scale;
        scale = scale === 100 ? 10 : scale === 10 ? 1 : 0;
      }
      if (at === digitsAt) return Number.NaN;
    }
    const localMs = this.#dayMs + ((hour * 60 + minute) * 60 + second) * 1000 + millis;
    const sign = bytes[at];
    if (sign === 0x5a) return at + 1 === end ? localMs : Number.NaN;
    if ((sign !== 0x2b && sign !== 0x2d) || at + 6 !== end || bytes[at + 3] !== COLON) return Number.NaN;
    const hours = twoDigits(bytes, at + 1);
    const minutes = twoDigits(bytes, at + 4);
    if (hours < 0 || minutes < 0 || hours > 23 || minutes > 59) return Number.NaN;
    const offsetMs = (hours * 60 + minutes) * 60_000;
    return sign === 0x2d ? localMs + offsetMs : localMs - offsetMs;
  }

  /** Most lines are of the day of the line before. */
  #takeDay(bytes: Uint8Array, start: number): boolean {
    if (bytes[start + 10] !== 0x54) return false;
    const dayMs = parseInstant(`${textOf(bytes, start, start + 11)}00:00:00Z`);
    if (!(dayMs >= FIRST_PLAIN_DAY_MS && dayMs <= LAST_PLAIN_DAY_MS)) return false;
    this.#dayText = bytes.slice(start, start + 11);
    this.#dayMs = dayMs;
    return true;
  }
}

function textOf(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1');
}

function holds(bytes: Uint8Array, at: number, expected: Uint8Array): boolean {
  for (let index = 0; index < expected.length; index += 1) if (bytes[at + index] !== expected[index]) return false;
  return true;
}

/** -1 if they are no digits. */
function twoDigits(bytes: Uint8Array, at: number): number {
  const tens = (bytes[at] as number) - 0x30;
  const ones = (bytes[at + 1] as number) - 0x30;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : -1;
}
