import path from 'node:path';
import type { Command } from 'commander';
import type { App } from '../../app.ts';
import { readReferenceFile } from '../../catalog/reference-file.ts';
import { actingPerson } from '../../decisions/acting-person.ts';
import { parseAmount } from '../../domain/nanos.ts';
import { fileRow } from '../../payouts/batches.ts';
import { importAnswers, MAX_ANSWER_BYTES } from '../../payouts/import-answers.ts';
import { recordInvoice } from '../../payouts/invoices.ts';
import { intactFile } from '../../payouts/payment-file.ts';
import { sendBatch } from '../../payouts/send-batch.ts';
import { type UnmatchedAnswer, unmatchedAnswers } from '../../payouts/unmatched.ts';
import { renderAnswers, renderSent, renderUnmatched } from '../../statements/render-payouts.ts';
import { actorArgument, noteArgument } from '../arguments.ts';
import { type CommandRegistry, withApp } from '../command.ts';
import { openOutFile } from '../out-file.ts';
import { payoutDeps } from '../payout-deps.ts';
import { type List, type ListOptions, listOptions, showList } from '../show-list.ts';

/** What goes to the bank and comes back from it, and the invoices that it waits for, below the command `payouts`. */
export function registerBank(payouts: Command, registry: CommandRegistry): void {
  registerSend(payouts, registry);
  registerFile(payouts, registry);
  registerInvoice(payouts, registry);
  registerAnswers(payouts, registry);
  registerUnmatched(payouts, registry);
}

/** Who may: finance or an operator. Returns the person's id as it is recorded. */
async function acting(app: App, { actor, deed }: { readonly actor: string; readonly deed: string }): Promise<string> {
  const roles = ['finance', 'operator'] as const;
  return (await actingPerson(app.db, { actor, at: app.now(), roles, deed })).personId;
}

function registerSend(payouts: Command, registry: CommandRegistry): void {
  const command = payouts
    .command('send')
    .description('write the file of the approved payouts of a batch for the bank; the same name again is the same file')
    .requiredOption('--batch <id>', 'the batch')
    .requiredOption('--out <file>', 'the file to write')
    .requiredOption('--actor <person>', 'who sends them', actorArgument)
    .addHelpText(
      'after',
      '\nExample:\n  npx apportion payouts send --batch 2018-04-H1-CNY-1 --out april-1.csv --actor li.wei',
    );
  registry.onRecord(command, async (_args, given, output) => {
    const { batch: batchId, out, actor } = given as { batch: string; out: string; actor: string };
    return await withApp(output, async app => {
      const person = await acting(app, { actor, deed: 'send payouts' });
      // That it can be written is known before anything is sent.
      const outFile = await openOutFile(out);
      try {
        const { existingSha256 } = outFile;
        const sending = { batchId, name: path.basename(out), existingSha256, actor: person };
        const sent = await sendBatch(payoutDeps(app), sending);
        await outFile.write(sent.content);
        const waiting = sent.waiting.map(({ payout, why }) => ({
          payout: payout.reference,
          book: payout.ownerId,
          why,
        }));
        const data = { ...fileRow(sent.file), batch: batchId, out, fresh: sent.fresh, waiting, ready: sent.ready };
        return { data, text: renderSent(sent, out) };
      } finally {
        await outFile.close();
      }
    });
  });
}

function registerFile(payouts: Command, registry: CommandRegistry): void {
  const command = payouts
    .command('file')
    .description('a file of payouts once more, to the byte as it was sent')
    .argument('<file>', 'its id, as "payouts batches" shows it')
    .option('--out <file>', 'where to write it; standard output unless given')
    .addHelpText(
      'after',
      '\nExample:\n  npx apportion payouts file 01890000-0000-7000-8000-000000000000 --out april-1.csv',
    );
  registry.on(command, async ([fileId = ''], given, output) =>
    withApp(output, async app => {
      const { file, content } = await intactFile(app.db, fileId);
      const { out } = given as { out?: string };
      const data = { ...fileRow(file), batch: file.batchId };
      if (out === undefined)
        return { data: { ...data, content: content.toString() }, text: content.toString().trimEnd() };
      const outFile = await openOutFile(out);
      try {
        await outFile.write(content);
      } finally {
        await outFile.close();
      }
      return { data: { ...data, out }, text: `${out}: ${file.payouts} payouts, SHA-256 ${file.sha256}` };
    }),
  );
}

function registerInvoice(payouts: Command, registry: CommandRegistry): void {
  const command = payouts
    .command('invoice')
    .description("record that a company's invoice for a payout has come")
    .argument('<reference>', 'of the payout')
    .requiredOption('--number <text>', "the invoice's", noteArgument)
    .requiredOption('--amount <decimal>', 'what it is over: the amount of the payout')
    .requiredOption('--actor <person>', 'who records it', actorArgument)
    .addHelpText(
      'after',
      '\nExample:\n  npx apportion payouts invoice 201804H1-CNY-0F2W8R5T1XKQ3M7Z --number 4711 --amount 1234.50 --actor li.wei',
    );
  registry.onRecord(command, async ([reference = ''], given, output) => {
    const { number, amount, actor } = given as { number: string; amount: string; actor: string };
    const amountNanos = parseAmount(amount);
    return await withApp(output, async app => {
      const person = await acting(app, { actor, deed: 'record invoices' });
      const { fresh } = await recordInvoice(payoutDeps(app), { reference, number, amountNanos, actor: person });
      if (!fresh) output.note('apportion: it has been recorded before; nothing was changed');
      return { data: { payout: reference, number, fresh }, text: `${reference}: invoice ${number}` };
    });
  });
}

function registerAnswers(payouts: Command, registry: CommandRegistry): void {
  const command = payouts
    .command('answers')
    .description("take in the bank's answers; exits with 1 if a row matches no payout")
    .argument('<file>', 'CSV with the columns reference,status,amount,currency,bank_reference,booked_on,reason')
    .requiredOption('--actor <person>', 'who takes them in', actorArgument)
    .addHelpText('after', '\nExample:\n  npx apportion payouts answers answers.csv --actor li.wei');
  registry.onRecord(command, async ([source = ''], { actor }, output) => {
    const { text } = await readReferenceFile(source, { maxBytes: MAX_ANSWER_BYTES });
    return await withApp(output, async app => {
      const person = await acting(app, { actor: actor as string, deed: "take in the bank's answers" });
      const file = { text, source, name: path.basename(source) };
      const imported = await importAnswers(payoutDeps(app), { file, actor: person });
      const { fileId, unmatched, ...counts } = imported;
      const items = unmatched.map(({ lineNo, why, row }) => ({ line: lineNo, why, ...row }));
      const data = { file: fileId, ...counts, unmatched: items.length, items };
      return { data, text: renderAnswers(imported), exitCode: items.length === 0 ? 0 : 1 };
    });
  });
}

function registerUnmatched(payouts: Command, registry: CommandRegistry): void {
  const command = listOptions(
    payouts.command('unmatched').description("rows of the bank's answers that have moved no payout, the oldest first"),
  ).addHelpText('after', '\nExample:\n  npx apportion payouts unmatched');
  registry.on(command, async (_args, given, output) =>
    withApp(output, async app => await showList(app, given as ListOptions, UNMATCHED, output)),
  );
}

const UNMATCHED: List<UnmatchedAnswer> = {
  columns: [
    ...['file', 'line', 'why', 'reference', 'status', 'amount', 'currency', 'bank_reference', 'booked_on', 'reason'],
    'imported_at',
  ],
  page: unmatchedAnswers,
  table: renderUnmatched,
};
