import { hash } from 'node:crypto';
import type { BatchColumns, TextColumn } from './batch-columns.ts';
import { HEAD_BYTES, IDENTITY_TAIL_BYTES, type IdentityColumns, SEQ_AT, TAIL_BYTES, writeSeq } from './identity.ts';

/** More than the longest content: ids, a device, an address, and a user agent of 1,024 characters of up to 3 bytes. */
const TEXT_BYTES = 8192;
const EQUALS = 0x3d;
const TYPES = [Buffer.from('impression'), Buffer.from('click')] as const;

/**
 * The identities of rows: hashes over the very bytes of `identityText` and `contentText`, put together from columns, without a
 * text for each event.
 */
export function hashIdentities(columns: BatchColumns, rows: Int32Array, seq: number): IdentityColumns {
  const heads = new Float64Array(rows.length);
  const tails = Buffer.allocUnsafe(rows.length * TAIL_BYTES);
  const text = new HashedText();
  const developers = new AsciiTexts(columns.developers);
  const apps = new AsciiTexts(columns.apps);
  const adUnits = new AsciiTexts(columns.adUnit.values);
  const currencies = new AsciiTexts(columns.currency.values);
  const prices = new AsciiTexts(columns.price.values);
  const campaigns = new AsciiTexts(columns.campaign.values);
  const userAgents = columns.userAgent.values.map(value => Buffer.from(value));
  for (let place = 0; place < rows.length; place += 1) {
    const row = rows[place] as number;
    const type = TYPES[columns.isClick[row] as 0 | 1];
    const app = columns.appOfAdUnit[columns.adUnit.places[row] as number] as number;

    text.clear();
    text.value(developers, columns.developerOfApp[app] as number);
    text.separate();
    text.bytes(type, 0, type.length);
    text.separate();
    text.text(columns.id, row);
    const identity = text.sha256();

    text.clear();
    text.text(columns.id, row);
    text.separate();
    text.bytes(type, 0, type.length);
    text.separate();
    text.number(columns.occurredAtMs[row] as number);
    text.separate();
    text.value(apps, app);
    text.separate();
    text.value(adUnits, columns.adUnit.places[row] as number);
    text.separate();
    text.value(currencies, columns.currency.places[row] as number);
    text.separate();
    text.optionalValue(prices, columns.price.places[row] as number);
    text.separate();
    text.optionalValue(campaigns, columns.campaign.places[row] as number);
    text.separate();
    text.optionalText(columns.impression, row);
    text.separate();
    text.optionalText(columns.device, row);
    text.separate();
    const userAgent = columns.userAgent.places[row] as number;
    if (userAgent >= 0) text.marked(userAgents[userAgent] as Buffer);
    text.separate();
    text.optionalText(columns.ip, row);
    const content = text.sha256();

    let head = 0;
    for (let index = 0; index < HEAD_BYTES; index += 1) head = head * 256 + identity.charCodeAt(index);
    heads[place] = head;
    let at = place * TAIL_BYTES;
    const last = HEAD_BYTES + IDENTITY_TAIL_BYTES;
    for (let index = HEAD_BYTES; index < last; index += 1) tails[at++] = identity.charCodeAt(index);
    for (let index = 0; index < SEQ_AT - IDENTITY_TAIL_BYTES; index += 1) tails[at++] = content.charCodeAt(index);
    writeSeq(tails, place, seq);
  }
  return { heads, tails };
}

/** Texts of ASCII as bytes, one behind the other, each from its start to the next one's. */
class AsciiTexts {
  readonly bytes: Buffer;
  readonly starts: Uint32Array;

  constructor(values: readonly string[]) {
    this.bytes = Buffer.from(values.join(''), 'latin1');
    this.starts = new Uint32Array(values.length + 1);
    for (let index = 0; index < values.length; index += 1) {
      this.starts[index + 1] = (this.starts[index] as number) + (values[index] as string).length;
    }
  }
}

/** A text of bytes in the making, used again and again. */
class HashedText {
  readonly #bytes = Buffer.allocUnsafeSlow(TEXT_BYTES);
  /** The first bytes by their number, for a view costs more than a short hash. */
  readonly #views: (Buffer | undefined)[] = [];
  #length = 0;

  clear(): void {
    this.#length = 0;
  }

  separate(): void {
    this.#bytes[this.#length++] = 0;
  }

  bytes(source: Uint8Array, start: number, end: number): void {
    const bytes = this.#bytes;
    let at = this.#length;
    for (let index = start; index < end; index += 1) bytes[at++] = source[index] as number;
    this.#length = at;
  }

  /** A present optional value. */
  marked(source: Uint8Array): void {
    this.#bytes[this.#length++] = EQUALS;
    this.bytes(source, 0, source.length);
  }

  ascii(value: string): void {
    const bytes = this.#bytes;
    let at = this.#length;
    for (let index = 0; index < value.length; index += 1) bytes[at++] = value.charCodeAt(index);
    this.#length = at;
  }

  /** Whole, from 0. */
  number(value: number): void {
    const upper = Math.floor(value / 1_000_000);
    this.ascii(String(upper === 0 ? value : upper));
    if (upper === 0) return;
    let lower = value - upper * 1_000_000;
    const bytes = this.#bytes;
    for (let at = this.#length + 5; at >= this.#length; at -= 1) {
      const rest = (lower / 10) | 0;
      bytes[at] = 0x30 + lower - rest * 10;
      lower = rest;
    }
    this.#length += 6;
  }

  text(column: TextColumn, row: number): void {
    const start = column.starts[row] as number;
    this.bytes(column.bytes, start, start + (column.lengths[row] as number) - 1);
  }

  optionalText(column: TextColumn, row: number): void {
    if (column.lengths[row] === 0) return;
    this.#bytes[this.#length++] = EQUALS;
    this.text(column, row);
  }

  value({ bytes, starts }: AsciiTexts, place: number): void {
    this.bytes(bytes, starts[place] as number, starts[place + 1] as number);
  }

  /** `place`: -1 for an absent one. */
  optionalValue(values: AsciiTexts, place: number): void {
    if (place < 0) return;
    this.#bytes[this.#length++] = EQUALS;
    this.value(values, place);
  }

  /** 32 bytes as the characters of a Latin-1 text, the cheapest form to get them in. */
  sha256(): string {
    const length = this.#length;
    const view = this.#views[length] ?? this.#bytes.subarray(0, length);
    this.#views[length] = view;
    return hash('sha256', view, 'latin1');
  }
}
