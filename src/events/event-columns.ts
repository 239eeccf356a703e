import type { AdEvent } from '../domain/ad-event.ts';
import { ByteDictionary, hashOfBytes } from './byte-dictionary.ts';

const FIRST_ROWS = 256;

/** An app that events name; whose it is, and so their bucket, once the catalog has told. */
export interface NamedApp {
  readonly id: string;
  developerId: string | null;
  bucket: number;
}

/** An ad unit that events name, with the app that the catalog has it in. */
export interface NamedAdUnit {
  readonly id: string;
  appId: string | null;
}

/** What the codes of `EventColumns` stand for. Columns between which rows are moved share one. */
export class EventDictionaries {
  readonly apps = new ByteDictionary<NamedApp>();
  readonly adUnits = new ByteDictionary<NamedAdUnit>();
  readonly currencies = new ByteDictionary<string>();
  /** Canonical; what is written in several ways has several codes. */
  readonly prices = new ByteDictionary<string>();
  readonly campaigns = new ByteDictionary<string>();
  readonly userAgents = new ByteDictionary<string>();

  clear(): void {
    const { apps, adUnits, currencies, prices, campaigns, userAgents } = this;
    for (const each of [apps, adUnits, currencies, prices, campaigns, userAgents]) each.clear();
  }
}

/** Events of good form in the making of batches, a row each: nothing is made for an event alone, so nothing is left to be collected. */
export class EventColumns {
  readonly dictionaries: EventDictionaries;
  count = 0;
  lineNo = new Float64Array(FIRST_ROWS);
  occurredAtMs = new Float64Array(FIRST_ROWS);
  isClick = new Uint8Array(FIRST_ROWS);
  /** Codes of the dictionaries; -1 for an optional field that is absent. */
  app = new Int32Array(FIRST_ROWS);
  adUnit = new Int32Array(FIRST_ROWS);
  currency = new Int32Array(FIRST_ROWS);
  price = new Int32Array(FIRST_ROWS);
  campaign = new Int32Array(FIRST_ROWS);
  userAgent = new Int32Array(FIRST_ROWS);
  readonly id = new TextRows();
  readonly impression = new TextRows();
  readonly device = new TextRows();
  readonly ip = new TextRows();

  constructor(dictionaries: EventDictionaries = new EventDictionaries()) {
    this.dictionaries = dictionaries;
  }

  /** Makes room for one more row and returns its place; the caller fills in all columns but the texts, which it adds. */
  addRow(): number {
    if (this.count === this.lineNo.length) this.#grow();
    const row = this.count;
    this.count += 1;
    return row;
  }

  addEvent(lineNo: number, event: AdEvent): number {
    const row = this.addRow();
    const { apps, adUnits, currencies, prices, campaigns, userAgents } = this.dictionaries;
    this.lineNo[row] = lineNo;
    this.occurredAtMs[row] = event.occurredAtMs;
    this.isClick[row] = event.type === 'click' ? 1 : 0;
    this.app[row] = codeOf(apps, event.appId, id => ({ id, developerId: null, bucket: -1 }));
    this.adUnit[row] = codeOf(adUnits, event.adUnitId, id => ({ id, appId: null }));
    this.currency[row] = codeOf(currencies, event.currency, same);
    this.price[row] = event.price === null ? -1 : codeOf(prices, event.price, same);
    this.campaign[row] = event.campaignId === null ? -1 : codeOf(campaigns, event.campaignId, same);
    this.userAgent[row] = event.userAgent === null ? -1 : codeOf(userAgents, event.userAgent, same);
    this.id.addText(row, event.id);
    this.impression.addText(row, event.impressionId);
    this.device.addText(row, event.deviceId);
    this.ip.addText(row, event.ip);
    return row;
  }

  /** Adds a row of other columns with the same dictionaries. */
  addRowOf(source: EventColumns, from: number): void {
    const row = this.addRow();
    this.lineNo[row] = source.lineNo[from] as number;
    this.occurredAtMs[row] = source.occurredAtMs[from] as number;
    this.isClick[row] = source.isClick[from] as number;
    this.app[row] = source.app[from] as number;
    this.adUnit[row] = source.adUnit[from] as number;
    this.currency[row] = source.currency[from] as number;
    this.price[row] = source.price[from] as number;
    this.campaign[row] = source.campaign[from] as number;
    this.userAgent[row] = source.userAgent[from] as number;
    this.id.addRowOf(source.id, { from, row });
    this.impression.addRowOf(source.impression, { from, row });
    this.device.addRowOf(source.device, { from, row });
    this.ip.addRowOf(source.ip, { from, row });
  }

  /** Lets go of all rows, and keeps their room for the next ones. */
  clear(): void {
    this.count = 0;
    for (const column of this.#texts()) column.used = 0;
  }

  #grow(): void {
    const length = this.lineNo.length * 2;
    this.lineNo = enlarged(this.lineNo, new Float64Array(length));
    this.occurredAtMs = enlarged(this.occurredAtMs, new Float64Array(length));
    this.isClick = enlarged(this.isClick, new Uint8Array(length));
    this.app = enlarged(this.app, new Int32Array(length));
    this.adUnit = enlarged(this.adUnit, new Int32Array(length));
    this.currency = enlarged(this.currency, new Int32Array(length));
    this.price = enlarged(this.price, new Int32Array(length));
    this.campaign = enlarged(this.campaign, new Int32Array(length));
    this.userAgent = enlarged(this.userAgent, new Int32Array(length));
    for (const column of this.#texts()) column.grow(length);
  }

  #texts(): TextRows[] {
    return [this.id, this.impression, this.device, this.ip];
  }
}

/** A column of short texts in Latin-1, one behind the other. */
export class TextRows {
  bytes = new Uint8Array(FIRST_ROWS * 16);
  used = 0;
  starts = new Uint32Array(FIRST_ROWS);
  /** Length + 1; 0 where there is none. */
  lengths = new Uint8Array(FIRST_ROWS);

  add(row: number, source: Uint8Array, start: number, end: number): void {
    const length = end - start;
    if (this.used + length > this.bytes.length) this.#enlarge(length);
    const { bytes } = this;
    let at = this.used;
    this.starts[row] = at;
    for (let index = start; index < end; index += 1) {
      bytes[at] = source[index] as number;
      at += 1;
    }
    this.used = at;
    this.lengths[row] = length + 1;
  }

  addNone(row: number): void {
    this.starts[row] = this.used;
    this.lengths[row] = 0;
  }

  addText(row: number, text: string | null): void {
    const bytes = Buffer.from(text ?? '', 'latin1');
    if (text === null) this.addNone(row);
    else this.add(row, bytes, 0, bytes.length);
  }

  addRowOf({ bytes, starts, lengths }: TextRows, { from, row }: { readonly from: number; readonly row: number }): void {
    const length = lengths[from] as number;
    const start = starts[from] as number;
    if (length === 0) this.addNone(row);
    else this.add(row, bytes, start, start + length - 1);
  }

  grow(rows: number): void {
    this.starts = enlarged(this.starts, new Uint32Array(rows));
    this.lengths = enlarged(this.lengths, new Uint8Array(rows));
  }

  #enlarge(by: number): void {
    this.bytes = enlarged(this.bytes, new Uint8Array(Math.max(this.bytes.length * 2, this.used + by)));
  }
}

function codeOf<Value>(dictionary: ByteDictionary<Value>, text: string, made: (text: string) => Value): number {
  const bytes = Buffer.from(text);
  const hash = hashOfBytes(bytes);
  const code = dictionary.find(bytes, 0, bytes.length, hash);
  return code >= 0 ? code : dictionary.add(bytes, 0, bytes.length, hash, made(text));
}

function same(text: string): string {
  return text;
}

function enlarged<Column extends { set(values: Column): void }>(column: Column, larger: Column): Column {
  larger.set(column);
  return larger;
}
