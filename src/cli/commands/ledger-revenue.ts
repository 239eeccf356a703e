import { type Command, InvalidArgumentError } from 'commander';
import type { BusinessDay } from '../../domain/business-day.ts';
import {
  listRevenue,
  REVENUE_DIMENSIONS,
  type RevenueDimension,
  type RevenueQuery,
  type RevenueRow,
  streamRevenue,
} from '../../statements/revenue.ts';
import { type Column, decimal, grouped, left, right, textTable } from '../../statements/text-table.ts';
import { asKnownOnOption, currencyArgument, dayArgument } from '../arguments.ts';
import { type CommandRegistry, withApp } from '../command.ts';
import { type List, type ListOptions, listOptions, showList } from '../show-list.ts';
import { type AsKnownOnOptions, asKnownOn, bookedBy } from './ledger-filters.ts';

interface RevenueOptions extends AsKnownOnOptions, ListOptions {
  readonly by: readonly RevenueDimension[];
  readonly from?: BusinessDay;
  readonly to?: BusinessDay;
  readonly currency?: string;
}

const BY_DAY: readonly RevenueDimension[] = ['day'];
const COLUMNS: Record<RevenueDimension, readonly string[]> = {
  day: ['business_date'],
  category: ['category'],
  plan: ['plan_id', 'plan_version'],
};
const AMOUNTS = ['gross', 'shared', 'platform_share', 'forfeiture_kept', 'revenue'] as const;

export function registerRevenue(ledger: Command, registry: CommandRegistry): void {
  const revenue = listOptions(
    ledger
      .command('revenue')
      .description("the platform's revenue, by day, category and plan")
      .option('--by <dimensions>', `told apart by these: ${REVENUE_DIMENSIONS.join(', ')}`, revenueArgument, BY_DAY)
      .option('--from <day>', 'first business day', dayArgument)
      .option('--to <day>', 'last business day', dayArgument)
      .option('--currency <code>', 'ISO 4217', currencyArgument)
      .addOption(asKnownOnOption()),
  ).addHelpText(
    'after',
    '\nExample:\n  npx apportion ledger revenue --by day,category --from 2018-04-01 --to 2018-04-15',
  );
  registry.on(revenue, async (_args, given, output) => {
    const options = given as unknown as RevenueOptions;
    return await withApp(output, async app => {
      const { by, from, to, currency } = options;
      const { bucketCount } = app.installation;
      const query = { bucketCount, by, from, to, currency, bookedBy: bookedBy(app, options) };
      return await showList(app, options, revenueList(query, asKnownOn(options)), output);
    });
  });
}

/** In the order of the columns, whatever the order given. */
function revenueArgument(text: string): RevenueDimension[] {
  const names = text.split(',').map(name => name.trim());
  const known = REVENUE_DIMENSIONS.filter(dimension => names.includes(dimension));
  if (known.length === names.length) return known;
  throw new InvalidArgumentError(`Give one or more of ${REVENUE_DIMENSIONS.join(', ')}, with commas between.`);
}

function revenueList(query: RevenueQuery, head: object): List<RevenueRow> {
  const columns = query.by.flatMap(dimension => COLUMNS[dimension]);
  return {
    columns: [...columns, ...AMOUNTS, 'currency'],
    head: () => head,
    page: async (tx, at) => await listRevenue(tx, { ...query, ...at }),
    rows: (tx, at) => streamRevenue(tx, { ...query, ...at }),
    table: rows => revenueTable(query.by, rows),
  };
}

const TITLES: Record<RevenueDimension, readonly Column[]> = {
  day: [left('Day')],
  category: [left('Category')],
  plan: [left('Plan'), right('Version')],
};

function revenueTable(by: readonly RevenueDimension[], rows: readonly RevenueRow[]): string {
  const amounts = ['Gross', 'Shared', 'Platform', 'Kept', 'Revenue'].map(decimal);
  return textTable(
    [...by.flatMap(dimension => TITLES[dimension]), ...amounts, left('Currency')],
    rows.map(row => [
      ...by.flatMap(dimension => COLUMNS[dimension]).map(column => String(row[column as keyof RevenueRow] ?? '')),
      ...AMOUNTS.map(name => grouped(row[name].amount)),
      row.gross.currency,
    ]),
  ).join('\n');
}
