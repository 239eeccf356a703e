import type { Command } from 'commander';
import type { App } from '../../app.ts';
import { type HoldRow, listHolds } from '../../decisions/list-holds.ts';
import { holdsTable } from '../../statements/render-holds.ts';
import { type CommandRegistry, withApp } from '../command.ts';
import { type List, type ListOptions, listOptions, showList } from '../show-list.ts';

interface HoldsOptions extends ListOptions {
  readonly book?: string;
  readonly all?: boolean;
}

export function registerHolds(program: Command, registry: CommandRegistry): void {
  const holds = program
    .command('holds')
    .description('money kept back for a review; put in force, released and forfeited by decisions')
    .addHelpText('after', '\nExample:\n  npx apportion holds list');
  const list = listOptions(
    holds
      .command('list')
      .description('holds in force, the last one first, with what they hold')
      .option('--book <id>', 'of this developer or service provider only')
      .option('--all', 'ended ones too'),
  ).addHelpText('after', '\nExample:\n  npx apportion holds list --book dev_7');
  registry.on(list, async (_args, given, output) =>
    withApp(output, async app => await showList(app, given as HoldsOptions, holdList(app, given), output)),
  );
}

const COLUMNS = [
  ...['id', 'book', 'app_id', 'from', 'in_force', 'reason', 'proposed_by', 'approved_by', 'approved_at', 'held'],
];

function holdList({ installation: { bucketCount } }: App, { book, all }: HoldsOptions): List<HoldRow> {
  return {
    columns: COLUMNS,
    page: async (tx, at) => await listHolds(tx, { bucketCount, book, withEnded: all, ...at }),
    table: rows => (rows.length === 0 ? 'no holds in force' : holdsTable(rows)),
  };
}
