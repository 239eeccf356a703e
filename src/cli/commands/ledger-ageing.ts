import { type Command, Option } from 'commander';
import type { App } from '../../app.ts';
import {
  type AgeingFilters,
  type AgeingRow,
  type AgeingTotal,
  listAgeing,
  streamAgeing,
  totalAgeing,
} from '../../ledger/list-ageing.ts';
import { decimal, grouped, left, right, textTable } from '../../statements/text-table.ts';
import { asKnownOnOption, countArgument, currencyArgument } from '../arguments.ts';
import { type CommandRegistry, type Result, withApp } from '../command.ts';
import { printCsv } from '../csv.ts';
import { type List, type ListOptions, listOptions, showList } from '../show-list.ts';
import {
  type AsKnownOnOptions,
  asKnownOn,
  bookedBy,
  type OwnerOptions,
  ownerFilters,
  ownerOptions,
} from './ledger-filters.ts';

const MOST_DAYS = 36_525;
const AGE_COLUMNS = ['period', 'since', 'days', 'owed', 'currency'];

interface AgeingOptions extends OwnerOptions, AsKnownOnOptions, ListOptions {
  readonly currency?: string;
  readonly olderThan?: number;
  readonly summary?: boolean;
}

export function registerAgeing(ledger: Command, registry: CommandRegistry): void {
  const ageing = listOptions(
    ownerOptions(ledger.command('ageing').description('how long money has been owed, oldest paid first'))
      .option('--currency <code>', 'ISO 4217', currencyArgument)
      .option('--older-than <days>', 'only what is owed for more days', countArgument(MOST_DAYS))
      .addOption(new Option('--summary', 'all books together, by period').conflicts(['limit', 'after']))
      .addOption(asKnownOnOption()),
  ).addHelpText('after', '\nExample:\n  npx apportion ledger ageing --older-than 60');
  registry.on(ageing, async (_args, given, output) => {
    const options = given as AgeingOptions;
    return await withApp(output, async app => {
      const filters = ageingFilters(app, options);
      if (options.summary === true) return await showSummary(app, options, filters);
      return await showList(app, options, ageingList(filters, asKnownOn(options)), output);
    });
  });
}

function ageingFilters(app: App, options: AgeingOptions): AgeingFilters {
  const until = bookedBy(app, options);
  return {
    ...ownerFilters(options),
    bucketCount: app.installation.bucketCount,
    currency: options.currency,
    olderThanDays: options.olderThan,
    bookedBy: until,
    today: app.calendar.dayOf((until ?? app.now()).getTime()),
  };
}

function ageingList(filters: AgeingFilters, head: object): List<AgeingRow> {
  return {
    columns: ['developer_id', ...AGE_COLUMNS],
    head: () => head,
    page: async (tx, at) => await listAgeing(tx, { ...filters, ...at }),
    rows: (tx, at) => streamAgeing(tx, { ...filters, ...at }),
    table: rows =>
      textTable(
        [left('Owner'), ...AGE_TITLES],
        rows.map(row => [row.developer_id, ...ageCells(row)]),
      ).join('\n'),
  };
}

async function showSummary(app: App, options: AgeingOptions, filters: AgeingFilters): Promise<Result> {
  const items = await app.db.snapshot(tx => totalAgeing(tx, filters));
  if (options.csv === true) {
    await printCsv(['period', 'since', 'days', 'books', 'owed', 'currency'], items);
    return { data: {}, text: '' };
  }
  const table = textTable(
    [...AGE_TITLES, right('Books')],
    items.map(row => [...ageCells(row), grouped(row.books)]),
  );
  return { data: { ...asKnownOn(options), items }, text: table.join('\n') };
}

const AGE_TITLES = [left('Period'), left('Since'), right('Days'), decimal('Owed'), left('Currency')];

function ageCells({ period, since, days, owed }: AgeingRow | AgeingTotal): string[] {
  return [period ?? 'owes', since ?? '', String(days ?? ''), grouped(owed.amount), owed.currency];
}
