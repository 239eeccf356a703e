import type { Command } from 'commander';
import { listHolds } from '../../decisions/list-holds.ts';
import { DEFAULT_LIMIT, MAX_LIMIT } from '../../domain/page-cursor.ts';
import { holdsTable } from '../../statements/render-holds.ts';
import { countArgument } from '../arguments.ts';
import { type CommandRegistry, withApp } from '../command.ts';
import { noteNext } from '../show-list.ts';

interface ListOptions {
  readonly book?: string;
  readonly all?: boolean;
  readonly limit: number;
  readonly after?: string;
}

export function registerHolds(program: Command, registry: CommandRegistry): void {
  const holds = program
    .command('holds')
    .description('money kept back for a review; put in force, released and forfeited by decisions')
    .addHelpText('after', '\nExample:\n  npx apportion holds list');
  const list = holds
    .command('list')
    .description('holds in force, the last one first, with what they hold')
    .option('--book <id>', 'of this developer or service provider only')
    .option('--all', 'ended ones too')
    .option('--limit <rows>', `at most so many holds, up to ${MAX_LIMIT}`, countArgument(MAX_LIMIT), DEFAULT_LIMIT)
    .option('--after <cursor>', 'go on behind the row where the last page ended')
    .addHelpText('after', '\nExample:\n  npx apportion holds list --book dev_7');
  registry.on(list, async (_args, given, output) =>
    withApp(output, async app => {
      const { book = null, all = false, limit, after } = given as unknown as ListOptions;
      const { bucketCount } = app.installation;
      const page = await app.db.snapshot(tx => listHolds(tx, { bucketCount, book, withEnded: all, limit, after }));
      noteNext(output, page.next);
      return { data: page, text: page.items.length === 0 ? 'no holds in force' : holdsTable(page.items) };
    }),
  );
}
