import type { BatchColumns, DictionaryColumn, TextColumn } from './batch-columns.ts';
import type { EventColumns, NamedAdUnit, NamedApp, TextRows } from './event-columns.ts';
import { BytesReader, BytesWriter } from './packed-bytes.ts';

/** Used for one batch after the other, since large new buffers cost more than what is written into them. */
const writer = new BytesWriter();

/** Writes the rows of `events` down; `refused` is kept as it is. What is returned holds until the next call. */
export function writeColumns(events: EventColumns, refused: Buffer): Buffer {
  const { count } = events;
  const { currencies, prices, campaigns, userAgents } = events.dictionaries;
  writer.clear();
  writer.numbers([count, refused.length], 2);
  writeDifferences(events.lineNo, count);
  writeDifferences(events.occurredAtMs, count);
  writer.numbers(events.isClick, count);
  writeOwners(events);
  writeDictionary(events.currency, { values: currencies.values, count });
  writeDictionary(events.price, { values: prices.values, count });
  writeDictionary(events.campaign, { values: campaigns.values, count });
  writeDictionary(events.userAgent, { values: userAgents.values, count });
  for (const column of [events.id, events.impression, events.device, events.ip]) writeTexts(column, count);
  const { target, at } = writer.room(refused.length);
  refused.copy(target, at);
  return writer.bytes;
}

/** @throws Error when the bytes are not what `writeColumns` wrote */
export function readColumns(bytes: Buffer): { readonly columns: BatchColumns; readonly refused: Buffer } {
  const reader = new BytesReader(bytes);
  const [count, refusedLength] = reader.numbers(2) as unknown as [number, number];
  const lineNo = readDifferences(reader, count);
  const occurredAtMs = readDifferences(reader, count);
  const isClick = Uint8Array.from(reader.numbers(count));
  const adUnit = readDictionary(reader, count);
  const appOfAdUnit = Int32Array.from(reader.numbers(adUnit.values.length));
  const apps = reader.texts();
  const developerOfApp = Int32Array.from(reader.numbers(apps.length));
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
    price: readDictionary(reader, count),
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
  const values = reader.signedNumbers(count);
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
  { values, count }: { readonly values: readonly string[]; readonly count: number },
): void {
  const { codes, places } = new Renumbered(column, { count, size: values.length });
  writer.texts(codes.map(code => values[code] as string));
  writer.numbers(places, count);
}

function readDictionary(reader: BytesReader, count: number): DictionaryColumn {
  const values = reader.texts();
  const places = Int32Array.from(reader.numbers(count));
  for (let index = 0; index < count; index += 1) {
    const place = (places[index] as number) - 1;
    if (place >= values.length) throw new Error(`value ${place} is none of ${values.length}`);
    places[index] = place;
  }
  return { values, places };
}

/** Ad units, each with its app, and apps, each with its developer: these never change, so no row needs them. */
function writeOwners(events: EventColumns): void {
  const { count, dictionaries } = events;
  const { codes, places } = new Renumbered(events.adUnit, { count, size: dictionaries.adUnits.size });
  writer.texts(codes.map(code => (dictionaries.adUnits.values[code] as NamedAdUnit).id));
  writer.numbers(places, count);
  const appOfAdUnit = new Int32Array(codes.length);
  for (let row = 0; row < count; row += 1) appOfAdUnit[(places[row] as number) - 1] = events.app[row] as number;
  const apps = distinct(appOfAdUnit);
  const named = apps.values.map(code => dictionaries.apps.values[code] as NamedApp);
  const developers = distinct(named.map(app => app.developerId as string));
  writer.numbers(apps.places, apps.places.length);
  writer.texts(named.map(app => app.id));
  writer.numbers(developers.places, developers.places.length);
  writer.texts(developers.values);
}

function distinct<Value>(all: ArrayLike<Value> & Iterable<Value>): { values: Value[]; places: Int32Array } {
  const placeOf = new Map<Value, number>();
  const places = new Int32Array(all.length);
  let index = 0;
  for (const value of all) {
    let place = placeOf.get(value);
    if (place === undefined) {
      place = placeOf.size;
      placeOf.set(value, place);
    }
    places[index++] = place;
  }
  return { values: [...placeOf.keys()], places };
}

function writeTexts({ bytes, lengths, used }: TextRows, count: number): void {
  writer.numbers(lengths, count);
  const { target, at } = writer.room(used);
  target.set(bytes.subarray(0, used), at);
}

function readTexts(reader: BytesReader, count: number): TextColumn {
  const lengths = Uint8Array.from(reader.numbers(count));
  const starts = new Uint32Array(count);
  let total = 0;
  for (let index = 0; index < count; index += 1) {
    starts[index] = total;
    const length = lengths[index] as number;
    if (length > 0) total += length - 1;
  }
  return { bytes: reader.take(total), starts, lengths };
}
