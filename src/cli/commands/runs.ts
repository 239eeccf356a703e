import type { Command } from 'commander';
import type { App } from '../../app.ts';
import type { BusinessDay } from '../../domain/business-day.ts';
import { listRuns, type RunBucketRow, type RunFilters, type RunRow, showRun } from '../../settlement/list-runs.ts';
import { decimal, grouped, left, right, textTable } from '../../statements/text-table.ts';
import { dayArgument } from '../arguments.ts';
import { type CommandRegistry, type Result, withApp } from '../command.ts';
import { printCsv } from '../csv.ts';
import { type List, type ListOptions, listOptions, showList } from '../show-list.ts';

interface RunsOptions extends RunFilters, ListOptions {
  readonly from?: BusinessDay;
  readonly to?: BusinessDay;
}

const COLUMNS = [
  ...['run_id', 'business_date', 'requested_at', 'finished_at', 'duration_ms', 'buckets', 'buckets_done', 'apps'],
  ...['apps_without_plan', 'transfers', 'first_reference_version', 'last_reference_version'],
];
const BUCKET_COLUMNS = [
  ...[
    'bucket',
    'cutoff_seq',
    'reference_version',
    'apps',
    'apps_without_plan',
    'transfers',
    'started_at',
    'finished_at',
  ],
];

export function registerRuns(program: Command, registry: CommandRegistry): void {
  const runs = listOptions(
    program
      .command('runs')
      .description('runs of settlement, the last first; with an id, that run bucket by bucket')
      .argument('[run]', 'a run')
      .option('--from <day>', 'the first business day settled', dayArgument)
      .option('--to <day>', 'the last business day settled', dayArgument)
      .option('--unfinished', 'only runs that lack a bucket; "settle --run ID" finishes them'),
  ).addHelpText('after', '\nExample:\n  npx apportion runs --from 2018-04-01 --to 2018-04-15');
  registry.on(runs, async ([runId], given, output) =>
    withApp(output, async app => {
      const options = given as RunsOptions;
      if (runId !== undefined) return await showOne(app, runId, options.csv === true);
      return await showList(app, options, runList(options), output);
    }),
  );
}

async function showOne(app: App, runId: string, csv: boolean): Promise<Result> {
  const run = await app.db.snapshot(tx => showRun(tx, runId));
  if (csv) await printCsv(BUCKET_COLUMNS, run.items);
  return { data: run, text: csv ? '' : [runsTable([run]), totalsText(run), bucketsTable(run.items)].join('\n\n') };
}

function runList({ from, to, unfinished }: RunFilters): List<RunRow> {
  return {
    columns: COLUMNS,
    page: async (tx, at) => await listRuns(tx, { from, to, unfinished, ...at }),
    csvRow: ({ totals: _, reference_versions: versions, ...run }) => ({
      ...run,
      first_reference_version: versions?.first ?? null,
      last_reference_version: versions?.last ?? null,
    }),
    table: rows => (rows.length === 0 ? 'no runs' : runsTable(rows)),
  };
}

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
    [left('Account'), decimal('Debits'), decimal('Credits'), left('Currency')],
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
