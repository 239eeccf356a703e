import type { Command } from 'commander';
import { Option } from 'commander';
import { type App, acceptDepsOf } from '../../app.ts';
import { summariseIngests } from '../../events/ingest-summary.ts';
import { countRejected, listRejected, type RejectedFilters, type RejectedRow } from '../../events/list-rejected.ts';
import { type RedrivenLines, redriveLines } from '../../events/redrive-lines.ts';
import { REJECTION_REASONS } from '../../events/rejection-reasons.ts';
import { instantArgument } from '../arguments.ts';
import { awaitProcessing, describeCounts, describeSummary } from '../await-processing.ts';
import { type CommandRegistry, type Result, withApp } from '../command.ts';
import type { Output } from '../output.ts';
import { type List, type ListOptions, listOptions, showList } from '../show-list.ts';

interface FilterOptions {
  readonly reason?: string;
  readonly developer?: string;
  readonly file?: string;
}

interface RejectedOptions extends FilterOptions, ListOptions {
  readonly all?: boolean;
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

  const list = listOptions(
    filtered(rejected.command('list').description('rejected lines by reason, with the line as it came')).option(
      '--all',
      'lines that were taken in since, too',
    ),
  ).addHelpText('after', '\nExample:\n  npx apportion rejected list --reason no_price --csv');
  registry.on(list, async (_args, given, output) =>
    withApp(output, async app => await showList(app, given as RejectedOptions, rejectedList(filtersOf(given)), output)),
  );

  const redrive = filtered(rejected.command('redrive').description('try rejected lines again and wait for the result'))
    .option('--as-of <instant>', '"now" for the acceptance window, instead of what it was then', instantArgument)
    .addHelpText('after', '\nExample:\n  npx apportion rejected redrive --reason unknown_app');
  registry.onRecord(redrive, async (_args, options, output) =>
    withApp(output, async app => await redriveAndWait(app, options as FilterOptions & { asOf?: Date }, output)),
  );
}

function filtersOf({ reason, developer, file, all }: FilterOptions & { readonly all?: boolean }): RejectedFilters {
  return { reason, developerId: developer, file, all };
}

const COLUMNS = ['reason', 'field', 'detail', 'developer_id', 'file', 'line_no', 'rejected_at', 'line', 'redriven_by'];
const SHOWN_LINE = 200;

/** `reasons`: how many lines were rejected for each. */
function rejectedList(filters: RejectedFilters): List<RejectedRow, { readonly reasons: Record<string, number> }> {
  return {
    columns: COLUMNS,
    head: async tx => {
      const counts = await countRejected(tx, filters);
      return { reasons: Object.fromEntries(counts.map(({ reason, lines }) => [reason, lines])) };
    },
    page: async (tx, at) => await listRejected(tx, { ...filters, ...at }),
    table: (rows, head) => describe(rows, head?.reasons ?? {}),
  };
}

function describe(items: readonly RejectedRow[], reasons: Readonly<Record<string, number>>): string {
  const counts = Object.entries(reasons);
  if (counts.length === 0) return 'nothing is rejected';
  const lines = items.map(
    ({ file, line_no, reason, detail, line }) => `${file}:${line_no}: ${reason}: ${detail}\n  ${printable(line)}`,
  );
  return [describeCounts(counts), '', ...lines].join('\n');
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
