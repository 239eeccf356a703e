import type { AdEvent } from '../domain/ad-event.ts';
import { priceMicros } from '../domain/price.ts';
import { ByteDictionary, viewOf } from './byte-dictionary.ts';

const FIRST_ROWS = 256;

/** What the codes of `EventColumns` stand for. Columns between which rows are moved share one. */
export class EventDictionaries {
  readonly apps = new ByteDictionary();
  readonly adUnits = new ByteDictionary();
  readonly developers = new ByteDictionary();
  readonly currencies = new ByteDictionary();
  readonly campaigns = new ByteDictionary();
  readonly userAgents = new ByteDictionary();
  /** By app; -1, and no place at all for the newest, as long as nobody has told. */
  #developerOfApp = new Int32Array(0);

  nameDeveloper(app: number, developerId: string): void {
    this.setDeveloper(app, this.developers.codeOfText(developerId));
  }

  setDeveloper(app: number, developer: number): void {
    this.#developerOfApp = withPlaces(this.#developerOfApp, this.apps.size);
    this.#developerOfApp[app] = developer;
  }

  /** The code of the app's developer. @throws Error as long as nobody has told */
  developerOf(app: number): number {
    const developer = this.#developerOfApp[app] ?? -1;
    if (developer < 0) throw new Error(`nobody has told whose app ${this.apps.textOf(app)} is`);
    return developer;
  }

  clear(): void {
    const { apps, adUnits, developers, currencies, campaigns, userAgents } = this;
    for (const each of [apps, adUnits, developers, currencies, campaigns, userAgents]) each.clear();
    this.#developerOfApp = new Int32Array(0);
  }
}

/** The same codes, with -1 for more of them. */
export function withPlaces(codes: Int32Array<ArrayBuffer>, size: number): Int32Array<ArrayBuffer> {
  if (size <= codes.length) return codes;
  const larger = new Int32Array(size * 2).fill(-1);
  larger.set(codes);
  return larger;
}

/** Events of good form in the making of batches, a row each: nothing is made for an event alone, so nothing is left to be collected. */
export class EventColumns {
  readonly dictionaries: EventDictionaries;
  count = 0;
  lineNo = new Float64Array(FIRST_ROWS);
  occurredAtMs = new Float64Array(FIRST_ROWS);
  isClick = new Uint8Array(FIRST_ROWS);
  /** See `priceMicros`; -1 for none. */
  priceMicros = new Float64Array(FIRST_ROWS);
  /** Codes of the dictionaries; -1 for an optional field that is absent. */
  app = new Int32Array(FIRST_ROWS);
  adUnit = new Int32Array(FIRST_ROWS);
  currency = new Int32Array(FIRST_ROWS);
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
    const { apps, adUnits, currencies, campaigns, userAgents } = this.dictionaries;
    this.lineNo[row] = lineNo;
    this.occurredAtMs[row] = event.occurredAtMs;
    this.isClick[row] = event.type === 'click' ? 1 : 0;
    this.priceMicros[row] = event.price === null ? -1 : priceMicros(event.price);
    this.app[row] = apps.codeOfText(event.appId);
    this.adUnit[row] = adUnits.codeOfText(event.adUnitId);
    this.currency[row] = currencies.codeOfText(event.currency);
    this.campaign[row] = event.campaignId === null ? -1 : campaigns.codeOfText(event.campaignId);
    this.userAgent[row] = event.userAgent === null ? -1 : userAgents.codeOfText(event.userAgent);
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
    this.priceMicros[row] = source.priceMicros[from] as number;
    this.app[row] = source.app[from] as number;
    this.adUnit[row] = source.adUnit[from] as number;
    this.currency[row] = source.currency[from] as number;
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
    this.priceMicros = enlarged(this.priceMicros, new Float64Array(length));
    this.app = enlarged(this.app, new Int32Array(length));
    this.adUnit = enlarged(this.adUnit, new Int32Array(length));
    this.currency = enlarged(this.currency, new Int32Array(length));
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
  #view = viewOf(this.bytes);
  used = 0;
  starts = new Uint32Array(FIRST_ROWS);
  /** Length + 1; 0 where there is none. */
  lengths = new Uint8Array(FIRST_ROWS);

  add(row: number, source: DataView, start: number, end: number): void {
    const length = end - start;
    if (this.used + length > this.bytes.length) this.#enlarge(length);
    const view = this.#view;
    let to = this.used;
    let from = start;
    this.starts[row] = to;
    for (; from + 4 <= end; from += 4, to += 4) view.setInt32(to, source.getInt32(from, true), true);
    for (; from < end; from += 1, to += 1) view.setUint8(to, source.getUint8(from));
    this.used = to;
    this.lengths[row] = length + 1;
  }

  addNone(row: number): void {
    this.starts[row] = this.used;
    this.lengths[row] = 0;
  }

  addText(row: number, text: string | null): void {
    const bytes = Buffer.from(text ?? '', 'latin1');
    if (text === null) this.addNone(row);
    else this.add(row, viewOf(bytes), 0, bytes.length);
  }

  addRowOf(source: TextRows, { from, row }: { readonly from: number; readonly row: number }): void {
    const length = source.lengths[from] as number;
    const start = source.starts[from] as number;
    if (length === 0) this.addNone(row);
    else this.add(row, source.#view, start, start + length - 1);
  }

  grow(rows: number): void {
    this.starts = enlarged(this.starts, new Uint32Array(rows));
    this.lengths = enlarged(this.lengths, new Uint8Array(rows));
  }

  #enlarge(by: number): void {
    this.bytes = enlarged(this.bytes, new Uint8Array(Math.max(this.bytes.length * 2, this.used + by)));
    this.#view = viewOf(this.bytes);
  }
}

function enlarged<Column extends { set(values: Column): void }>(column: Column, larger: Column): Column {
  larger.set(column);
  return larger;
}
