import { priceMicros } from '../domain/price.ts';
import type { BatchColumns, DictionaryColumn, TextColumn } from './batch-columns.ts';
import type { ByteDictionary } from './byte-dictionary.ts';
import type { EventColumns, TextRows } from './event-columns.ts';
import { BytesReader, BytesWriter } from './packed-bytes.ts';

/** Used for one batch after the other, since large new buffers cost more than what is written into them. */
const writer = new BytesWriter();

/** Writes the rows of `events` down; `refused` is kept as it is. What is returned holds until the next call. */
export function writeColumns(events: EventColumns, refused: Buffer): Buffer {
  const { count } = events;
  const { currencies, campaigns, userAgents } = events.dictionaries;
  writer.clear();
  writer.numbers([count, refused.length], 2);
  writeDifferences(events.lineNo, count);
  writeDifferences(events.occurredAtMs, count);
  writer.numbers(events.isClick, count);
  writeOwners(events);
  writeDictionary(events.currency, { dictionary: currencies, count });
  writePrices(events.priceMicros, count);
  writeDictionary(events.campaign, { dictionary: campaigns, count });
  writeDictionary(events.userAgent, { dictionary: userAgents, count });
  for (const column of [events.id, events.impression, events.device, events.ip]) writeTexts(column, count);
  const { target, at } = writer.room(refused.length);
  refused.copy(target, at);
  return writer.bytes;
}

/**
 * `secondFormat`: prices stand as canonical texts in a dictionary.
 * @throws Error when the bytes are not what `writeColumns` wrote
 */
export function readColumns(
  bytes: Buffer,
  { secondFormat = false }: { readonly secondFormat?: boolean } = {},
): { readonly columns: BatchColumns; readonly refused: Buffer } {
  const reader = new BytesReader(bytes);
  const [count, refusedLength] = reader.numbers(new Float64Array(2)) as unknown as [number, number];
  const lineNo = readDifferences(reader, count);
  const occurredAtMs = readDifferences(reader, count);
  const isClick = reader.numbers(new Uint8Array(count));
  const adUnit = readDictionary(reader, count);
  const appOfAdUnit = reader.numbers(new Int32Array(adUnit.values.length));
  const apps = reader.texts();
  const developerOfApp = reader.numbers(new Int32Array(apps.length));
  const developers = reader.texts();
  const columns: BatchColumns = {
    count,
    lineNo,
    occurredAtMs,
    isClick,
    adUnit,
    appOfAdUnit,
    apps,
    developerOfApp,
    developers,
    currency: readDictionary(reader, count),
    priceMicros: secondFormat ? readPriceTexts(reader, count) : readPrices(reader, count),
    campaign: readDictionary(reader, count),
    userAgent: readDictionary(reader, count),
    id: readTexts(reader, count),
    impression: readTexts(reader, count),
    device: readTexts(reader, count),
    ip: readTexts(reader, count),
  };
  const refused = reader.take(refusedLength);
  if (!reader.isAtEnd) throw new Error('bytes stand behind the end of a batch');
  return { columns, refused };
}

/** The first number and the differences from each to the next, which are small and pack well. */
function writeDifferences(column: Float64Array, count: number): void {
  let before = count === 0 ? 0 : (column[0] as number);
  writer.float(before);
  const differences = new Float64Array(count);
  for (let row = 0; row < count; row += 1) {
    const value = column[row] as number;
    differences[row] = value - before;
    before = value;
  }
  writer.signedNumbers(differences, count);
}

function readDifferences(reader: BytesReader, count: number): Float64Array {
  let value = reader.float();
  const values = reader.signedNumbers(new Float64Array(count));
  for (let index = 0; index < count; index += 1) {
    value += values[index] as number;
    values[index] = value;
  }
  return values;
}

/** The distinct codes of a column, renumbered in the order of their coming: `places` has one for each row, 0 for none. */
class Renumbered {
  readonly codes: number[] = [];
  readonly places: Int32Array;

  constructor(column: Int32Array, { count, size }: { readonly count: number; readonly size: number }) {
    const placeOf = renumbering(size);
    const places = new Int32Array(count);
    for (let row = 0; row < count; row += 1) {
      const code = column[row] as number;
      if (code < 0) continue;
      let place = placeOf[code] as number;
      if (place === 0) {
        place = this.codes.push(code);
        placeOf[code] = place;
      }
      places[row] = place;
    }
    for (const code of this.codes) placeOf[code] = 0;
    this.places = places;
  }
}

/** Place + 1 by code, all 0 between two uses. */
let placesByCode = new Int32Array(1 << 16);

function renumbering(size: number): Int32Array {
  if (placesByCode.length < size) placesByCode = new Int32Array(size * 2);
  return placesByCode;
}

function writeDictionary(
  column: Int32Array,
  { dictionary, count }: { readonly dictionary: ByteDictionary; readonly count: number },
): void {
  const { codes, places } = new Renumbered(column, { count, size: dictionary.size });
  writeValues(dictionary, codes);
  writer.numbers(places, count);
}

function writeValues(dictionary: ByteDictionary, codes: readonly number[]): void {
  const length = dictionary.joinedLength(codes);
  writer.numbers([codes.length, length], 2);
  const { target, at } = writer.room(length);
  dictionary.join(codes, target, at);
}

function readDictionary(reader: BytesReader, count: number): DictionaryColumn {
  const values = reader.texts();
  const places = reader.numbers(new Int32Array(count));
  for (let index = 0; index < count; index += 1) {
    const place = (places[index] as number) - 1;
    if (place >= values.length) throw new Error(`value ${place} is none of ${values.length}`);
    places[index] = place;
  }
  return { values, places };
}

/** By 1 more than the price, since most have one. */
function writePrices(column: Float64Array, count: number): void {
  const moved = new Float64Array(count);
  for (let row = 0; row < count; row += 1) moved[row] = (column[row] as number) + 1;
  writer.numbers(moved, count);
}

function readPrices(reader: BytesReader, count: number): Float64Array {
  const prices = reader.numbers(new Float64Array(count));
  for (let row = 0; row < count; row += 1) prices[row] = (prices[row] as number) - 1;
  return prices;
}

function readPriceTexts(reader: BytesReader, count: number): Float64Array {
  const { values, places } = readDictionary(reader, count);
  const micros = values.map(priceMicros);
  return Float64Array.from(places, place => (place < 0 ? -1 : (micros[place] as number)));
}

/** Ad units, each with its app, and apps, each with its developer: these never change, so no row needs them. */
function writeOwners(events: EventColumns): void {
  const { count, dictionaries } = events;
  const adUnits = new Renumbered(events.adUnit, { count, size: dictionaries.adUnits.size });
  writeValues(dictionaries.adUnits, adUnits.codes);
  writer.numbers(adUnits.places, count);
  const appOfAdUnit = new Int32Array(adUnits.codes.length);
  for (let row = 0; row < count; row += 1) appOfAdUnit[(adUnits.places[row] as number) - 1] = events.app[row] as number;
  const apps = new Renumbered(appOfAdUnit, { count: appOfAdUnit.length, size: dictionaries.apps.size });
  const developerOfApp = Int32Array.from(apps.codes, code => dictionaries.developerOf(code));
  const developers = new Renumbered(developerOfApp, {
    count: developerOfApp.length,
    size: dictionaries.developers.size,
  });
  writer.numbers(fromNought(apps.places), apps.places.length);
  writeValues(dictionaries.apps, apps.codes);
  writer.numbers(fromNought(developers.places), developers.places.length);
  writeValues(dictionaries.developers, developers.codes);
}

function fromNought(places: Int32Array): Int32Array {
  return places.map(place => place - 1);
}

function writeTexts({ bytes, lengths, used }: TextRows, count: number): void {
  writer.numbers(lengths, count);
  const { target, at } = writer.room(used);
  target.set(bytes.subarray(0, used), at);
}

function readTexts(reader: BytesReader, count: number): TextColumn {
  const lengths = reader.numbers(new Uint8Array(count));
  const starts = new Uint32Array(count);
  let total = 0;
  for (let index = 0; index < count; index += 1) {
    starts[index] = total;
    const length = lengths[index] as number;
    if (length > 0) total += length - 1;
  }
  return { bytes: reader.take(total), starts, lengths };
}
