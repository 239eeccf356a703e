import { type Command, Option } from 'commander';
import { Refusal } from '../../domain/errors.ts';
import type { PeriodRange } from '../../domain/period.ts';
import { LANGUAGES, type Language } from '../../statements/messages.ts';
import { renderStatement } from '../../statements/render-statement.ts';
import { statementOf } from '../../statements/statement.ts';
import { STATEMENT_CSV, statementRows } from '../../statements/statement-csv.ts';
import { periodArgument } from '../arguments.ts';
import { type CommandRegistry, withApp } from '../command.ts';
import { printCsv } from '../csv.ts';

export function registerStatement(program: Command, registry: CommandRegistry): void {
  const statement = program
    .command('statement')
    .description(
      'what a developer or service provider earned in a half-month or month, what was paid, and what is owed',
    )
    .option('--developer <id>', 'whose statement')
    .option('--provider <id>', "a service provider's statement instead")
    .requiredOption('--period <period>', 'a half-month such as 2018-04-H1, or a month such as 2018-04', periodArgument)
    .addOption(new Option('--language <language>', 'of the text').choices(LANGUAGES).default('en'))
    .addOption(new Option('--csv', 'print CSV, a row for each line').conflicts('json'))
    .addHelpText(
      'after',
      '\nOf an issued period it prints the statement as it was issued.\n\nExample:\n  npx apportion statement --developer dev_7 --period 2018-04-H1 --language zh',
    );
  registry.on(statement, async (_args, given, output) => {
    const { period, language, csv, ...owner } = given as unknown as StatementOptions;
    const asked = ownerOf(owner);
    return await withApp(output, async ({ db, installation: { bucketCount } }) => {
      const data = await db.snapshot(tx => statementOf(tx, { ...asked, period, bucketCount }));
      if (csv === true) await printCsv(STATEMENT_CSV, statementRows(data));
      return { data, text: csv === true ? '' : renderStatement(data, language).trimEnd() };
    });
  });
}

interface StatementOptions {
  readonly developer?: string;
  readonly provider?: string;
  readonly period: PeriodRange;
  readonly language: Language;
  readonly csv?: boolean;
}

function ownerOf({ developer, provider }: Pick<StatementOptions, 'developer' | 'provider'>) {
  if (developer !== undefined && provider === undefined) return { developerId: developer };
  if (developer === undefined && provider !== undefined) return { providerId: provider };
  throw new Refusal({
    code: 'bad_usage',
    message: 'statement needs either --developer or --provider',
    remedy: 'give one of them, such as --developer dev_7',
    details: {},
    exitCode: 2,
  });
}
