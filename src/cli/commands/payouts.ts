import { type Command, Option } from 'commander';
import type { App } from '../../app.ts';
import { openPayoutBatches } from '../../decisions/open-batches.ts';
import { money } from '../../domain/money.ts';
import { nanos } from '../../domain/nanos.ts';
import type { PeriodRange } from '../../domain/period.ts';
import { batchRow, payoutBatches } from '../../payouts/batches.ts';
import { drawUpPayouts } from '../../payouts/draw-up.ts';
import { CARRY_REASONS } from '../../payouts/judge-book.ts';
import { type CarriedRow, listCarried } from '../../payouts/list-carried.ts';
import { listPayouts, type PayoutRow, streamPayouts } from '../../payouts/list-payouts.ts';
import { PAYOUT_STATUSES, type PayoutStatus } from '../../payouts/payout.ts';
import { showPayout } from '../../payouts/show-payout.ts';
import {
  renderBatches,
  renderCarried,
  renderDrawUp,
  renderPayout,
  renderPayoutList,
} from '../../statements/render-payouts.ts';
import { actorArgument, countArgument, currencyArgument, periodArgument } from '../arguments.ts';
import { type CommandRegistry, type Result, withApp } from '../command.ts';
import { csvText, printCsv } from '../csv.ts';
import type { Output } from '../output.ts';
import { payoutDeps } from '../payout-deps.ts';
import { noteNext } from '../show-list.ts';
import { registerPayoutTerms } from './payout-terms.ts';
import { registerBank } from './payouts-bank.ts';

const MOST_ROWS = 100_000;
const MOST_BATCHES = 10_000;
const SHOWN_BATCHES = 100;

export function registerPayouts(program: Command, registry: CommandRegistry): void {
  const payouts = program
    .command('payouts')
    .description('what is paid out of the books, and what it goes by')
    .addHelpText('after', '\nExample:\n  npx apportion payouts draw-up --actor li.wei');
  registerDrawUp(payouts, registry);
  registerBatches(payouts, registry);
  registerList(payouts, registry);
  registerCarried(payouts, registry);
  registerBank(payouts, registry);
  registerPayoutTerms(payouts, registry);
}

function registerDrawUp(payouts: Command, registry: CommandRegistry): void {
  const command = payouts
    .command('draw-up')
    .description('draw up the payouts of the period closed last; again, those that have become possible since')
    .requiredOption('--actor <person>', 'who draws them up', actorArgument)
    .addHelpText('after', '\nExample:\n  npx apportion payouts draw-up --actor li.wei');
  registry.onRecord(command, async (_args, { actor }, output) =>
    withApp(output, async app => {
      const bar = output.progress({ label: 'books', total: app.installation.bucketCount });
      const drawing = { actor: actor as string, onProgress: bar.update };
      const drawUp = await drawUpPayouts(payoutDeps(app), drawing).finally(() => bar.stop());
      const items = drawUp.batches.map(batch => batchRow({ ...batch, byStatus: { due: batch.payouts }, files: [] }));
      const carried = drawUp.carried.map(({ reason, currency, books, amountNanos }) => ({
        ...{ reason, books, amount: money(nanos(amountNanos), currency) },
      }));
      return { data: { period: drawUp.period, items, carried }, text: renderDrawUp(drawUp) };
    }),
  );
}

function registerBatches(payouts: Command, registry: CommandRegistry): void {
  const command = payouts
    .command('batches')
    .description('what was drawn up, where its payouts stand, and the files that were made of it; the last one first')
    .option('--period <period>', 'a half-month such as 2018-04-H1, or a month', periodArgument)
    .option('--currency <code>', 'ISO 4217', currencyArgument)
    .option('--limit <rows>', `at most so many, up to ${MOST_BATCHES}`, countArgument(MOST_BATCHES), SHOWN_BATCHES)
    .addHelpText('after', '\nExample:\n  npx apportion payouts batches');
  registry.on(command, async (_args, given, output) =>
    withApp(output, async app => {
      const { period, currency, limit } = given as { period?: PeriodRange; currency?: string; limit: number };
      const items = await app.db.snapshot(async tx => {
        const proposed = await openPayoutBatches(tx, app.now());
        const asked = { periods: period?.halves ?? null, currency: currency ?? null, limit: limit + 1, proposed };
        return (await payoutBatches(tx, asked)).map(batchRow);
      });
      if (items.length > limit)
        output.note('apportion: there are more batches; narrow them with --period or --currency');
      const shown = items.slice(0, limit);
      return { data: { items: shown }, text: renderBatches(shown) };
    }),
  );
}

interface ListOptions {
  readonly batch?: string;
  readonly period?: PeriodRange;
  readonly currency?: string;
  readonly status?: PayoutStatus;
  readonly developer?: string;
  readonly provider?: string;
  readonly reason?: CarriedRow['reason'];
  readonly limit: number;
  readonly after?: string;
  readonly csv?: boolean;
}

function registerList(payouts: Command, registry: CommandRegistry): void {
  const list = paged(payouts.command('list').description('payouts'))
    .option('--batch <id>', 'of this batch')
    .option('--period <period>', 'a half-month such as 2018-04-H1, or a month', periodArgument)
    .addOption(new Option('--status <status>', 'only these').choices(PAYOUT_STATUSES))
    .addHelpText('after', '\nExample:\n  npx apportion payouts list --batch 2018-04-H1-CNY-1 --status cancelled');
  registry.on(list, async (_args, given, output) =>
    withApp(output, async app => await showList(app, given as unknown as ListOptions, output)),
  );

  const show = payouts
    .command('show')
    .description('a payout with its steps and transfers')
    .argument('<reference>', 'ours')
    .addHelpText('after', '\nExample:\n  npx apportion payouts show 201804H1-CNY-0F2W8R5T1XKQ3M7Z');
  registry.on(show, async ([reference = ''], _options, output) =>
    withApp(output, async app => {
      const { bucketCount } = app.installation;
      const payout = await app.db.snapshot(async tx =>
        showPayout(tx, { reference, bucketCount, proposed: await openPayoutBatches(tx, app.now()) }),
      );
      return { data: payout, text: renderPayout(payout) };
    }),
  );
}

async function showList(app: App, options: ListOptions, output: Output): Promise<Result> {
  const { batch, period, currency, status, developer, provider, limit, after, csv } = options;
  return await app.db.snapshot(async tx => {
    const filters = {
      ...{ bucketCount: app.installation.bucketCount, batch, currency, status },
      ...{ developerId: developer, providerId: provider, periods: period?.halves },
      proposed: await openPayoutBatches(tx, app.now()),
    };
    if (csv === true && after === undefined && limit === MOST_ROWS) {
      await printCsv(PAYOUT_CSV, flat(streamPayouts(tx, filters)));
      return { data: {}, text: '' };
    }
    const page = await listPayouts(tx, { ...filters, limit, after });
    noteNext(output, page.next);
    if (csv === true) await printCsv(PAYOUT_CSV, flat(page.items));
    return { data: page, text: csv === true ? '' : renderPayoutList(page.items) };
  });
}

const PAYOUT_CSV = [
  ...[
    'reference',
    'batch',
    'book',
    'period',
    'status',
    'status_at',
    'status_reason',
    'amount',
    'tax',
    'net',
    'currency',
  ],
  ...['sent', 'sent_currency', 'rate', 'rate_day', 'rate_source', 'destination', 'country', 'payee', 'withholding'],
  'invoice_required',
];

async function* flat(rows: AsyncIterable<PayoutRow> | Iterable<PayoutRow>) {
  for await (const { amount, tax, net, sent, ...row } of rows) {
    yield {
      ...row,
      ...{ amount: amount.amount, tax: tax.amount, net: net.amount, currency: amount.currency },
      ...{ sent: sent.amount, sent_currency: sent.currency, invoice_required: String(row.invoice_required) },
      ...{ destination: csvText(row.destination), rate_source: csvText(row.rate_source) },
      ...{ status_reason: csvText(row.status_reason), book: csvText(row.book) },
    };
  }
}

function registerCarried(payouts: Command, registry: CommandRegistry): void {
  const command = paged(
    payouts.command('carried').description('what is not paid of the period closed last, and why, by what holds now'),
  )
    .addOption(new Option('--reason <reason>', 'only these').choices([...CARRY_REASONS, 'not_drawn_up']))
    .addHelpText('after', '\nExample:\n  npx apportion payouts carried --reason no_destination');
  registry.on(command, async (_args, given, output) =>
    withApp(output, async app => {
      const { developer, provider, currency, reason, limit, after, csv } = given as unknown as ListOptions;
      const day = app.calendar.dayOf(app.now().getTime());
      const filters = {
        ...{ bucketCount: app.installation.bucketCount, day, currency, reason },
        ...{ developerId: developer, providerId: provider },
      };
      const page = await app.db.snapshot(tx => listCarried(tx, { ...filters, limit, after }));
      noteNext(output, page.next);
      if (csv === true) await printCsv(['book', 'amount', 'currency', 'reason'], page.items);
      return { data: page, text: csv === true ? '' : renderCarried(page.items) };
    }),
  );
}

function paged(command: Command): Command {
  return command
    .option('--developer <id>', 'the developer who owns the book')
    .option('--provider <id>', 'the service provider who owns the book')
    .option('--currency <code>', 'ISO 4217, of the book', currencyArgument)
    .option('--limit <rows>', `at most so many rows, up to ${MOST_ROWS}`, countArgument(MOST_ROWS), MOST_ROWS)
    .option('--after <cursor>', 'go on behind the row where the last page ended')
    .option('--csv', 'print CSV');
}
