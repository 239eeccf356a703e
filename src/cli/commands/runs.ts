import type { Command } from 'commander';
import type { BusinessDay } from '../../domain/business-day.ts';
import { DEFAULT_LIMIT } from '../../domain/page-cursor.ts';
import { listRuns, type RunBucketRow, type RunFilters, type RunRow, showRun } from '../../settlement/list-runs.ts';
import { type Column, grouped, textTable } from '../../statements/text-table.ts';
import { countArgument, dayArgument } from '../arguments.ts';
import { type CommandRegistry, withApp } from '../command.ts';

const MOST_ROWS = 100_000;

interface RunsOptions extends RunFilters {
  readonly from?: BusinessDay;
  readonly to?: BusinessDay;
  readonly limit: number;
  readonly after?: string;
}

export function registerRuns(program: Command, registry: CommandRegistry): void {
  const runs = program
    .command('runs')
    .description('runs of settlement, the last first; with an id, that run bucket by bucket')
    .argument('[run]', 'a run')
    .option('--from <day>', 'the first business day settled', dayArgument)
    .option('--to <day>', 'the last business day settled', dayArgument)
    .option('--unfinished', 'only runs that lack a bucket; "settle --run ID" finishes them')
    .option('--limit <rows>', `at most so many rows, up to ${MOST_ROWS}`, countArgument(MOST_ROWS), DEFAULT_LIMIT)
    .option('--after <cursor>', 'go on behind the row where the last page ended')
    .addHelpText('after', '\nExample:\n  npx apportion runs --from 2018-04-01 --to 2018-04-15');
  registry.on(runs, async ([runId], given, output) =>
    withApp(output, async app => {
      if (runId !== undefined) {
        const run = await app.db.snapshot(tx => showRun(tx, runId));
        return { data: run, text: [runsTable([run]), totalsText(run), bucketsTable(run.items)].join('\n\n') };
      }
      const page = await app.db.snapshot(tx => listRuns(tx, given as unknown as RunsOptions));
      if (page.next !== null) output.note(`apportion: there are more rows; go on with --after '${page.next}'`);
      return { data: page, text: page.items.length === 0 ? 'no runs' : runsTable(page.items) };
    }),
  );
}

const left = (title: string): Column => ({ title, align: 'left' });
const right = (title: string): Column => ({ title, align: 'right' });

function runsTable(rows: readonly RunRow[]): string {
  return textTable(
    [
      left('Day'),
      left('Requested'),
      right('Seconds'),
      right('Buckets'),
      right('Apps'),
      right('No plan'),
      right('Transfers'),
      right('Versions'),
      left('Run'),
    ],
    rows.map(row => [
      row.business_date,
      `${row.requested_at.slice(0, 19)}Z`,
      row.duration_ms === null ? 'unfinished' : grouped((row.duration_ms / 1000).toFixed(1)),
      `${row.buckets_done}/${row.buckets}`,
      grouped(row.apps),
      grouped(row.apps_without_plan),
      grouped(row.transfers),
      versionsText(row),
      row.run_id,
    ]),
  ).join('\n');
}

function versionsText({ reference_versions: versions }: RunRow): string {
  if (versions === null) return '';
  return versions.first === versions.last ? String(versions.last) : `${versions.first}–${versions.last}`;
}

function totalsText({ totals }: RunRow): string {
  if (totals.length === 0) return 'posted nothing';
  return textTable(
    [left('Account'), { title: 'Debits', align: 'decimal' }, { title: 'Credits', align: 'decimal' }, left('Currency')],
    totals.map(({ account, debits, credits }) => [
      account,
      grouped(debits.amount),
      grouped(credits.amount),
      debits.currency,
    ]),
  ).join('\n');
}

function bucketsTable(rows: readonly RunBucketRow[]): string {
  return textTable(
    [
      left('Bucket'),
      right('Batches up to'),
      right('Version'),
      right('Apps'),
      right('No plan'),
      right('Transfers'),
      left('Finished'),
    ],
    rows.map(row => [
      String(row.bucket),
      grouped(row.cutoff_seq),
      String(row.reference_version),
      grouped(row.apps),
      grouped(row.apps_without_plan),
      grouped(row.transfers),
      row.finished_at,
    ]),
  ).join('\n');
}
