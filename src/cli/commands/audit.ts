import type { Command } from 'commander';
import { type AuditFilters, type AuditRow, listAudit, streamAudit } from '../../audit/list-audit.ts';
import { left, textTable } from '../../statements/text-table.ts';
import { instantArgument, recordedActorArgument } from '../arguments.ts';
import { type CommandRegistry, withApp } from '../command.ts';
import { type List, type ListOptions, listOptions, showList } from '../show-list.ts';

interface AuditOptions extends AuditFilters, ListOptions {}

const COLUMNS = [
  ...['id', 'began_at', 'ended_at', 'actor', 'command', 'result', 'exit_code', 'refusal_code', 'host', 'os_user'],
  ...['program', 'parameters'],
];

export function registerAudit(program: Command, registry: CommandRegistry): void {
  const audit = listOptions(
    program
      .command('audit')
      .description('who changed what, when, from where and with what result, the last first')
      .option('--actor <person>', 'only this one', recordedActorArgument)
      .option('--command <name>', 'only this command, such as "plans import", or all that begin so, such as "plans"')
      .option('--from <instant>', 'begun at this instant or later', instantArgument)
      .option('--to <instant>', 'begun before this instant', instantArgument),
  ).addHelpText('after', '\nExample:\n  npx apportion audit --actor li.wei --from 2018-04-01T00:00:00+08:00');
  registry.on(audit, async (_args, given, output) =>
    withApp(output, async app => await showList(app, given as AuditOptions, auditList(given), output)),
  );
}

function auditList({ actor, command, from, to }: AuditFilters): List<AuditRow> {
  const filters = { actor, command, from, to };
  return {
    columns: COLUMNS,
    page: async (tx, at) => await listAudit(tx, { ...filters, ...at }),
    rows: (tx, at) => streamAudit(tx, { ...filters, ...at }),
    table: rows => (rows.length === 0 ? 'nothing on record' : auditTable(rows)),
  };
}

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
