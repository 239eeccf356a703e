import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type pg from 'pg';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';

export type CopyValue = string | number | bigint | null;

const CHUNK_CHARACTERS = 1 << 16;
const NEEDS_ESCAPE = /[\\\t\n\r]/;

/**
 * COPY of rows in Postgres' text format, the fastest way in. Values are texts as Postgres reads them; `\x…` for bytea.
 * @returns the number of rows copied
 */
export async function copyRows(
  client: pg.ClientBase,
  into: { readonly table: string; readonly columns: readonly string[] },
  rows: Iterable<readonly CopyValue[]>,
): Promise<number> {
  const stream = client.query(copyFrom(`copy ${into.table} (${into.columns.join(', ')}) from stdin`));
  await pipeline(Readable.from(encode(rows), { objectMode: true }), stream);
  return stream.rowCount ?? 0;
}

function* encode(rows: Iterable<readonly CopyValue[]>): Generator<Buffer> {
  let chunk = '';
  for (const row of rows) {
    for (let column = 0; column < row.length; column += 1) {
      if (column > 0) chunk += '\t';
      chunk += encodeValue(row[column] ?? null);
    }
    chunk += '\n';
    if (chunk.length >= CHUNK_CHARACTERS) {
      yield Buffer.from(chunk);
      chunk = '';
    }
  }
  if (chunk !== '') yield Buffer.from(chunk);
}

function encodeValue(value: CopyValue): string {
  if (value === null) return '\\N';
  if (typeof value !== 'string') return String(value);
  if (!NEEDS_ESCAPE.test(value)) return value;
  return value.replace(/[\\\t\n\r]/g, escapeCharacter);
}

function escapeCharacter(character: string): string {
  if (character === '\t') return '\\t';
  if (character === '\n') return '\\n';
  if (character === '\r') return '\\r';
  return '\\\\';
}

/** What COPY sends for a query, in Postgres' text format; chunks end anywhere. The client belongs to the loop until it ends. */
export function copyOut(client: pg.ClientBase, query: string): AsyncIterable<Buffer> {
  return client.query(copyTo(`copy (${query}) to stdout`));
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
/** The signature of the binary format, its flags and the length of what may follow them. */
const BINARY_HEADER_BYTES = 19;

/** UUIDs as a list within a query for COPY, which takes no parameters. @throws Error for anything else */
export function listOfUuids(ids: readonly string[]): string {
  const wrong = ids.find(id => !UUID.test(id));
  if (wrong !== undefined) throw new Error(`${wrong} is no UUID`);
  return ids.map(id => `'${id}'`).join(', ');
}

/** A UUID from the bytes that Postgres sends of it. */
export function uuidOf(bytes: Buffer): string {
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

/**
 * The rows of a query, none of whose fields is null, each field as the bytes that Postgres sends: for large ones of type bytea, which
 * as texts would be twice as long and copied four times more. The client belongs to the loop until it ends.
 */
export async function* copyOutBinary(client: pg.ClientBase, query: string): AsyncGenerator<Buffer[]> {
  const bytes = new ChunkReader(client.query(copyTo(`copy (${query}) to stdout (format binary)`)));
  await bytes.take(BINARY_HEADER_BYTES);
  for (;;) {
    const fieldCount = (await bytes.take(2)).readInt16BE();
    if (fieldCount < 0) break;
    const row: Buffer[] = [];
    for (let field = 0; field < fieldCount; field += 1) {
      const length = (await bytes.take(4)).readInt32BE();
      if (length < 0) throw new Error(`field ${field + 1} is null`);
      row.push(await bytes.take(length));
    }
    yield row;
  }
  await bytes.end();
}

class ChunkReader {
  readonly #chunks: AsyncIterator<Buffer>;
  #chunk: Buffer = Buffer.alloc(0);

  constructor(chunks: AsyncIterable<Buffer>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  async take(length: number): Promise<Buffer> {
    if (this.#chunk.length >= length) return this.#next(length);
    const bytes = Buffer.allocUnsafeSlow(length);
    for (let at = 0; at < length; ) {
      if (this.#chunk.length === 0) {
        const { value, done } = await this.#chunks.next();
        if (done === true) throw new Error('COPY ended within a row');
        this.#chunk = value;
      }
      at += this.#next(Math.min(length - at, this.#chunk.length)).copy(bytes, at);
    }
    return bytes;
  }

  async end(): Promise<void> {
    for (let left = this.#chunk.length; ; ) {
      if (left > 0) throw new Error('COPY goes on behind its end');
      const { value, done } = await this.#chunks.next();
      if (done === true) return;
      left = value.length;
    }
  }

  #next(length: number): Buffer {
    const bytes = this.#chunk.subarray(0, length);
    this.#chunk = this.#chunk.subarray(length);
    return bytes;
  }
}
