import { type Command, Option } from 'commander';
import type { App } from '../../app.ts';
import { checkAsKnownOn } from '../../domain/as-known-on.ts';
import { addDays, type BusinessDay } from '../../domain/business-day.ts';
import type { PeriodRange } from '../../domain/period.ts';
import { ACCOUNT_KINDS, type AccountKind, TRANSFER_REASONS } from '../../domain/transfer.ts';
import type { TransferFilters } from '../../ledger/transfer-filters.ts';
import { asKnownOnOption, currencyArgument, dayArgument, periodArgument } from '../arguments.ts';

export interface OwnerOptions {
  readonly developer?: string;
  readonly provider?: string;
  readonly fund?: string;
}

export interface AsKnownOnOptions {
  readonly asKnownOn?: Date;
}

interface FilterOptions extends OwnerOptions, AsKnownOnOptions {
  readonly app?: string;
  readonly from?: BusinessDay;
  readonly to?: BusinessDay;
  readonly bookedFrom?: BusinessDay;
  readonly bookedTo?: BusinessDay;
  readonly period?: PeriodRange;
  readonly run?: string;
  readonly decision?: string;
  readonly payout?: string;
  readonly link?: string;
  readonly reason?: string;
  readonly account?: AccountKind;
  readonly currency?: string;
}

/** Whose books. */
export function ownerOptions(command: Command): Command {
  return command
    .option('--developer <id>', 'the developer who owns the book')
    .option('--provider <id>', 'the service provider who owns the book')
    .option('--fund <id>', 'the incentive fund that owns the book');
}

/** Every dimension of a transfer. */
export function filterOptions(command: Command): Command {
  return ownerOptions(command)
    .option('--app <id>', 'the app they are for')
    .addOption(new Option('--account <kind>', 'debited or credited').choices(ACCOUNT_KINDS))
    .option('--currency <code>', 'ISO 4217', currencyArgument)
    .option('--period <period>', 'a half-month such as 2018-04-H1, or a month', periodArgument)
    .option('--from <day>', 'first business day; of what has none, day of booking', dayArgument)
    .option('--to <day>', 'last business day', dayArgument)
    .option('--booked-from <day>', 'first day of booking', dayArgument)
    .option('--booked-to <day>', 'last day of booking', dayArgument)
    .option('--run <id>', "the run, the fund's step or the file of payouts that posted them")
    .option('--decision <id>', 'the decision that posted them')
    .option('--payout <id>', 'the payout of which they are steps')
    .addOption(new Option('--reason <reason>', 'why they were posted').choices(TRANSFER_REASONS))
    .option('--link <id>', 'the two halves of one flow between books')
    .addOption(asKnownOnOption());
}

/** Refuses (`instant_in_future`) what nobody can know yet. */
export function filtersOf(app: App, options: FilterOptions): TransferFilters {
  const { calendar } = app;
  const { bookedFrom, bookedTo } = options;
  return {
    ...ownerFilters(options),
    bucketCount: app.installation.bucketCount,
    appId: options.app,
    from: options.from,
    to: options.to,
    period: options.period,
    runId: options.run,
    decisionId: options.decision,
    payoutId: options.payout,
    link: options.link,
    reason: options.reason,
    account: options.account,
    currency: options.currency,
    bookedFrom: bookedFrom && new Date(calendar.startOf(bookedFrom)),
    bookedBefore: bookedTo && new Date(calendar.startOf(addDays(bookedTo, 1))),
    bookedBy: bookedBy(app, options),
  };
}

export function ownerFilters({ developer, provider, fund }: OwnerOptions) {
  return { developerId: developer, providerId: provider, fundId: fund };
}

/** Refuses (`instant_in_future`) what nobody can know yet. */
export function bookedBy(app: App, { asKnownOn }: AsKnownOnOptions): Date | undefined {
  return asKnownOn && checkAsKnownOn(asKnownOn, app.now());
}

/** What an answer begins with where it is not of now. */
export function asKnownOn({ asKnownOn: instant }: AsKnownOnOptions): { as_known_on?: string } {
  return instant === undefined ? {} : { as_known_on: instant.toISOString() };
}
