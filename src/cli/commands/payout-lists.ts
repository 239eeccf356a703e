import { type Command, Option } from 'commander';
import type pg from 'pg';
import type { App } from '../../app.ts';
import { openPayoutBatches } from '../../decisions/open-batches.ts';
import type { PeriodRange } from '../../domain/period.ts';
import { type BatchRow, listBatches } from '../../payouts/batches.ts';
import { CARRY_REASONS } from '../../payouts/judge-book.ts';
import { type CarriedRow, listCarried, streamCarried } from '../../payouts/list-carried.ts';
import { listPayouts, type PayoutRow, streamPayouts } from '../../payouts/list-payouts.ts';
import { PAYOUT_STATUSES, type PayoutStatus } from '../../payouts/payout.ts';
import { periodOfPayouts } from '../../payouts/period-of-payouts.ts';
import { renderBatches, renderCarried, renderPayoutList } from '../../statements/render-payouts.ts';
import { currencyArgument, periodArgument } from '../arguments.ts';
import { type CommandRegistry, withApp } from '../command.ts';
import { type List, type ListOptions, listOptions, showList } from '../show-list.ts';

interface BatchesOptions extends ListOptions {
  readonly period?: PeriodRange;
  readonly currency?: string;
}

interface BookOptions extends ListOptions {
  readonly developer?: string;
  readonly provider?: string;
  readonly currency?: string;
}

interface PayoutsOptions extends BookOptions {
  readonly batch?: string;
  readonly period?: PeriodRange;
  readonly status?: PayoutStatus;
}

interface CarriedOptions extends BookOptions {
  readonly reason?: CarriedRow['reason'];
}

/** Batches, payouts, and what is not paid, below the command `payouts`. */
export function registerPayoutLists(payouts: Command, registry: CommandRegistry): void {
  const batches = listOptions(
    payouts
      .command('batches')
      .description('what was drawn up, where its payouts stand, and the files that were made of it; the last one first')
      .option('--period <period>', 'a half-month such as 2018-04-H1, or a month', periodArgument)
      .option('--currency <code>', 'ISO 4217', currencyArgument),
  ).addHelpText('after', '\nExample:\n  npx apportion payouts batches');
  registry.on(batches, async (_args, given, output) =>
    withApp(output, async app => await showList(app, given as BatchesOptions, batchList(app, given), output)),
  );

  const list = bookOptions(payouts.command('list').description('payouts'))
    .option('--batch <id>', 'of this batch')
    .option('--period <period>', 'a half-month such as 2018-04-H1, or a month', periodArgument)
    .addOption(new Option('--status <status>', 'only these').choices(PAYOUT_STATUSES))
    .addHelpText('after', '\nExample:\n  npx apportion payouts list --batch 2018-04-H1-CNY-1 --status cancelled');
  registry.on(list, async (_args, given, output) =>
    withApp(output, async app => await showList(app, given as PayoutsOptions, payoutList(app, given), output)),
  );

  const carried = bookOptions(
    payouts.command('carried').description('what is not paid of the period closed last, and why, by what holds now'),
  )
    .addOption(new Option('--reason <reason>', 'only these').choices([...CARRY_REASONS, 'not_drawn_up']))
    .addHelpText('after', '\nExample:\n  npx apportion payouts carried --reason no_destination');
  registry.on(carried, async (_args, given, output) =>
    withApp(output, async app => await showList(app, given as CarriedOptions, carriedList(app, given), output)),
  );
}

function bookOptions(command: Command): Command {
  return listOptions(
    command
      .option('--developer <id>', 'the developer who owns the book')
      .option('--provider <id>', 'the service provider who owns the book')
      .option('--currency <code>', 'ISO 4217, of the book', currencyArgument),
  );
}

function batchList(app: App, { period, currency }: BatchesOptions): List<BatchRow> {
  return {
    columns: [
      ...['id', 'period', 'currency', 'due_on', 'payouts', 'amount', 'threshold', 'drawn_up_at', 'drawn_up_by'],
      ...['by_status', 'files'],
    ],
    page: async (tx, at) => {
      const proposed = await openPayoutBatches(tx, app.now());
      return await listBatches(tx, { periods: period?.halves ?? null, currency: currency ?? null, proposed, ...at });
    },
    table: renderBatches,
  };
}

const PAYOUT_COLUMNS = [
  ...['reference', 'batch', 'book', 'period', 'status', 'status_at', 'status_reason', 'amount', 'tax', 'net'],
  ...['currency', 'sent', 'sent_currency', 'rate', 'rate_day', 'rate_source', 'destination', 'country', 'payee'],
  ...['withholding', 'invoice_required'],
];

function payoutList(
  app: App,
  { developer, provider, batch, currency, status, period }: PayoutsOptions,
): List<PayoutRow> {
  const filters = async (tx: pg.ClientBase) => ({
    ...{ developerId: developer, providerId: provider, batch, currency, status, periods: period?.halves },
    bucketCount: app.installation.bucketCount,
    proposed: await openPayoutBatches(tx, app.now()),
  });
  return {
    columns: PAYOUT_COLUMNS,
    page: async (tx, at) => await listPayouts(tx, { ...(await filters(tx)), ...at }),
    async *rows(tx, at) {
      yield* streamPayouts(tx, { ...(await filters(tx)), ...at });
    },
    csvRow: ({ sent, ...row }) => ({ ...row, sent: sent.amount, sent_currency: sent.currency }),
    table: renderPayoutList,
  };
}

function carriedList(app: App, { developer, provider, currency, reason }: CarriedOptions): List<CarriedRow> {
  const filters = {
    ...{ developerId: developer, providerId: provider, currency, reason },
    ...{ bucketCount: app.installation.bucketCount, day: app.calendar.dayOf(app.now().getTime()) },
  };
  return {
    columns: ['book', 'amount', 'currency', 'reason'],
    head: async tx => ({ period: await periodOfPayouts(tx) }),
    page: async (tx, at) => await listCarried(tx, { ...filters, ...at }),
    rows: (tx, at) => streamCarried(tx, { ...filters, ...at }),
    table: renderCarried,
  };
}
