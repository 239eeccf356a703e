import type { Command } from 'commander';
import { readReferenceFile } from '../../catalog/reference-file.ts';
import { importPersonsFile } from '../../decisions/import-persons.ts';
import { listPersons, type PersonRow } from '../../decisions/list-persons.ts';
import { DEFAULT_LIMIT, MAX_LIMIT } from '../../domain/page-cursor.ts';
import { type Column, textTable } from '../../statements/text-table.ts';
import { countArgument } from '../arguments.ts';
import { type CommandRegistry, withApp } from '../command.ts';
import { noteNext } from '../show-list.ts';

export function registerPersons(program: Command, registry: CommandRegistry): void {
  const persons = program
    .command('persons')
    .description('who may propose and approve what')
    .addHelpText('after', '\nExample:\n  npx apportion persons import persons.json');
  const load = persons
    .command('import')
    .description('add and change the persons of the file; importing it again changes nothing')
    .argument('<file>', 'persons as JSON')
    .addHelpText('after', '\nExample:\n  npx apportion persons import persons.json');
  registry.onRecord(load, async ([file], _options, output) => {
    const reference = await readReferenceFile(file as string);
    return await withApp(output, async app => {
      const imported = await importPersonsFile(app, reference);
      const { added, changed, unchanged } = imported;
      return { data: imported, text: `persons: ${added} added, ${changed} changed, ${unchanged} unchanged` };
    });
  });

  const list = persons
    .command('list')
    .description('persons with their roles')
    .option('--limit <rows>', `at most so many rows, up to ${MAX_LIMIT}`, countArgument(MAX_LIMIT), DEFAULT_LIMIT)
    .option('--after <cursor>', 'go on behind the row where the last page ended')
    .addHelpText('after', '\nExample:\n  npx apportion persons list');
  registry.on(list, async (_args, given, output) =>
    withApp(output, async app => {
      const { limit, after } = given as { limit: number; after?: string };
      const page = await app.db.snapshot(tx => listPersons(tx, { at: app.now(), limit, after }));
      noteNext(output, page.next);
      return { data: page, text: page.items.length === 0 ? 'nobody' : personsTable(page.items) };
    }),
  );
}

const left = (title: string): Column => ({ title, align: 'left' });

function personsTable(rows: readonly PersonRow[]): string {
  return textTable(
    [left('Person'), left('Name'), left('Roles'), left('Book'), left('Status'), left('Valid from')],
    rows.map(row => [
      row.id,
      row.name,
      row.roles.join(', '),
      row.book ?? '',
      row.status.replace('_', ' '),
      row.valid_from,
    ]),
  ).join('\n');
}
