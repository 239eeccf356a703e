import type { Command } from 'commander';
import type pg from 'pg';
import type { App } from '../../app.ts';
import { readReferenceFile } from '../../catalog/reference-file.ts';
import { actingPerson } from '../../decisions/acting-person.ts';
import type { BusinessDay } from '../../domain/business-day.ts';
import { importPayees } from '../../payouts/import-payees.ts';
import { importExchangeRates } from '../../payouts/import-rates.ts';
import { importPayoutTerms } from '../../payouts/import-terms.ts';
import { listPayees, type PayeeRow } from '../../payouts/list-payees.ts';
import { listRates, type RateRow } from '../../payouts/list-rates.ts';
import { listPayoutTerms } from '../../payouts/list-terms.ts';
import { parsePayees } from '../../payouts/payee-file.ts';
import type { PayoutImport, Recording } from '../../payouts/record-import.ts';
import { parsePayoutTerms } from '../../payouts/terms-file.ts';
import { renderPayees, renderPayoutTerms, renderRates } from '../../statements/render-payout-terms.ts';
import { actorArgument, currencyArgument, dayArgument } from '../arguments.ts';
import { type CommandRegistry, type Result, withApp } from '../command.ts';
import type { Output } from '../output.ts';
import { type List, type ListOptions, listOptions, showList } from '../show-list.ts';

/** What payouts go by: terms, payees and rates of exchange, below the command `payouts`. */
export function registerPayoutTerms(payouts: Command, registry: CommandRegistry): void {
  registerTerms(payouts, registry);
  registerPayees(payouts, registry);
  registerRates(payouts, registry);
}

function registerTerms(payouts: Command, registry: CommandRegistry): void {
  const terms = payouts
    .command('terms')
    .description('thresholds, days until payment, tables of tax, rules on invoices')
    .addHelpText('after', '\nExample:\n  npx apportion payouts terms import payout-terms.json --actor li.wei');
  const load = terms
    .command('import')
    .description('add and change what the file names; importing it again changes nothing')
    .argument('<file>', 'terms as JSON')
    .requiredOption('--actor <id>', 'who records them', actorArgument)
    .addHelpText('after', '\nExample:\n  npx apportion payouts terms import payout-terms.json --actor li.wei');
  registry.onRecord(load, async ([path = ''], { actor }, output) => {
    const { text, source } = await readReferenceFile(path);
    const file = parsePayoutTerms(text, source);
    return await imported(output, {
      actor: actor as string,
      what: 'payout terms',
      work: async (tx, recording) => await importPayoutTerms(tx, file, recording),
    });
  });

  const list = terms
    .command('list')
    .description('the terms that hold')
    .option('--on <day>', 'only what is in force on that day', dayArgument)
    .addHelpText('after', '\nExample:\n  npx apportion payouts terms list --on 2018-04-16');
  registry.on(list, async (_args, { on }, output) =>
    withApp(output, async app => {
      const items = await app.db.snapshot(tx => listPayoutTerms(tx, { on: (on as BusinessDay | undefined) ?? null }));
      return { data: { items }, text: renderPayoutTerms(items) };
    }),
  );
}

function registerPayees(payouts: Command, registry: CommandRegistry): void {
  const payees = payouts
    .command('payees')
    .description('where the owners of books want their money')
    .addHelpText('after', '\nExample:\n  npx apportion payouts payees import payees.json --actor li.wei');
  const load = payees
    .command('import')
    .description('add and change the payees of the file; importing it again changes nothing')
    .argument('<file>', 'payees as JSON')
    .requiredOption('--actor <id>', 'who records them', actorArgument)
    .addHelpText('after', '\nExample:\n  npx apportion payouts payees import payees.json --actor li.wei');
  registry.onRecord(load, async ([path = ''], { actor }, output) => {
    const { text, source } = await readReferenceFile(path);
    const file = parsePayees(text, source);
    return await imported(output, {
      actor: actor as string,
      what: 'payees',
      work: async (tx, recording) => await importPayees(tx, file, recording),
    });
  });

  const list = listOptions(payees.command('list').description('payees as they were recorded last')).addHelpText(
    'after',
    '\nExample:\n  npx apportion payouts payees list',
  );
  registry.on(list, async (_args, given, output) =>
    withApp(output, async app => await showList(app, given as ListOptions, PAYEES, output)),
  );
}

const RECORDED = ['recorded_at', 'recorded_by'];

const PAYEES: List<PayeeRow> = {
  columns: ['id', 'destination', 'currency', 'minimum', 'hold', ...RECORDED],
  page: listPayees,
  table: renderPayees,
};

function registerRates(payouts: Command, registry: CommandRegistry): void {
  const rates = payouts
    .command('rates')
    .description('rates of exchange for payouts in another currency')
    .addHelpText('after', '\nExample:\n  npx apportion payouts rates import rates.csv --actor li.wei');
  const load = rates
    .command('import')
    .description('add and correct the rates of the file; importing it again changes nothing')
    .argument('<file>', 'CSV with the columns source_currency,target_currency,day,rate,source')
    .requiredOption('--actor <id>', 'who records them', actorArgument)
    .addHelpText('after', '\nExample:\n  npx apportion payouts rates import rates.csv --actor li.wei');
  registry.onRecord(load, async ([path = ''], { actor }, output) => {
    const file = await readReferenceFile(path);
    return await imported(output, {
      actor: actor as string,
      what: 'rates',
      work: async (tx, recording, app) => {
        const today = app.calendar.dayOf(recording.recordedAt.getTime());
        return await importExchangeRates(tx, { ...file, today }, recording);
      },
    });
  });

  const list = listOptions(rates.command('list').description('rates as they were recorded last'))
    .option('--source <code>', 'from this currency', currencyArgument)
    .option('--target <code>', 'into this currency', currencyArgument)
    .addHelpText('after', '\nExample:\n  npx apportion payouts rates list --source CNY --target USD');
  registry.on(list, async (_args, given, output) =>
    withApp(output, async app => await showList(app, given as RatesOptions, rateList(given), output)),
  );
}

interface RatesOptions extends ListOptions {
  readonly source?: string;
  readonly target?: string;
}

function rateList({ source, target }: RatesOptions): List<RateRow> {
  return {
    columns: ['source_currency', 'target_currency', 'day', 'rate', 'source', ...RECORDED],
    page: async (tx, at) => await listRates(tx, { sourceCurrency: source, targetCurrency: target, ...at }),
    table: renderRates,
  };
}

/** Records a file in one transaction with the check that its actor may. */
async function imported(
  output: Output,
  {
    actor,
    what,
    work,
  }: {
    readonly actor: string;
    readonly what: string;
    readonly work: (tx: pg.ClientBase, recording: Recording, app: App) => Promise<PayoutImport>;
  },
): Promise<Result> {
  return await withApp(output, async app => {
    const { importNo, ...counts } = await app.db.transaction(async tx => {
      const recordedAt = app.now();
      const deed = `record ${what}`;
      const person = await actingPerson(tx, { actor, at: recordedAt, roles: ['finance', 'operator'], deed });
      return await work(tx, { recordedAt, actor: person.personId }, app);
    });
    const { added, changed, unchanged } = counts;
    return {
      data: { import: importNo, ...counts },
      text: `${what}, import ${importNo}: ${added} added, ${changed} changed, ${unchanged} unchanged`,
    };
  });
}
