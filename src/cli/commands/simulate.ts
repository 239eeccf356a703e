import { type Command, Option } from 'commander';
import type { App } from '../../app.ts';
import { readReferenceFile } from '../../catalog/reference-file.ts';
import type { BusinessDay } from '../../domain/business-day.ts';
import { type PlanFile, parsePlans } from '../../plans/plan-file.ts';
import { type SimulatedDeveloper, simulate } from '../../settlement/simulate.ts';
import {
  type SimulatedCurrency,
  type SimulatedDeveloperRow,
  simulatedRow,
  summariseSimulation,
} from '../../settlement/simulation-summary.ts';
import { type Column, decimal, grouped, left, textTable } from '../../statements/text-table.ts';
import { countArgument, dayArgument } from '../arguments.ts';
import { type CommandRegistry, type Result, withApp } from '../command.ts';
import { printCsv } from '../csv.ts';
import type { Output } from '../output.ts';

const MOST_LISTED = 10_000;
const LISTED = 10;

interface SimulateOptions {
  readonly plan: string;
  readonly from: BusinessDay;
  readonly to: BusinessDay;
  readonly top: number;
  readonly csv?: boolean;
}

export function registerSimulate(program: Command, registry: CommandRegistry): void {
  const command = program
    .command('simulate')
    .description('what other plans would have paid on the real earnings; posts and changes nothing')
    .requiredOption('--plan <file>', 'plans as JSON: each replaces the plan of its id, or is added')
    .requiredOption('--from <day>', 'the first business day', dayArgument)
    .requiredOption('--to <day>', 'the last business day, at most 400 days on', dayArgument)
    .option(
      '--top <developers>',
      `so many who gain and who lose most, up to ${MOST_LISTED}`,
      countArgument(MOST_LISTED),
      LISTED,
    )
    .addOption(new Option('--csv', 'print every developer as CSV').conflicts('json'))
    .addHelpText(
      'after',
      '\nExample:\n  npx apportion simulate --plan plans-2019.json --from 2018-01-01 --to 2018-12-31',
    );
  registry.on(command, async (_args, given, output) => {
    const options = given as unknown as SimulateOptions;
    const { text, source } = await readReferenceFile(options.plan);
    const file = parsePlans(text, source);
    return await withApp(output, async app => await runSimulation(app, { file, options, output }));
  });
}

async function runSimulation(
  app: App,
  { file, options, output }: { readonly file: PlanFile; readonly options: SimulateOptions; readonly output: Output },
): Promise<Result> {
  const { from, to, top } = options;
  const { bucketCount } = app.installation;
  const progress = output.progress({ label: 'simulating', total: bucketCount });
  try {
    return await app.db.snapshot(async tx => {
      const onProgress = (done: number) => progress.update(done);
      const developers = simulate(tx, { file, range: { from, to }, bucketCount, onProgress });
      if (options.csv === true) {
        await printCsv(CSV_COLUMNS, rowsOf(developers));
        return { data: {}, text: '' };
      }
      const items = await summariseSimulation(developers, { top });
      return { data: { from, to, items }, text: items.flatMap(currencyLines).join('\n').trimStart() };
    });
  } finally {
    progress.stop();
  }
}

const CSV_COLUMNS = ['developer_id', 'currency', 'gross', 'present', 'simulated', 'difference'];

async function* rowsOf(developers: AsyncIterable<SimulatedDeveloper>): AsyncGenerator<SimulatedDeveloperRow> {
  for await (const developer of developers) yield simulatedRow(developer);
}

const COLUMNS: readonly Column[] = [
  left('Developer'),
  decimal('Gross'),
  decimal('Share now'),
  decimal('Simulated'),
  decimal('Difference'),
];

function currencyLines(total: SimulatedCurrency): string[] {
  const { currency, developers, gains, losses } = total;
  const all = { ...total, developer_id: developers === 1 ? 'the only one' : `all ${grouped(developers)}` };
  return [
    '',
    `── ${currency} ──`,
    ...textTable(COLUMNS, [cellsOf(all)]),
    ...withoutPlanLines(total),
    ...listLines('Gain most', gains),
    ...listLines('Lose most', losses),
  ];
}

function listLines(title: string, rows: readonly SimulatedDeveloperRow[]): string[] {
  return rows.length === 0 ? [] : ['', title, ...textTable(COLUMNS, rows.map(cellsOf))];
}

function cellsOf({ developer_id, gross, present, simulated, difference }: SimulatedDeveloperRow): string[] {
  return [developer_id, ...[gross, present, simulated].map(each => grouped(each.amount)), signed(difference.amount)];
}

function signed(amount: string): string {
  return `${amount.startsWith('-') || !/[1-9]/.test(amount) ? '' : '+'}${grouped(amount)}`;
}

function withoutPlanLines({ app_days_without_plan: { present, simulated } }: SimulatedCurrency): string[] {
  const tell = (days: number, which: string) =>
    days === 0 ? [] : [`${grouped(days)} days of apps have no plan ${which} and count as 0`];
  return [...tell(present, 'now'), ...tell(simulated, 'in the simulation')];
}
