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
export interface List<Row extends object, Head extends object = object> {
  /** The columns of CSV, in which money takes two. */
  readonly columns: readonly string[];
  /** What stands before the rows in JSON. */
  head?(tx: pg.ClientBase): Head | Promise<Head>;
  page(tx: pg.ClientBase, at: { readonly limit: number; readonly after: string | undefined }): Promise<Page<Row>>;
  /** Every row behind `after`, one by one; without it pages are read one after the other. */
  rows?(tx: pg.ClientBase, at: { readonly after: string | undefined }): AsyncIterable<Row>;
  /** A row as CSV has it, if that is not its fields. */
  csvRow?(row: Row): object;
  /** What a terminal shows of a page. */
  table(rows: readonly Row[], head: Head | undefined): string;
}

export function listOptions(command: Command): Command {
  return command
    .option(
      '--limit <rows>',
      `a page of at most so many rows, up to ${MAX_LIMIT}; CSV and JSON have all rows unless given`,
      countArgument(MAX_LIMIT),
    )
    .option('--after <cursor>', 'go on behind the row where the last page ended')
    .addOption(new Option('--csv', 'print CSV').conflicts('json'))
    .hook('preAction', refuseTurnedRange);
}

const RANGES = [
  ['from', 'to'],
  ['bookedFrom', 'bookedTo'],
] as const;

/** A list between two days in the wrong order would be empty, and taken for one of which there is nothing. */
function refuseTurnedRange(command: Command): void {
  for (const [first, last] of RANGES) {
    const from = command.getOptionValue(first);
    const to = command.getOptionValue(last);
    if (from === undefined || to === undefined || from <= to) continue;
    const names = [first, last].map(name => command.options.find(option => option.attributeName() === name)?.long);
    command.error(`error: ${names[1]} lies before ${names[0]}; put the earlier one first`, { exitCode: 2 });
  }
}

/**
 * Shows a list: without a limit CSV and JSON are exports, which print every row as it comes, of one snapshot and in bounded memory;
 * else, and on a terminal, a page.
 */
export async function showList<Row extends object, Head extends object>(
  app: App,
  { limit, after, csv }: ListOptions,
  list: List<Row, Head>,
  output: Output,
): Promise<Result> {
  if (limit === undefined && (csv === true || output.json)) {
    await app.db.snapshot(async tx => {
      const rows = list.rows?.(tx, { after }) ?? pageByPage(tx, after, list);
      await (csv === true ? printRows(list, rows) : printJsonRows((await list.head?.(tx)) ?? {}, rows));
    });
    return { data: {}, text: '', isPrinted: true };
  }
  const { page, head } = await app.db.snapshot(async tx => ({
    page: await list.page(tx, { limit: limit ?? DEFAULT_LIMIT, after }),
    head: await list.head?.(tx),
  }));
  if (page.next !== null) output.note(`apportion: there are more rows; go on with --after '${page.next}'`);
  if (csv === true) await printRows(list, page.items);
  return { data: { ...head, ...page }, text: csv === true ? '' : list.table(page.items, head) };
}

async function printRows<Row extends object>(
  { columns, csvRow }: Pick<List<Row>, 'columns' | 'csvRow'>,
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
  list: Pick<List<Row>, 'page'>,
): AsyncGenerator<Row> {
  let after = first;
  do {
    const page = await list.page(tx, { limit: DEFAULT_LIMIT, after });
    yield* page.items;
    after = page.next ?? undefined;
  } while (after !== undefined);
}
