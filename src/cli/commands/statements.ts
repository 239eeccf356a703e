import path from 'node:path';
import type { Command } from 'commander';
import { Refusal } from '../../domain/errors.ts';
import type { Period, PeriodRange } from '../../domain/period.ts';
import { issueStatements } from '../../statements/issue-statements.ts';
import { periodArgument } from '../arguments.ts';
import { type CommandRegistry, withApp } from '../command.ts';

export function registerStatements(program: Command, registry: CommandRegistry): void {
  const statements = program
    .command('statements')
    .description('the statements of all books')
    .addHelpText('after', '\nExample:\n  npx apportion statements issue --period 2018-04-H1');
  const issue = statements
    .command('issue')
    .description('store the statement of every book of a closed period, to be printed from then on as it is now')
    .requiredOption('--period <period>', 'a closed half-month such as 2018-04-H1', periodArgument)
    .option('--out <folder>', 'write them there too: a file a bucket, a statement a line, under zstd')
    .addHelpText('after', '\nExample:\n  npx apportion statements issue --period 2018-04-H1 --out statements');
  registry.onRecord(issue, async (_args, given, output) => {
    const { period, out } = given as unknown as { readonly period: PeriodRange; readonly out?: string };
    const half = onlyHalf(period);
    return await withApp(output, async ({ db, now, installation: { bucketCount } }) => {
      const progress = output.progress({ label: `issuing ${half}`, total: bucketCount });
      try {
        const issued = await issueStatements(
          { db, bucketCount, now },
          {
            period: half,
            onProgress: done => progress.update(done),
            ...(out === undefined ? {} : { outDir: path.resolve(out) }),
          },
        );
        const before = issued.statements - issued.issued;
        const text = `${issued.period}: ${issued.issued} statements issued${before === 0 ? '' : `, ${before} were before`}, sealed ${issued.seal}`;
        return { data: issued, text };
      } finally {
        progress.stop();
      }
    });
  });
}

function onlyHalf({ label, halves }: PeriodRange): Period {
  const [half, other] = halves;
  if (half !== undefined && other === undefined) return half;
  throw new Refusal({
    code: 'not_a_half_month',
    message: `${label} is a month, and half-months are what is closed and issued`,
    remedy: `issue ${label}-H1 and ${label}-H2; a month's statement is put together from them`,
    details: { period: label },
    exitCode: 2,
  });
}
