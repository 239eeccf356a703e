import { type Command, Option } from 'commander';
import type { App } from '../../app.ts';
import type { Queryable } from '../../db/database.ts';
import { checkAsKnownOn } from '../../domain/as-known-on.ts';
import type { BusinessDay } from '../../domain/business-day.ts';
import type { PeriodRange } from '../../domain/period.ts';
import { ACCOUNT_KINDS, type AccountKind, TRANSFER_REASONS } from '../../domain/transfer.ts';
import { type BalanceRow, listBalances } from '../../ledger/list-balances.ts';
import { listTransfers, streamTransfers } from '../../ledger/list-transfers.ts';
import type { TransferFilters } from '../../ledger/transfer-filters.ts';
import type { TransferRow } from '../../ledger/transfer-row.ts';
import { type TrialBalance, trialBalance } from '../../ledger/trial-balance.ts';
import { dayOfRun } from '../../settlement/runs-of-days.ts';
import { type Column, grouped, textTable } from '../../statements/text-table.ts';
import { asKnownOnOption, countArgument, currencyArgument, dayArgument, periodArgument } from '../arguments.ts';
import { type CommandRegistry, type Result, withApp } from '../command.ts';
import { printCsv } from '../csv.ts';
import type { Output } from '../output.ts';

const MOST_ROWS = 100_000;

interface LedgerOptions {
  readonly developer?: string;
  readonly provider?: string;
  readonly app?: string;
  readonly from?: BusinessDay;
  readonly to?: BusinessDay;
  readonly period?: PeriodRange;
  readonly run?: string;
  readonly reason?: string;
  readonly account?: AccountKind;
  readonly currency?: string;
  readonly limit: number;
  readonly after?: string;
  readonly csv?: boolean;
  readonly asKnownOn?: Date;
}

export function registerLedger(program: Command, registry: CommandRegistry): void {
  const ledger = program
    .command('ledger')
    .description("finance's queries")
    .addHelpText('after', '\nExample:\n  npx apportion ledger trial-balance');
  const account = () => new Option('--account <kind>', 'debited or credited').choices(ACCOUNT_KINDS);
  const paged = (command: Command) =>
    command
      .option('--developer <id>', 'the owner of the book')
      .option('--provider <id>', 'the service provider who owns the book')
      .addOption(account())
      .option('--currency <code>', 'ISO 4217', currencyArgument)
      .addOption(asKnownOnOption())
      .option('--limit <rows>', `at most so many rows, up to ${MOST_ROWS}`, countArgument(MOST_ROWS), MOST_ROWS)
      .option('--after <cursor>', 'go on behind the row where the last page ended')
      .option('--csv', 'print CSV');

  const transfers = paged(ledger.command('transfers').description('movements between accounts'))
    .option('--app <id>', 'the app they are for')
    .option('--from <day>', 'first business day', dayArgument)
    .option('--to <day>', 'last business day', dayArgument)
    .option('--period <period>', 'a half-month such as 2018-04-H1, or a month', periodArgument)
    .option('--run <id>', 'the run that posted them')
    .addOption(new Option('--reason <reason>', 'why they were posted').choices(TRANSFER_REASONS))
    .addHelpText('after', '\nExample:\n  npx apportion ledger transfers --developer dev_7 --period 2018-04-H1 --csv');
  registry.on(transfers, async (_args, options, output) =>
    withApp(output, async app => await showTransfers(app, options as unknown as LedgerOptions, output)),
  );

  const balances = paged(
    ledger.command('balances').description('what stands on each account: credits − debits'),
  ).addHelpText('after', '\nExample:\n  npx apportion ledger balances --account payable');
  registry.on(balances, async (_args, options, output) =>
    withApp(output, async app => await showBalances(app, options as unknown as LedgerOptions, output)),
  );

  const trial = ledger
    .command('trial-balance')
    .description('debits and credits of each kind of account; exits with 1 unless they balance')
    .option('--currency <code>', 'ISO 4217', currencyArgument)
    .option('--period <period>', 'a half-month such as 2018-04-H1, or a month', periodArgument)
    .addOption(asKnownOnOption())
    .addHelpText('after', '\nExample:\n  npx apportion ledger trial-balance --period 2018-04');
  registry.on(trial, async (_args, options, output) =>
    withApp(output, async app => await showTrialBalance(app, options as unknown as LedgerOptions)),
  );
}

async function showTransfers(app: App, options: LedgerOptions, output: Output): Promise<Result> {
  const filters: TransferFilters = {
    bucketCount: app.installation.bucketCount,
    developerId: options.developer,
    providerId: options.provider,
    appId: options.app,
    from: options.from,
    to: options.to,
    period: options.period,
    runId: options.run,
    reason: options.reason,
    account: options.account,
    currency: options.currency,
    bookedBy: bookedBy(app, options),
  };
  if (options.csv === true && options.after === undefined && options.limit === MOST_ROWS) {
    await app.db.snapshot(async tx => await printCsv(TRANSFER_CSV, streamTransfers(tx, await onDayOfRun(tx, filters))));
    return { data: {}, text: '' };
  }
  const page = await app.db.snapshot(
    async tx =>
      await listTransfers(tx, { ...(await onDayOfRun(tx, filters)), limit: options.limit, after: options.after }),
  );
  noteNext(page.next, output);
  if (options.csv === true) await printCsv(TRANSFER_CSV, page.items);
  return { data: { ...asKnownOn(options), ...page }, text: options.csv === true ? '' : transfersTable(page.items) };
}

/** Refuses (`instant_in_future`) what nobody can know yet. */
function bookedBy(app: App, options: Pick<LedgerOptions, 'asKnownOn'>): Date | undefined {
  return options.asKnownOn && checkAsKnownOn(options.asKnownOn, app.now());
}

function asKnownOn({ asKnownOn: instant }: Pick<LedgerOptions, 'asKnownOn'>): { as_known_on?: string } {
  return instant === undefined ? {} : { as_known_on: instant.toISOString() };
}

/** A run settles one day, so only that day's transfers need to be searched for it. */
async function onDayOfRun(tx: Queryable, filters: TransferFilters): Promise<TransferFilters> {
  const day = filters.runId === undefined ? null : await dayOfRun(tx, filters.runId);
  return day === null ? filters : { ...filters, from: day, to: day };
}

const TRANSFER_CSV = [
  'id',
  'developer_id',
  'app_id',
  'business_date',
  'period',
  'debit',
  'credit',
  'amount',
  'currency',
  'reason',
  'run_id',
  'version',
  'link',
  'corrects',
  'booked_at',
  'provider_id',
  'decision_id',
];

const left = (title: string): Column => ({ title, align: 'left' });
const right = (title: string): Column => ({ title, align: 'right' });
const decimal = (title: string): Column => ({ title, align: 'decimal' });

function transfersTable(rows: readonly TransferRow[]): string {
  return textTable(
    [
      left('Owner'),
      left('App'),
      left('Day'),
      left('Debit'),
      left('Credit'),
      decimal('Amount'),
      left('Currency'),
      right('Version'),
    ],
    rows.map(row => [
      row.developer_id,
      row.app_id ?? '',
      row.business_date ?? '',
      row.debit,
      row.credit,
      grouped(row.amount.amount),
      row.amount.currency,
      String(row.version ?? ''),
    ]),
  ).join('\n');
}

async function showBalances(app: App, options: LedgerOptions, output: Output): Promise<Result> {
  const page = await app.db.snapshot(tx =>
    listBalances(tx, {
      bucketCount: app.installation.bucketCount,
      developerId: options.developer,
      providerId: options.provider,
      account: options.account,
      currency: options.currency,
      bookedBy: bookedBy(app, options),
      limit: options.limit,
      after: options.after,
    }),
  );
  noteNext(page.next, output);
  if (options.csv === true) await printCsv(['developer_id', 'account', 'balance', 'currency'], page.items);
  return { data: { ...asKnownOn(options), ...page }, text: options.csv === true ? '' : balancesTable(page.items) };
}

function balancesTable(rows: readonly BalanceRow[]): string {
  return textTable(
    [left('Owner'), left('Account'), decimal('Balance'), left('Currency')],
    rows.map(row => [row.developer_id, row.account, grouped(row.balance.amount), row.balance.currency]),
  ).join('\n');
}

async function showTrialBalance(app: App, options: LedgerOptions): Promise<Result> {
  const balance = await trialBalance(app.db, {
    currency: options.currency,
    period: options.period,
    bookedBy: bookedBy(app, options),
  });
  return {
    data: { ...asKnownOn(options), ...balance },
    text: trialBalanceTable(balance),
    exitCode: balance.balanced ? 0 : 1,
  };
}

function trialBalanceTable({ items, totals, balanced }: TrialBalance): string {
  const table = textTable(
    [left('Account'), decimal('Debits'), decimal('Credits'), decimal('Balance'), left('Currency')],
    [...items, ...totals.map(total => ({ ...total, account: 'total' }))].map(row => [
      row.account,
      grouped(row.debits.amount),
      grouped(row.credits.amount),
      grouped(row.balance.amount),
      row.balance.currency,
    ]),
  );
  return [...table, balanced ? 'balanced' : 'NOT BALANCED'].join('\n');
}

function noteNext(next: string | null, output: Output): void {
  if (next !== null) output.note(`apportion: there are more rows; go on with --after '${next}'`);
}
