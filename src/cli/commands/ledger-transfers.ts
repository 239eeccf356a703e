import type { Command } from 'commander';
import { listTransfers, streamTransfers } from '../../ledger/list-transfers.ts';
import type { TransferFilters } from '../../ledger/transfer-filters.ts';
import type { TransferRow } from '../../ledger/transfer-row.ts';
import { decimal, grouped, left, right, textTable } from '../../statements/text-table.ts';
import { type CommandRegistry, withApp } from '../command.ts';
import { type List, type ListOptions, listOptions, showList } from '../show-list.ts';
import { asKnownOn, filterOptions, filtersOf } from './ledger-filters.ts';

const COLUMNS = [
  ...['id', 'developer_id', 'app_id', 'business_date', 'period', 'debit', 'credit', 'amount', 'currency', 'reason'],
  ...['run_id', 'version', 'link', 'corrects', 'booked_at', 'provider_id', 'decision_id', 'fund_id', 'payout_id'],
];

export function registerTransfers(ledger: Command, registry: CommandRegistry): void {
  const transfers = listOptions(
    filterOptions(ledger.command('transfers').description('movements between accounts')),
  ).addHelpText('after', '\nExample:\n  npx apportion ledger transfers --developer dev_7 --period 2018-04-H1 --csv');
  registry.on(transfers, async (_args, options, output) =>
    withApp(output, async app => {
      const list = transferList(filtersOf(app, options), asKnownOn(options));
      return await showList(app, options as ListOptions, list, output);
    }),
  );
}

function transferList(filters: TransferFilters, head: object): List<TransferRow> {
  return {
    columns: COLUMNS,
    head: () => head,
    page: async (tx, at) => await listTransfers(tx, { ...filters, ...at }),
    rows: (tx, at) => streamTransfers(tx, { ...filters, ...at }),
    table: transfersTable,
  };
}

function transfersTable(rows: readonly TransferRow[]): string {
  return textTable(
    [
      ...[left('Owner'), left('App'), left('Day'), left('Debit'), left('Credit')],
      ...[decimal('Amount'), left('Currency'), right('Version')],
    ],
    rows.map(row => [
      row.developer_id,
      row.app_id ?? '',
      row.business_date ?? '',
      row.debit,
      row.credit,
      grouped(row.amount.amount),
      row.amount.currency,
      String(row.version ?? ''),
    ]),
  ).join('\n');
}
