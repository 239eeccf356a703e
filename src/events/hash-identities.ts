import { hash } from 'node:crypto';
import { MAX_PRICE_DECIMALS, MICROS_PER_UNIT } from '../domain/price.ts';
import type { BatchColumns, TextColumn } from './batch-columns.ts';
import { viewOf } from './byte-dictionary.ts';
import { HEAD_BYTES, IDENTITY_TAIL_BYTES, type IdentityColumns, SEQ_AT, seqBytes, TAIL_BYTES } from './identity.ts';

/** More than the longest content: ids, a device, an address, and a user agent of 1,024 characters of up to 3 bytes. */
const TEXT_BYTES = 8192;
const EQUALS = 0x3d;
const POINT = 0x2e;
const ZERO = 0x30;
const TYPES = ['impression', 'click'] as const;
/** With the length told, no algorithm is looked up that might want it. */
const SHORTEST = { outputEncoding: 'latin1', outputLength: 32 } as const;

/**
 * The identities of rows: hashes over the very bytes of `identityText` and `contentText`, put together from columns, without a
 * text for each event. What stands together in both is joined once for each distinct value, separators and all.
 */
export function hashIdentities(columns: BatchColumns, rows: Int32Array, seq: number): IdentityColumns {
  const heads = new Float64Array(rows.length);
  const tails = Buffer.allocUnsafe(rows.length * TAIL_BYTES);
  const { apps, appOfAdUnit, developerOfApp, isClick, occurredAtMs, priceMicros } = columns;
  const itsSeq = seqBytes(seq);
  const owners = new JoinedTexts(columns.developers.flatMap(id => TYPES.map(type => `${id}\0${type}\0`)));
  const types = new JoinedTexts(TYPES.map(type => `\0${type}\0`));
  const places = new JoinedTexts(
    columns.adUnit.values.map((id, unit) => `\0${apps[appOfAdUnit[unit] as number]}\0${id}\0`),
  );
  const currencies = new JoinedTexts(columns.currency.values.map(value => `${value}\0`));
  const campaigns = new JoinedTexts(optional(columns.campaign.values));
  const userAgents = new JoinedTexts(optional(columns.userAgent.values));
  const [ids, impressions, devices, ips] = [columns.id, columns.impression, columns.device, columns.ip].map(
    column => new TextsOfRows(column),
  ) as [TextsOfRows, TextsOfRows, TextsOfRows, TextsOfRows];
  const [adUnit, currency, campaign, userAgent] = [
    columns.adUnit.places,
    columns.currency.places,
    columns.campaign.places,
    columns.userAgent.places,
  ];
  for (let place = 0; place < rows.length; place += 1) {
    const row = rows[place] as number;
    const type = isClick[row] as number;
    const unit = adUnit[row] as number;

    text.clear();
    text.joined(owners, (developerOfApp[appOfAdUnit[unit] as number] as number) * TYPES.length + type);
    text.text(ids, row);
    const identity = text.sha256();

    text.clear();
    text.text(ids, row);
    text.joined(types, type);
    text.number(occurredAtMs[row] as number);
    text.joined(places, unit);
    text.joined(currencies, currency[row] as number);
    text.optionalPrice(priceMicros[row] as number);
    text.separate();
    text.joined(campaigns, (campaign[row] as number) + 1);
    text.optionalText(impressions, row);
    text.separate();
    text.optionalText(devices, row);
    text.separate();
    text.joined(userAgents, (userAgent[row] as number) + 1);
    text.optionalText(ips, row);
    const content = text.sha256();

    let head = 0;
    for (let index = 0; index < HEAD_BYTES; index += 1) head = head * 256 + identity.charCodeAt(index);
    heads[place] = head;
    let at = place * TAIL_BYTES;
    const last = HEAD_BYTES + IDENTITY_TAIL_BYTES;
    for (let index = HEAD_BYTES; index < last; index += 1) tails[at++] = identity.charCodeAt(index);
    for (let index = 0; index < SEQ_AT - IDENTITY_TAIL_BYTES; index += 1) tails[at++] = content.charCodeAt(index);
    for (let index = 0; index < itsSeq.length; index += 1) tails[at++] = itsSeq[index] as number;
  }
  return { heads, tails };
}

/** Optional values as they stand in the text, each 1 behind its place; the first is that of an absent one. */
function optional(values: readonly string[]): string[] {
  return ['\0', ...values.map(value => `=${value}\0`)];
}

/** Texts one behind the other, each from its start to the next one's. */
class JoinedTexts {
  readonly view: DataView;
  readonly starts: Uint32Array;

  constructor(texts: readonly string[]) {
    const joined = texts.join('');
    const bytes = Buffer.from(joined);
    // As for nearly all, and to ask for the bytes of each text takes longer than to join them.
    const isAscii = bytes.length === joined.length;
    this.view = viewOf(bytes);
    this.starts = new Uint32Array(texts.length + 1);
    for (let index = 0; index < texts.length; index += 1) {
      const text = texts[index] as string;
      this.starts[index + 1] = (this.starts[index] as number) + (isAscii ? text.length : Buffer.byteLength(text));
    }
  }
}

class TextsOfRows {
  readonly view: DataView;
  readonly starts: Uint32Array;
  readonly lengths: Uint8Array;

  constructor({ bytes, starts, lengths }: TextColumn) {
    this.view = viewOf(bytes);
    this.starts = starts;
    this.lengths = lengths;
  }
}

/** A text of bytes in the making, used again and again. */
class HashedText {
  readonly #bytes = Buffer.allocUnsafeSlow(TEXT_BYTES);
  readonly #view = viewOf(this.#bytes);
  /** The first bytes by their number, for a view costs more than a short hash. */
  readonly #beginnings: (Buffer | undefined)[] = [];
  #length = 0;

  clear(): void {
    this.#length = 0;
  }

  separate(): void {
    this.#bytes[this.#length++] = 0;
  }

  joined({ view, starts }: JoinedTexts, place: number): void {
    this.#copy(view, starts[place] as number, starts[place + 1] as number);
  }

  text({ view, starts, lengths }: TextsOfRows, row: number): void {
    const start = starts[row] as number;
    this.#copy(view, start, start + (lengths[row] as number) - 1);
  }

  optionalText(texts: TextsOfRows, row: number): void {
    if (texts.lengths[row] === 0) return;
    this.#bytes[this.#length++] = EQUALS;
    this.text(texts, row);
  }

  /** Whole, from 0, below 10¹⁵. */
  number(value: number): void {
    const upper = Math.floor(value / 1_000_000);
    if (upper > 0) this.#digits(upper, 1);
    this.#digits(value - upper * 1_000_000, upper > 0 ? 6 : 1);
  }

  /** As `priceOfMicros` writes it; -1 for none. */
  optionalPrice(micros: number): void {
    if (micros < 0) return;
    const bytes = this.#bytes;
    bytes[this.#length++] = EQUALS;
    const whole = Math.floor(micros / MICROS_PER_UNIT);
    this.#digits(whole, 1);
    const rest = micros - whole * MICROS_PER_UNIT;
    if (rest === 0) return;
    bytes[this.#length++] = POINT;
    this.#digits(rest, MAX_PRICE_DECIMALS);
    while (bytes[this.#length - 1] === ZERO) this.#length -= 1;
  }

  /** 32 bytes as the characters of a Latin-1 text, the cheapest form to get them in. */
  sha256(): string {
    const length = this.#length;
    const beginning = this.#beginnings[length] ?? this.#bytes.subarray(0, length);
    this.#beginnings[length] = beginning;
    return hash('sha256', beginning, SHORTEST);
  }

  /** Four bytes at a time; the last four may overlap those before. */
  #copy(source: DataView, start: number, end: number): void {
    const view = this.#view;
    let from = start;
    let to = this.#length;
    this.#length = to + end - start;
    if (end - start < 4) {
      for (; from < end; from += 1, to += 1) view.setUint8(to, source.getUint8(from));
      return;
    }
    for (; from + 4 < end; from += 4, to += 4) view.setInt32(to, source.getInt32(from, true), true);
    view.setInt32(this.#length - 4, source.getInt32(end - 4, true), true);
  }

  /** Of a whole number below 2³¹; with zeros before it if it has fewer than `least`. */
  #digits(value: number, least: number): void {
    let count = 1;
    for (let rest = value; rest >= 10; rest = (rest / 10) | 0) count += 1;
    const start = this.#length;
    const end = start + Math.max(count, least);
    let rest = value;
    for (let at = end - 1; at >= start; at -= 1) {
      const upper = (rest / 10) | 0;
      this.#bytes[at] = ZERO + rest - upper * 10;
      rest = upper;
    }
    this.#length = end;
  }
}

/** One for all batches, for its room and its views cost more than many hashes. */
const text = new HashedText();
