import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { Refusal } from '../domain/errors.ts';
import { isServiceFailure } from './errors.ts';

/**
 * The rows of a CSV text (RFC 4180) with exactly these columns, named in this order by its first line; a field without anything
 * in it is null. The server reads it.
 * @throws Refusal `bad_csv` naming the line
 */
export async function readCsv<Column extends string>(
  tx: pg.ClientBase,
  { text, source }: { readonly text: string; readonly source: string },
  columns: readonly Column[],
): Promise<Record<Column, string | null>[]> {
  await tx.query(
    `create temporary table csv_rows (
       place integer generated always as identity,
       ${columns.map(column => `${column} text`).join(', ')}
     ) on commit drop`,
  );
  const form = `write CSV with the first line ${columns.join(',')}`;
  // A text with another first line is refused for that.
  if (/^[^\r\n]*/.exec(text)?.[0].replaceAll('"', '') === columns.join(',')) refuseStrayQuote(text, source);
  try {
    const stream = tx.query(
      copyFrom(`copy csv_rows (${columns.join(', ')}) from stdin with (format csv, header match)`),
    );
    await pipeline(Readable.from([Buffer.from(text)]), stream);
  } catch (error) {
    throw isServiceFailure(error) ? error : badCsv(source, error, form);
  }
  const { rows } = await tx.query<Record<Column, string | null>>(
    `select ${columns.join(', ')} from csv_rows order by place`,
  );
  await tx.query('drop table csv_rows');
  return rows;
}

/** COPY takes a quote anywhere for the beginning or the end of quoting: a text with one inch mark or two would be read as another. */
function refuseStrayQuote(text: string, source: string): void {
  const at = strayQuote(text);
  if (at === null) return;
  const line = String(text.slice(0, at).split(/\r\n|\r|\n/).length);
  throw new Refusal({
    code: 'bad_csv',
    message: `${source}: line ${line}: a double quote stands inside a field`,
    remedy: 'put the whole field in double quotes, and write each one inside it twice',
    details: { source, line },
  });
}

/** Where the first quote is that neither opens nor closes a field; null if there is none. */
function strayQuote(text: string): number | null {
  const ends = (character: string | undefined) => character === undefined || /[,\r\n]/.test(character);
  for (let open = text.indexOf('"'); open !== -1; ) {
    if (!ends(text[open - 1])) return open;
    let close = text.indexOf('"', open + 1);
    while (close !== -1 && text[close + 1] === '"') close = text.indexOf('"', close + 2);
    if (close === -1) return null;
    if (!ends(text[close + 1])) return close;
    open = text.indexOf('"', close + 1);
  }
  return null;
}

function badCsv(source: string, error: unknown, remedy: string): unknown {
  if (!(error instanceof pg.DatabaseError)) return error;
  const line = /line (\d+)/.exec(error.where ?? '')?.[1];
  const place = line === undefined ? source : `${source}: line ${line}`;
  return new Refusal({ code: 'bad_csv', message: `${place}: ${error.message}`, remedy, details: { source, line } });
}
