import type { Command } from 'commander';
import { Option } from 'commander';
import { type App, acceptDepsOf } from '../../app.ts';
import { DEFAULT_LIMIT, MAX_LIMIT } from '../../domain/page-cursor.ts';
import { summariseIngests } from '../../events/ingest-summary.ts';
import { countRejected, listRejected, type RejectedFilters, type RejectedRow } from '../../events/list-rejected.ts';
import { type RedrivenLines, redriveLines } from '../../events/redrive-lines.ts';
import { REJECTION_REASONS } from '../../events/rejection-reasons.ts';
import { countArgument, instantArgument } from '../arguments.ts';
import { awaitProcessing, describeCounts, describeSummary } from '../await-processing.ts';
import { type CommandRegistry, type Result, withApp } from '../command.ts';
import { printCsv } from '../csv.ts';
import type { Output } from '../output.ts';
import { noteNext } from '../show-list.ts';

interface FilterOptions {
  readonly reason?: string;
  readonly developer?: string;
  readonly file?: string;
}

interface ListOptions extends FilterOptions {
  readonly all?: boolean;
  readonly limit: number;
  readonly after?: string;
  readonly csv?: boolean;
}

export function registerRejected(program: Command, registry: CommandRegistry): void {
  const rejected = program
    .command('rejected')
    .description('lines that were rejected, and trying them again once their cause is mended')
    .addHelpText('after', '\nExample:\n  npx apportion rejected list --reason unknown_app');
  const filtered = (command: Command) =>
    command
      .addOption(new Option('--reason <reason>', 'only those with this reason').choices(REJECTION_REASONS))
      .option('--developer <id>', 'only those of this developer; _unassigned: of unknown apps and unreadable lines')
      .option('--file <path>', 'only those of this file, as it was given to ingest');

  const list = filtered(rejected.command('list').description('rejected lines by reason, with the line as it came'))
    .option('--all', 'lines that were taken in since, too')
    .option('--limit <rows>', `at most so many rows, up to ${MAX_LIMIT}`, countArgument(MAX_LIMIT), DEFAULT_LIMIT)
    .option('--after <cursor>', 'go on behind the row where the last page ended')
    .option('--csv', 'print CSV')
    .addHelpText('after', '\nExample:\n  npx apportion rejected list --reason no_price --csv');
  registry.on(list, async (_args, options, output) =>
    withApp(output, async app => await showRejected(app, options as unknown as ListOptions, output)),
  );

  const redrive = filtered(rejected.command('redrive').description('try rejected lines again and wait for the result'))
    .option('--as-of <instant>', '"now" for the acceptance window, instead of what it was then', instantArgument)
    .addHelpText('after', '\nExample:\n  npx apportion rejected redrive --reason unknown_app');
  registry.onRecord(redrive, async (_args, options, output) =>
    withApp(output, async app => await redriveAndWait(app, options as FilterOptions & { asOf?: Date }, output)),
  );
}

async function showRejected(app: App, options: ListOptions, output: Output): Promise<Result> {
  const { limit, after, csv, ...given } = options;
  const filters = filtersOf(given);
  const { page, counts } = await app.db.snapshot(async tx => ({
    page: await listRejected(tx, { ...filters, limit, after }),
    counts: await countRejected(tx, filters),
  }));
  noteNext(output, page.next);
  if (csv === true) await printCsv(COLUMNS, page.items);
  const reasons = Object.fromEntries(counts.map(({ reason, lines }) => [reason, lines]));
  return { data: { ...page, reasons }, text: csv === true ? '' : describe(page.items, counts) };
}

function filtersOf({ reason, developer, file, all }: FilterOptions & { readonly all?: boolean }): RejectedFilters {
  return { reason, developerId: developer, file, all };
}

const COLUMNS = ['reason', 'field', 'detail', 'developer_id', 'file', 'line_no', 'rejected_at', 'line', 'redriven_by'];
const SHOWN_LINE = 200;

function describe(items: readonly RejectedRow[], counts: readonly { reason: string; lines: number }[]): string {
  if (counts.length === 0) return 'nothing is rejected';
  const lines = items.map(
    ({ file, line_no, reason, detail, line }) => `${file}:${line_no}: ${reason}: ${detail}\n  ${printable(line)}`,
  );
  return [describeCounts(counts.map(each => [each.reason, each.lines])), '', ...lines].join('\n');
}

/** Lines come from outside: nothing in them may move the cursor of a terminal. */
function printable(line: string): string {
  const cut = line.length > SHOWN_LINE ? `${line.slice(0, SHOWN_LINE)}…` : line;
  return cut.replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, '\uFFFD');
}

async function redriveAndWait(
  app: App,
  { asOf, ...given }: FilterOptions & { readonly asOf?: Date },
  output: Output,
): Promise<Result> {
  const filters = filtersOf(given);
  const counts = await countRejected(app.db, filters);
  const total = counts.reduce((sum, { lines }) => sum + lines, 0);
  const progress = output.progress({ label: 'redriving', total });
  let redriven: RedrivenLines;
  try {
    redriven = await redriveLines(acceptDepsOf(app), {
      filters,
      clock: asOf ?? null,
      batchEvents: app.config.batchEvents,
      onProgress: tried => progress.update(tried),
    });
  } finally {
    progress.stop();
  }
  const { ingestId, batches, queueProblem, still } = redriven;
  if (queueProblem !== null) throw queueProblem;
  await awaitProcessing(app, { ingestIds: [ingestId], batches, output });
  const summary = await summariseIngests(app.db, [ingestId]);
  const left = Object.entries(still).map(([reason, lines]) => [`still ${reason}`, lines] as const);
  return {
    data: { ...summary, tried: redriven.tried, still },
    text: [describeSummary(summary), ...(left.length === 0 ? [] : [describeCounts(left)])].join('\n'),
    exitCode: left.length > 0 || Object.keys(summary.rejected).length > 0 ? 1 : 0,
  };
}
