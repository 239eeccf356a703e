import type { Command } from 'commander';
import { openPayoutBatches } from '../../decisions/open-batches.ts';
import { money } from '../../domain/money.ts';
import { nanos } from '../../domain/nanos.ts';
import { batchRow } from '../../payouts/batches.ts';
import { drawUpPayouts } from '../../payouts/draw-up.ts';
import { showPayout } from '../../payouts/show-payout.ts';
import { renderDrawUp, renderPayout } from '../../statements/render-payouts.ts';
import { actorArgument } from '../arguments.ts';
import { type CommandRegistry, withApp } from '../command.ts';
import { payoutDeps } from '../payout-deps.ts';
import { registerPayoutLists } from './payout-lists.ts';
import { registerPayoutTerms } from './payout-terms.ts';
import { registerBank } from './payouts-bank.ts';

export function registerPayouts(program: Command, registry: CommandRegistry): void {
  const payouts = program
    .command('payouts')
    .description('what is paid out of the books, and what it goes by')
    .addHelpText('after', '\nExample:\n  npx apportion payouts draw-up --actor li.wei');
  registerDrawUp(payouts, registry);
  registerPayoutLists(payouts, registry);
  registerShow(payouts, registry);
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

function registerShow(payouts: Command, registry: CommandRegistry): void {
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
