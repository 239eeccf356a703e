import type { Command } from 'commander';
import type { PeriodRange } from '../../domain/period.ts';
import { renderStatement } from '../../statements/render-statement.ts';
import { statementOf } from '../../statements/statement.ts';
import { periodArgument } from '../arguments.ts';
import { type CommandRegistry, withApp } from '../command.ts';

export function registerStatement(program: Command, registry: CommandRegistry): void {
  const statement = program
    .command('statement')
    .description('what a developer earned in a half-month or month, and what is owed')
    .requiredOption('--developer <id>', 'whose statement')
    .requiredOption('--period <period>', 'a half-month such as 2018-04-H1, or a month such as 2018-04', periodArgument)
    .addHelpText('after', '\nExample:\n  npx apportion statement --developer dev_7 --period 2018-04-H1');
  registry.on(statement, async (_args, options, output) =>
    withApp(output, async app => {
      const { bucketCount } = app.installation;
      const developerId = String(options.developer);
      const period = options.period as PeriodRange;
      const data = await app.db.snapshot(tx => statementOf(tx, { developerId, period, bucketCount }));
      return { data, text: renderStatement(data).trimEnd() };
    }),
  );
}
