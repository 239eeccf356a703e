import type { Command } from 'commander';
import { Refusal } from '../../domain/errors.ts';
import type { PeriodRange } from '../../domain/period.ts';
import { providerStatementOf } from '../../statements/provider-statement.ts';
import { renderProviderStatement } from '../../statements/render-provider-statement.ts';
import { renderStatement } from '../../statements/render-statement.ts';
import { statementOf } from '../../statements/statement.ts';
import { periodArgument } from '../arguments.ts';
import { type CommandRegistry, withApp } from '../command.ts';

export function registerStatement(program: Command, registry: CommandRegistry): void {
  const statement = program
    .command('statement')
    .description('what a developer or service provider earned in a half-month or month, and what is owed')
    .option('--developer <id>', 'whose statement')
    .option('--provider <id>', "a service provider's statement instead")
    .requiredOption('--period <period>', 'a half-month such as 2018-04-H1, or a month such as 2018-04', periodArgument)
    .addHelpText('after', '\nExample:\n  npx apportion statement --developer dev_7 --period 2018-04-H1');
  registry.on(statement, async (_args, given, output) => {
    const { period, ...owner } = given as unknown as StatementOptions;
    const { developerId, providerId } = ownerOf(owner);
    return await withApp(output, async app => {
      const { bucketCount } = app.installation;
      if (providerId !== null) {
        const data = await app.db.snapshot(tx => providerStatementOf(tx, { providerId, period, bucketCount }));
        return { data, text: renderProviderStatement(data).trimEnd() };
      }
      const data = await app.db.snapshot(tx => statementOf(tx, { developerId, period, bucketCount }));
      return { data, text: renderStatement(data).trimEnd() };
    });
  });
}

interface StatementOptions {
  readonly developer?: string;
  readonly provider?: string;
  readonly period: PeriodRange;
}

function ownerOf({ developer, provider }: Pick<StatementOptions, 'developer' | 'provider'>) {
  if (developer !== undefined && provider === undefined) return { developerId: developer, providerId: null };
  if (developer === undefined && provider !== undefined) return { developerId: null, providerId: provider };
  throw new Refusal({
    code: 'bad_usage',
    message: 'statement needs either --developer or --provider',
    remedy: 'give one of them, such as --developer dev_7',
    details: {},
    exitCode: 2,
  });
}
