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
