import { hash } from 'node:crypto';
import { type AdEvent, type BadForm, checkAdEvent, isBadForm } from '../domain/ad-event.ts';
import { isId, MAX_ID_LENGTH } from '../domain/ids.ts';
import { shown } from '../domain/shown.ts';

const COLUMN_COUNT = 24;

/** Places of the columns that an event is made of, from 0. */
const BID_ID = 0;
const TIME = 1;
const TYPE = 2;
const USER = 3;
const USER_AGENT = 4;
const IP = 5;
const DOMAIN = 9;
const SLOT = 12;
const WIDTH = 13;
const HEIGHT = 14;
const PAYING_PRICE = 20;

const ID_REMEDY = `send 1 to ${MAX_ID_LENGTH} printable ASCII characters, not "null"`;

/** Where each field comes from, and what would be right there. */
const SOURCES: Record<string, { readonly column: number; readonly remedy: string }> = {
  id: { column: BID_ID, remedy: ID_REMEDY },
  type: { column: TYPE, remedy: 'send 1 for an impression or 2 for a click' },
  occurred_at: { column: TIME, remedy: 'send China Standard Time as yyyyMMddHHmmssSSS, such as 20131021192300738' },
  app_id: { column: DOMAIN, remedy: ID_REMEDY },
  ad_unit_id: { column: SLOT, remedy: ID_REMEDY },
  price: { column: PAYING_PRICE, remedy: 'send fen per thousand impressions as a whole number from 0 to 100000000' },
  device_id: { column: USER, remedy: 'send at most 128 printable ASCII characters' },
  user_agent: { column: USER_AGENT, remedy: 'send at most 1024 characters of well-formed Unicode without U+0000' },
  ip: { column: IP, remedy: 'send at most 64 printable ASCII characters' },
};

// Passes no check of a field, where `null` would pass as "left out".
const UNUSABLE = '';

/**
 * An event from a line of an iPinYou impression or click log, its 24 columns separated by tabs. Such a log writes "null" for
 * what it does not know. An impression's price is what was paid, in yuan; a click carries no price of its own and is worth 0.
 */
export function parseIpinyouLine(line: string): AdEvent | BadForm {
  const columns = line.split('\t');
  if (columns.length !== COLUMN_COUNT) return wrongColumnCount(line, columns.length);
  const at = (column: number) => columns[column] as string;
  const type = at(TYPE) === '1' ? 'impression' : at(TYPE) === '2' ? 'click' : UNUSABLE;
  const event = checkAdEvent({
    id: known(at(BID_ID)),
    type,
    occurred_at: instantOf(at(TIME)),
    app_id: known(at(DOMAIN)),
    ad_unit_id: adUnitIdOf({ domain: at(DOMAIN), slot: at(SLOT) }),
    currency: 'CNY',
    price: type === 'click' ? '0' : yuanOf(at(PAYING_PRICE)),
    impression_id: type === 'click' ? at(BID_ID) : null,
    device_id: known(at(USER)),
    user_agent: known(at(USER_AGENT)),
    ip: known(at(IP)),
  });
  return isBadForm(event) ? withColumn(event, columns) : event;
}

/** Width and height of the line's slot, such as "300x250": its ad unit's format. Null when the line does not tell them. */
export function ipinyouSlotSize(line: string): string | null {
  const columns = line.split('\t');
  const size = `${columns[WIDTH]}x${columns[HEIGHT]}`;
  return /^[1-9]\d{0,4}x[1-9]\d{0,4}$/.test(size) ? size : null;
}

/**
 * A slot id is not unique: one may stand under a dozen domains, while an ad unit belongs to one app. So an ad unit is
 * `domain/slot`; where that is longer than an id may be, or the domain holds a slash itself, it is the SHA-256 of domain, tab and
 * slot in hexadecimal, which holds no slash and so never meets the other form.
 */
function adUnitIdOf({ domain, slot }: { readonly domain: string; readonly slot: string }): string | null {
  if (known(slot) === null || !isId(slot)) return UNUSABLE;
  const joined = `${domain}/${slot}`;
  return joined.length <= MAX_ID_LENGTH && !domain.includes('/') ? joined : hash('sha256', `${domain}\t${slot}`, 'hex');
}

function known(text: string): string | null {
  return text === 'null' || text === '' ? null : text;
}

function instantOf(text: string): string {
  const [, year, month, day, hour, minute, second, millis] =
    /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d{3})$/.exec(text) ?? [];
  return year === undefined ? UNUSABLE : `${year}-${month}-${day}T${hour}:${minute}:${second}.${millis}+08:00`;
}

/** A hundredth, by moving the point. */
function yuanOf(fen: string): string {
  if (!/^\d{1,16}$/.test(fen)) return UNUSABLE;
  const digits = fen.padStart(3, '0');
  return `${digits.slice(0, -2)}.${digits.slice(-2)}`;
}

function withColumn(form: BadForm, columns: readonly string[]): BadForm {
  const source = SOURCES[form.field ?? ''];
  if (source === undefined) return form;
  const { column, remedy } = source;
  return { ...form, detail: `column ${column + 1} (${form.field}) is ${shown(columns[column])}; ${remedy}` };
}

function wrongColumnCount(line: string, count: number): BadForm {
  const columns = count === 1 ? '1 column' : `${count} columns`;
  const detail = `${shown(line)} has ${columns}; send ${COLUMN_COUNT} columns separated by tabs`;
  return { reason: 'bad_columns', field: null, detail };
}
