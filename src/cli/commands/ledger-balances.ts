import type { Command } from 'commander';
import { columnsOf, DIMENSIONS, type Dimension } from '../../ledger/dimensions.ts';
import {
  type BalanceDimensions,
  type GroupedBalanceRow,
  listBalancesBy,
  streamBalancesBy,
} from '../../ledger/list-balances.ts';
import type { TransferFilters } from '../../ledger/transfer-filters.ts';
import { decimal, grouped, left, textTable } from '../../statements/text-table.ts';
import { dimensionsArgument } from '../arguments.ts';
import { type CommandRegistry, withApp } from '../command.ts';
import { type List, type ListOptions, listOptions, showList } from '../show-list.ts';
import { asKnownOn, filterOptions, filtersOf } from './ledger-filters.ts';

const OWNERS: readonly Dimension[] = ['owner'];

export function registerBalances(ledger: Command, registry: CommandRegistry): void {
  const balances = listOptions(
    filterOptions(
      ledger
        .command('balances')
        .description('what transfers left on each account: credits − debits')
        .option('--by <dimensions>', `told apart by these: ${DIMENSIONS.join(', ')}`, dimensionsArgument, OWNERS),
    ),
  ).addHelpText('after', '\nExample:\n  npx apportion ledger balances --account payable --by owner,period');
  registry.on(balances, async (_args, options, output) =>
    withApp(output, async app => {
      const { by } = options as unknown as Pick<BalanceDimensions, 'by'>;
      const grouping = { by, timeZone: app.calendar.timeZone };
      const list = balanceList(filtersOf(app, options), grouping, asKnownOn(options));
      return await showList(app, options as ListOptions, list, output);
    }),
  );
}

function balanceList(filters: TransferFilters, grouping: BalanceDimensions, head: object): List<GroupedBalanceRow> {
  const columns = columnsOf(grouping.by);
  return {
    columns: [...columns, 'account', 'balance', 'currency'],
    head: () => head,
    page: async (tx, at) => await listBalancesBy(tx, { ...filters, ...grouping, ...at }),
    rows: (tx, at) => streamBalancesBy(tx, { ...filters, ...grouping, ...at }),
    table: rows => balancesTable(columns, rows),
  };
}

const TITLES: Readonly<Record<string, string>> = { developer_id: 'Owner', business_date: 'Day', booked_on: 'Booked' };

function titleOf(column: string): string {
  const name = column.replace('_id', '');
  return TITLES[column] ?? `${name.charAt(0).toUpperCase()}${name.slice(1)}`;
}

function balancesTable(columns: readonly string[], rows: readonly GroupedBalanceRow[]): string {
  return textTable(
    [...columns.map(column => left(titleOf(column))), left('Account'), decimal('Balance'), left('Currency')],
    rows.map(row => [
      ...columns.map(column => String(row[column] ?? '')),
      row.account,
      grouped(row.balance.amount),
      row.balance.currency,
    ]),
  ).join('\n');
}
