import type { Command } from 'commander';
import { listFunds, showFund } from '../../funds/list-funds.ts';
import { renderFund, renderFunds } from '../../statements/render-funds.ts';
import { type CommandRegistry, withApp } from '../command.ts';

export function registerFunds(program: Command, registry: CommandRegistry): void {
  const funds = program
    .command('funds')
    .description('incentive funds: what is budgeted, claimed, awarded and left; decisions make, top up and close them')
    .addHelpText('after', '\nExample:\n  npx apportion funds list');
  const list = funds
    .command('list')
    .description('all funds')
    .addHelpText('after', '\nExample:\n  npx apportion funds list');
  registry.on(list, async (_args, _options, output) =>
    withApp(output, async app => {
      const items = await app.db.snapshot(listFunds);
      return { data: { items }, text: renderFunds(items) };
    }),
  );

  const show = funds
    .command('show')
    .description('one fund, day by day')
    .argument('<fund>', 'its id')
    .addHelpText('after', '\nExample:\n  npx apportion funds show growth-2018');
  registry.on(show, async ([fundId], _options, output) =>
    withApp(output, async app => {
      const fund = await app.db.snapshot(tx => showFund(tx, fundId as string));
      return { data: fund, text: renderFund(fund) };
    }),
  );
}
