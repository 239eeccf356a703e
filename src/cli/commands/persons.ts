import type { Command } from 'commander';
import { readReferenceFile } from '../../catalog/reference-file.ts';
import { importPersonsFile } from '../../decisions/import-persons.ts';
import { listPersons, type PersonRow } from '../../decisions/list-persons.ts';
import { left, textTable } from '../../statements/text-table.ts';
import { type CommandRegistry, withApp } from '../command.ts';
import { type List, type ListOptions, listOptions, showList } from '../show-list.ts';

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

  const list = listOptions(persons.command('list').description('persons with their roles')).addHelpText(
    'after',
    '\nExample:\n  npx apportion persons list',
  );
  registry.on(list, async (_args, given, output) =>
    withApp(output, async app => await showList(app, given as ListOptions, personList(app.now()), output)),
  );
}

function personList(at: Date): List<PersonRow> {
  return {
    columns: ['id', 'name', 'roles', 'book', 'status', 'valid_from', 'version'],
    page: async (tx, page) => await listPersons(tx, { at, ...page }),
    csvRow: ({ roles, ...row }) => ({ ...row, roles: roles.join(' ') }),
    table: rows => (rows.length === 0 ? 'nobody' : personsTable(rows)),
  };
}

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
