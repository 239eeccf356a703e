import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { Refusal } from '../domain/errors.ts';
import { isServiceFailure } from './errors.ts';

/**
 * The rows of a CSV text (RFC 4180) with exactly these columns, named in this order by its first line; a field without anything
 * in it is null. The server reads it, whose rules of quoting are those of COPY.
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

function badCsv(source: string, error: unknown, remedy: string): unknown {
  if (!(error instanceof pg.DatabaseError)) return error;
  const line = /line (\d+)/.exec(error.where ?? '')?.[1];
  const place = line === undefined ? source : `${source}: line ${line}`;
  return new Refusal({ code: 'bad_csv', message: `${place}: ${error.message}`, remedy, details: { source, line } });
}
