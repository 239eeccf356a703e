import type { Command } from 'commander';
import { type AuditFilters, type AuditRow, listAudit, streamAudit } from '../../audit/list-audit.ts';
import { DEFAULT_LIMIT, MAX_LIMIT } from '../../domain/page-cursor.ts';
import { type Column, textTable } from '../../statements/text-table.ts';
import { actorArgument, countArgument, instantArgument } from '../arguments.ts';
import { type CommandRegistry, withApp } from '../command.ts';
import { printCsv } from '../csv.ts';
import { noteNext } from '../show-list.ts';

interface AuditOptions extends AuditFilters {
  readonly limit?: number;
  readonly after?: string;
  readonly csv?: boolean;
}

const CSV = [
  'id',
  'began_at',
  'ended_at',
  'actor',
  'command',
  'result',
  'exit_code',
  'refusal_code',
  'host',
  'os_user',
  'program',
  'parameters',
];

export function registerAudit(program: Command, registry: CommandRegistry): void {
  const audit = program
    .command('audit')
    .description('who changed what, when, from where and with what result, the last first')
    .option('--actor <person>', 'only this one', actorArgument)
    .option('--command <name>', 'only this command, such as "plans import", or all that begin so, such as "plans"')
    .option('--from <instant>', 'begun at this instant or later', instantArgument)
    .option('--to <instant>', 'begun before this instant', instantArgument)
    .option(
      '--limit <rows>',
      `at most so many rows, up to ${MAX_LIMIT}; CSV has all unless given`,
      countArgument(MAX_LIMIT),
    )
    .option('--after <cursor>', 'go on behind the row where the last page ended')
    .option('--csv', 'print CSV')
    .addHelpText('after', '\nExample:\n  npx apportion audit --actor li.wei --from 2018-04-01T00:00:00+08:00');
  registry.on(audit, async (_args, given, output) =>
    withApp(output, async app => {
      const { csv, ...options } = given as AuditOptions;
      if (csv === true && options.limit === undefined && options.after === undefined) {
        await app.db.snapshot(tx => printCsv(CSV, flat(streamAudit(tx, options))));
        return { data: {}, text: '' };
      }
      const page = await app.db.snapshot(tx => listAudit(tx, { ...options, limit: options.limit ?? DEFAULT_LIMIT }));
      noteNext(output, page.next);
      if (csv === true) await printCsv(CSV, flat(page.items));
      return {
        data: page,
        text: csv === true ? '' : page.items.length === 0 ? 'nothing on record' : auditTable(page.items),
      };
    }),
  );
}

async function* flat(rows: AsyncIterable<AuditRow> | Iterable<AuditRow>): AsyncGenerator<object> {
  for await (const row of rows) yield { ...row, parameters: JSON.stringify(row.parameters) };
}

const left = (title: string): Column => ({ title, align: 'left' });

function auditTable(rows: readonly AuditRow[]): string {
  return textTable(
    [left('Began'), left('Actor'), left('Command'), left('Result'), left('Host')],
    rows.map(row => [
      `${row.began_at.slice(0, 10)} ${row.began_at.slice(11, 19)}Z`,
      row.actor,
      row.command,
      row.result === null ? 'unfinished' : [row.result, row.refusal_code].filter(each => each !== null).join(': '),
      row.host,
    ]),
  ).join('\n');
}
