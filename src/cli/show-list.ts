import { type Command, Option } from 'commander';
import type pg from 'pg';
import type { App } from '../app.ts';
import { DEFAULT_LIMIT, MAX_LIMIT } from '../domain/page-cursor.ts';
import { countArgument } from './arguments.ts';
import type { Result } from './command.ts';
import { printCsv } from './csv.ts';
import { printJsonRows } from './json-rows.ts';
import type { Output } from './output.ts';

/** The options that every list has. */
export interface ListOptions {
  readonly limit?: number;
  readonly after?: string;
  readonly csv?: boolean;
}

interface Page<Row> {
  readonly items: readonly Row[];
  readonly next: string | null;
}

/** A list as finance reads it: in pages, or whole. */
export interface List<Row extends object> {
  /** The columns of CSV, in which money takes two. */
  readonly columns: readonly string[];
  /** What stands before the rows in JSON. */
  readonly head?: object;
  page(tx: pg.ClientBase, at: { readonly limit: number; readonly after: string | undefined }): Promise<Page<Row>>;
  /** Every row behind `after`, one by one; without it pages are read one after the other. */
  rows?(tx: pg.ClientBase, at: { readonly after: string | undefined }): AsyncIterable<Row>;
  /** A row as CSV has it, if that is not its fields. */
  csvRow?(row: Row): object;
  /** What a terminal shows of a page. */
  table(rows: readonly Row[]): string;
}

export function listOptions(command: Command): Command {
  return command
    .option(
      '--limit <rows>',
      `a page of at most so many rows, up to ${MAX_LIMIT}; CSV and JSON have all rows unless given`,
      countArgument(MAX_LIMIT),
    )
    .option('--after <cursor>', 'go on behind the row where the last page ended')
    .addOption(new Option('--csv', 'print CSV').conflicts('json'));
}

/**
 * Shows a list: without a limit CSV and JSON are exports, which print every row as it comes, of one snapshot and in bounded memory;
 * else, and on a terminal, a page.
 */
export async function showList<Row extends object>(
  app: App,
  { limit, after, csv }: ListOptions,
  list: List<Row>,
  output: Output,
): Promise<Result> {
  if (limit === undefined && (csv === true || output.json)) {
    await app.db.snapshot(async tx => {
      const rows = list.rows?.(tx, { after }) ?? pageByPage(tx, after, list);
      await (csv === true ? printRows(list, rows) : printJsonRows(list.head ?? {}, rows));
    });
    return { data: {}, text: '', isPrinted: true };
  }
  const page = await app.db.snapshot(tx => list.page(tx, { limit: limit ?? DEFAULT_LIMIT, after }));
  noteNext(output, page.next);
  if (csv === true) await printRows(list, page.items);
  return { data: { ...list.head, ...page }, text: csv === true ? '' : list.table(page.items) };
}

/** Says how to go on where a page is not the last. */
export function noteNext(output: Output, next: string | null): void {
  if (next !== null) output.note(`apportion: there are more rows; go on with --after '${next}'`);
}

async function printRows<Row extends object>(
  { columns, csvRow }: List<Row>,
  rows: AsyncIterable<Row> | Iterable<Row>,
): Promise<void> {
  await printCsv(columns, csvRow === undefined ? rows : mapped(rows, csvRow));
}

async function* mapped<Row>(
  rows: AsyncIterable<Row> | Iterable<Row>,
  map: (row: Row) => object,
): AsyncGenerator<object> {
  for await (const row of rows) yield map(row);
}

async function* pageByPage<Row extends object>(
  tx: pg.ClientBase,
  first: string | undefined,
  list: List<Row>,
): AsyncGenerator<Row> {
  let after = first;
  do {
    const page = await list.page(tx, { limit: DEFAULT_LIMIT, after });
    yield* page.items;
    after = page.next ?? undefined;
  } while (after !== undefined);
}
