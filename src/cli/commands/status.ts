import type { Command } from 'commander';
import { type Column, grouped, left, textTable } from '../../statements/text-table.ts';
import { readStatus, type Status } from '../../status.ts';
import { countArgument } from '../arguments.ts';
import { type CommandRegistry, withApp } from '../command.ts';

const DEFAULT_DAYS = 7;
const MOST_DAYS = 366;
const NAMED_BATCHES = 3;

export function registerStatus(program: Command, registry: CommandRegistry): void {
  const status = program
    .command('status')
    .description('what is behind, stuck, due, rejected or in conflict; exits with 1 if anything is stuck')
    .option('--days <days>', 'count what was rejected in so many days', countArgument(MOST_DAYS), DEFAULT_DAYS)
    .addHelpText('after', '\nExample:\n  npx apportion status');
  registry.on(status, async (_args, given, output) =>
    withApp(output, async app => {
      const found = await readStatus(app, given as { days: number });
      return { data: found, text: describe(found), exitCode: found.stuck.length > 0 ? 1 : 0 };
    }),
  );
}

const COLUMNS: readonly Column[] = [left(''), left('')];

function describe({ inbox, due, runs, periods, payouts, queue, recent, waits, warnings, stuck }: Status): string {
  const rejected = Object.entries(recent.rejected).map(([reason, lines]) => `${grouped(lines)} ${reason}`);
  const within = recent.days === 1 ? 'in a day' : `in ${recent.days} days`;
  const rows = [
    ['inbox', inboxText(inbox)],
    ['due', dueText(due)],
    ['runs', runsText(runs)],
    ...periodRows(periods),
    ...payoutRows(payouts),
    ['queue', queue === null ? 'can’t be reached' : queueText(queue)],
    ['rejected', `${rejected.length === 0 ? 'nothing' : rejected.join(', ')} ${within}`],
    ['conflicts', `${recent.conflicts === 0 ? 'none' : grouped(recent.conflicts)} ${within}`],
    ...waitRows(waits),
  ];
  return [
    ...textTable(COLUMNS, rows),
    '',
    ...warnings.map(each => `WARNING: ${each}`),
    ...(stuck.length === 0 ? ['nothing is stuck'] : stuck.map(each => `STUCK: ${each}`)),
  ].join('\n');
}

function inboxText({ pending_batches, pending_lines, oldest_pending_at, last_processed_at }: Status['inbox']): string {
  if (pending_batches > 0) {
    return `${grouped(pending_lines)} lines in ${grouped(pending_batches)} batches wait since ${oldest_pending_at}`;
  }
  return last_processed_at === null ? 'empty' : `all processed, the last at ${last_processed_at}`;
}

function dueText({ overdue, days, oldest_day, open }: Status['due']): string {
  const later = open === 0 ? '' : `; ${grouped(open)} more on days that are not over`;
  if (overdue === 0) return `nothing on days that are over${later}`;
  return `${grouped(overdue)} developers' days on ${grouped(days)} business days since ${oldest_day}${later}`;
}

function runsText({ unfinished, oldest_unfinished_at, last }: Status['runs']): string {
  const latest = last === null ? 'none yet' : `last of ${last.business_date}, requested at ${last.requested_at}`;
  return unfinished === 0 ? latest : `${grouped(unfinished)} unfinished since ${oldest_unfinished_at}; ${latest}`;
}

function queueText(queue: NonNullable<Status['queue']>): string {
  return Object.entries(queue)
    .map(([kind, { waiting, active, failed }]) => {
      const counted = [`${grouped(waiting)} waiting`, `${grouped(active)} active`];
      if (failed > 0) counted.push(`${grouped(failed)} failed`);
      return `${kind} ${counted.join(', ')}`;
    })
    .join('; ');
}

/** Whom each waits for, in lines of their own; none where nobody waits. */
function waitRows(waits: Status['waits']): string[][] {
  return waits.map(({ lock, pid, since, for: holders }, index) => {
    const whom = holders.map(holder => {
      const where = holder.address === null ? '' : ` from ${holder.address}`;
      return `process ${holder.pid}${where}, ${holder.idle ? 'between two statements, ' : ''}in a transaction since ${holder.since}`;
    });
    return [index === 0 ? 'waits' : '', `process ${pid} for ${lock} since ${since}, for ${whom.join('; ')}`];
  });
}

function periodRows({ last_closed, open, blocks, closes_on, unissued }: Status['periods']): string[][] {
  const closed = last_closed === null ? 'none closed yet' : `closed up to ${last_closed.period}`;
  const over = open.length === 0 ? '' : `; ${open.join(', ')} ${open.length === 1 ? 'is' : 'are'} over and open`;
  const order = closes_on === null ? '; no standing order to close' : `; the next closes on ${closes_on}`;
  const statements = unissued.length === 0 ? '' : `; statements of ${unissued.join(', ')} not issued`;
  return [
    ['periods', `${closed}${over}${order}${statements}`],
    ...blocks.map(({ message, remedy }) => ['', `${message}; ${remedy}`]),
  ];
}

function payoutRows({ due, proposed, approved, sent, unmatched_answers: unmatched }: Status['payouts']): string[][] {
  const late = ({ overdue, due_on: dueOn }: typeof due) =>
    `, due from ${dueOn} on${overdue === 0 ? '' : `, ${grouped(overdue)} overdue`}`;
  const rows = [
    ...(due.payouts === 0 ? [] : [`${payoutsIn(due)} to propose${late(due)}`]),
    ...(proposed.payouts === 0 ? [] : [`${payoutsIn(proposed)} to approve${late(proposed)}`]),
    ...(approved.payouts === 0 ? [] : [`${payoutsIn(approved)} to send${late(approved)}`]),
    ...(sent.payouts === 0 ? [] : [`${payoutsIn(sent)} sent since ${sent.sent_at}, unanswered by the bank`]),
    ...(unmatched === 0 ? [] : [`${grouped(unmatched)} answers of the bank match no payout`]),
  ];
  return (rows.length === 0 ? ['nothing waits'] : rows).map((row, index) => [index === 0 ? 'payouts' : '', row]);
}

function payoutsIn({ payouts, batches }: Status['payouts']['due']): string {
  const named = batches.slice(0, NAMED_BATCHES).join(', ');
  const more = batches.length > NAMED_BATCHES ? ` and ${grouped(batches.length - NAMED_BATCHES)} more batches` : '';
  return `${grouped(payouts)} ${payouts === 1 ? 'payout' : 'payouts'} of ${named}${more}`;
}
