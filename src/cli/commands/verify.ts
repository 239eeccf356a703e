import { availableParallelism } from 'node:os';
import type { Command } from 'commander';
import { type Verification, verify } from '../../verification/verify.ts';
import { type CommandRegistry, withApp } from '../command.ts';

const SHOWN_DIFFERENCES = 50;
/** Each holds a bucket in memory. */
const MOST_THREADS = 4;

export function registerVerify(program: Command, registry: CommandRegistry): void {
  const command = program
    .command('verify')
    .description(
      'recompute everything from the accepted events and compare it with what is stored; exits with 1 if anything differs',
    )
    .addHelpText('after', '\nExample:\n  npx apportion verify');
  registry.on(command, async (_args, _options, output) =>
    withApp(output, async app => {
      const { bucketCount } = app.installation;
      const progress = output.progress({ label: 'verifying', total: bucketCount });
      try {
        const found = await verify(app.db, {
          bucketCount,
          calendar: app.calendar,
          helpers: { address: app.db.address, count: Math.min(availableParallelism(), MOST_THREADS) - 1 },
          onProgress: bucketsDone => progress.update(bucketsDone),
        });
        progress.stop();
        return { data: dataOf(found), text: describe(found), exitCode: found.differenceCount > 0 ? 1 : 0 };
      } finally {
        progress.stop();
      }
    }),
  );
}

function dataOf({ differences, differenceCount, checked, pending }: Verification): object {
  return {
    items: differences,
    differences: differenceCount,
    checked,
    pending: { batches: pending.batches, due_days: pending.dueDays },
  };
}

function describe({ differences, differenceCount, checked, pending }: Verification): string {
  const count = (value: number) => value.toLocaleString('en-US');
  const shown = differences
    .slice(0, SHOWN_DIFFERENCES)
    .map(({ table, where, expected, found }) => `${table}: ${where}\n  expected ${expected}\n  found    ${found}`);
  if (differenceCount > shown.length) shown.push(`… and ${count(differenceCount - shown.length)} more`);
  return [
    `checked  ${count(checked.lines)} lines in ${count(checked.batches)} batches, ${count(checked.identities)} identities, ` +
      `${count(checked.earnings)} earnings, ${count(checked.transfers)} transfers`,
    `pending  ${count(pending.batches)} batches, ${count(pending.dueDays)} due days`,
    ...shown,
    differenceCount === 0 ? 'nothing differs' : `${count(differenceCount)} DIFFERENCES`,
  ].join('\n');
}
