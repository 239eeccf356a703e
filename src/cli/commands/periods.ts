import type { Command } from 'commander';
import type { App } from '../../app.ts';
import { type ClosedDue, closeDuePeriods } from '../../close-due.ts';
import { closedRow, listPeriods } from '../../closing/list-periods.ts';
import type { PeriodSeal } from '../../ledger/period-closings.ts';
import { periodsTable } from '../../statements/render-periods.ts';
import { type CommandRegistry, type Result, withApp } from '../command.ts';
import type { Output } from '../output.ts';
import { type ListOptions, listOptions, showList } from '../show-list.ts';

const COLUMNS = [
  'period',
  'state',
  'last_day',
  'closes_on',
  'seal',
  'seal_no',
  'previous_seal',
  'transfers',
  'books',
  'cut',
  'closed_at',
  'decision_id',
];

export function registerPeriods(program: Command, registry: CommandRegistry): void {
  const periods = program
    .command('periods')
    .description('half-months, and closing them for good; one is also closed by a decision of the kind "close_period"')
    .addHelpText('after', '\nExample:\n  npx apportion periods list');
  const list = listOptions(
    periods
      .command('list')
      .description('half-months with their seals, the last first, and what keeps the next from being closed'),
  ).addHelpText('after', '\nExample:\n  npx apportion periods list');
  registry.on(list, async (_args, options, output) =>
    withApp(output, async app => {
      const context = { bucketCount: app.installation.bucketCount, calendar: app.calendar, at: app.now() };
      return await showList(
        app,
        options as ListOptions,
        {
          columns: COLUMNS,
          page: async (tx, at) => await listPeriods(tx, context, at),
          table: rows => (rows.length === 0 ? 'nothing has been earned or posted yet' : periodsTable(rows)),
        },
        output,
      );
    }),
  );

  const close = periods
    .command('close')
    .description('close every half-month that the standing order wants closed by now: settles its days first')
    .requiredOption('--due', 'those whose day has come by the standing order')
    .addHelpText('after', '\nExample:\n  npx apportion periods close --due');
  registry.onRecord(close, async (_args, _options, output) =>
    withApp(output, async app => shown(await closeDue(app, output))),
  );
}

async function closeDue(app: App, output: Output): Promise<ClosedDue> {
  return await closeDuePeriods(app, {
    progressOf: (label, total) => output.progress({ label, total }),
    onError: error => output.note(`apportion: ${error.message}`),
  });
}

function shown({ closed, refused }: ClosedDue): Result {
  const lines = [
    ...closed.map(describe),
    ...(refused === null ? [] : [`${refused.period} stays open: ${refused.refusal.message}`]),
  ];
  return {
    data: {
      items: closed.map(closedRow),
      refused:
        refused === null
          ? null
          : {
              period: refused.period,
              code: refused.refusal.code,
              message: refused.refusal.message,
              details: refused.refusal.details,
            },
    },
    text: lines.length === 0 ? 'no period is due to be closed' : lines.join('\n'),
    exitCode: refused === null ? 0 : 1,
  };
}

function describe({ period, transfers, books, digest }: PeriodSeal): string {
  return `${period} is closed: ${transfers.toLocaleString('en-US')} transfers in ${books.toLocaleString('en-US')} books, seal ${digest}`;
}
