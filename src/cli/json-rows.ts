import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

const PIECE_CHARACTERS = 65_536;

/** Prints one JSON object with the rows under `items`, as they come, and `next` as null, for there is nothing behind them. */
export async function printJsonRows(head: object, rows: AsyncIterable<object> | Iterable<object>): Promise<void> {
  await pipeline(Readable.from(pieces(head, rows)), process.stdout, { end: false });
}

/** Nothing comes before the first row does, so that a refusal is all that is printed. */
async function* pieces(head: object, rows: AsyncIterable<object> | Iterable<object>): AsyncGenerator<string> {
  let piece = JSON.stringify({ ...head, items: [] }).slice(0, -2);
  let separator = '';
  for await (const row of rows) {
    piece += separator + JSON.stringify(row);
    separator = ',';
    if (piece.length < PIECE_CHARACTERS) continue;
    yield piece;
    piece = '';
  }
  yield `${piece}],"next":null}\n`;
}
