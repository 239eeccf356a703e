import type { Command } from 'commander';
import { Option } from 'commander';
import type { App } from '../../app.ts';
import { type PeriodBalances, periodBalances } from '../../ledger/period-balances.ts';
import { type TrialBalance, type TrialBalanceFilters, trialBalance } from '../../ledger/trial-balance.ts';
import { decimal, grouped, left, textTable } from '../../statements/text-table.ts';
import { asKnownOnOption, currencyArgument, periodArgument } from '../arguments.ts';
import { type CommandRegistry, type Result, withApp } from '../command.ts';
import { printCsv } from '../csv.ts';
import { type AsKnownOnOptions, asKnownOn, bookedBy } from './ledger-filters.ts';

interface TrialBalanceOptions extends AsKnownOnOptions, Pick<TrialBalanceFilters, 'currency' | 'period'> {
  readonly byPeriod?: boolean;
  readonly run?: string;
  readonly decision?: string;
  readonly csv?: boolean;
}

export function registerTrialBalance(ledger: Command, registry: CommandRegistry): void {
  const trial = ledger
    .command('trial-balance')
    .description('debits and credits of each kind of account; exits with 1 unless they balance')
    .option('--currency <code>', 'ISO 4217', currencyArgument)
    .option('--period <period>', 'a half-month such as 2018-04-H1, or a month', periodArgument)
    .addOption(
      new Option('--by-period', 'period by period, with opening and closing balances').conflicts(['run', 'decision']),
    )
    .option('--run <id>', "only what this run, fund's step or file of payouts posted")
    .option('--decision <id>', 'only what this decision posted')
    .addOption(asKnownOnOption())
    .addOption(new Option('--csv', 'print CSV').conflicts('json'))
    .addHelpText('after', '\nExample:\n  npx apportion ledger trial-balance --period 2018-04');
  registry.on(trial, async (_args, given, output) => {
    const options = given as TrialBalanceOptions;
    return await withApp(output, async app => await (options.byPeriod ? showPeriods : showWhole)(app, options));
  });
}

async function showWhole(app: App, options: TrialBalanceOptions): Promise<Result> {
  const { currency, period, run: runId, decision: decisionId, csv } = options;
  const balance = await trialBalance(app.db, { currency, period, runId, decisionId, bookedBy: bookedBy(app, options) });
  if (csv === true) await printCsv(['account', 'debits', 'credits', 'balance', 'currency'], balance.items);
  return {
    data: { ...asKnownOn(options), ...balance },
    text: csv === true ? '' : wholeTable(balance),
    exitCode: balance.balanced ? 0 : 1,
  };
}

function wholeTable({ items, totals, balanced }: TrialBalance): string {
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
  return [...table, verdict(balanced)].join('\n');
}

async function showPeriods(app: App, options: TrialBalanceOptions): Promise<Result> {
  const { currency, period, csv } = options;
  const balances = await periodBalances(app.db, { currency, period, bookedBy: bookedBy(app, options) });
  const columns = ['period', 'account', 'opening', 'debits', 'credits', 'closing', 'currency'];
  if (csv === true) await printCsv(columns, balances.items);
  return {
    data: { ...asKnownOn(options), ...balances },
    text: csv === true ? '' : periodsTable(balances),
    exitCode: balances.balanced ? 0 : 1,
  };
}

function periodsTable({ items, totals, balanced }: PeriodBalances): string {
  const rows = totals.flatMap(total => {
    const { period, currency } = total;
    const accounts = items.filter(each => each.period === period && each.opening.currency === currency);
    const ofTotal = [period, 'total', '', grouped(total.debits.amount), grouped(total.credits.amount), '', currency];
    return [...accounts.map(each => periodRow(each)), ofTotal];
  });
  const table = textTable(
    [
      ...[left('Period'), left('Account'), decimal('Opening'), decimal('Debits'), decimal('Credits')],
      ...[decimal('Closing'), left('Currency')],
    ],
    rows,
  );
  return [...table, verdict(balanced)].join('\n');
}

function periodRow({ period, account, opening, debits, credits, closing }: PeriodBalances['items'][number]): string[] {
  const amounts = [opening, debits, credits, closing].map(({ amount }) => grouped(amount));
  return [period, account, ...amounts, opening.currency];
}

function verdict(balanced: boolean): string {
  return balanced ? 'balanced' : 'NOT BALANCED';
}
