import { readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { adjustment } from '../support/deciding.ts';
import { currencyEntry } from '../support/payout-terms.ts';
import { kills } from '../support/runs.ts';
import {
  approve,
  done,
  expectNothingDiffers,
  KillsAtAnyMoment,
  killWhileItWrites,
  limitOf,
  openKilling,
  propose,
  timeOf,
} from './killed-command.ts';
import type { Machine } from './machine.ts';
import { DEVELOPERS, numbers } from './reference-data.ts';
import { writeLines } from './site.ts';

/** Up to KILLS=9 in the environment: each is of another currency. */
const USUAL_KILLS = 4;
const CURRENCIES = ['CNY', 'EUR', 'USD', 'GBP', 'AUD', 'CHF', 'NZD', 'SGD', 'HKD', 'CAD'];
const ACTOR = ['--actor', 'li.wei'];

/** Payouts of every developer, one batch a currency, proposed but not approved. */
async function openDrawnUp(currencies: readonly string[]): Promise<Machine> {
  const machine = await openKilling();
  const books = numbers(DEVELOPERS).map(developer => `dev_${developer}`);
  const file = (name: string, content: object) => writeLines(machine, name, [JSON.stringify(content)]);
  const terms = {
    currencies: currencies.map(currency => currencyEntry({ currency, threshold: '1' })),
    invoices: [{ country: 'CN', required: false, effective_from: '2018-01-01' }],
  };
  const payees = books.map(id => ({ id, destination: `vault:${id}` }));
  await done(machine, ['payouts', 'terms', 'import', file('terms.json', terms), ...ACTOR]);
  await done(machine, ['payouts', 'payees', 'import', file('payees.json', { payees }), ...ACTOR]);
  const rows = books.flatMap((book, place) =>
    currencies.map(currency => ({
      book,
      currency,
      amount: `${50 + place}.25`,
      reason: '-',
      business_date: '2018-04-10',
    })),
  );
  await propose(machine, { ...adjustment({ parameters: { rows } }), id: 'owed' });
  await done(machine, approve('owed'));
  await propose(machine, {
    ...adjustment({ kind: 'close_period', parameters: { period: '2018-04-H1' } }),
    id: 'close',
  });
  await done(machine, approve('close'));
  await done(machine, ['payouts', 'draw-up', ...ACTOR]);
  for (const currency of currencies) await propose(machine, pay(currency));
  return machine;
}

const batchOf = (currency: string) => `2018-04-H1-${currency}-1`;
const pay = (currency: string) => ({
  ...adjustment({ kind: 'payouts', parameters: { batch: batchOf(currency) } }),
  id: `pay-${currency}`,
});

/** What is there of a step of a batch: of every payout with its transfer and their totals, or of none. */
async function taken(
  machine: Machine,
  { currency, status }: { readonly currency: string; readonly status: 'approved' | 'sent' },
): Promise<boolean> {
  const [reason, totals] = status === 'approved' ? ['payout', 'decision_totals'] : ['payout_sent', 'posting_totals'];
  const { rows } = await machine.look(client =>
    client.query<{ steps: number; transfers: number; moved: string; total: string; causes: number }>(
      `select (select count(*)::int from payout_steps join payouts using (bucket, payout_id) where status = $1 and currency = $2) as steps,
         (select count(*)::int from transfers where reason = $3 and currency = $2) as transfers,
         (select coalesce(sum(amount_nanos), 0) from transfers where reason = $3 and currency = $2) as moved,
         (select coalesce(sum(${status === 'approved' ? 'credit' : 'debit'}_nanos), 0) from ${totals} where account = 'payout_due' and currency = $2) as total,
         ${status === 'approved' ? `(select count(*)::int from decision_outcomes where decision_id = $4)` : '(select count(*)::int from payment_files where batch_id = $4)'} as causes`,
      [status, currency, reason, status === 'approved' ? `pay-${currency}` : batchOf(currency)],
    ),
  );
  const [found] = rows;
  const isWhole = found?.causes === 1;
  const all = isWhole ? DEVELOPERS : 0;
  expect(found).toMatchObject({ steps: all, transfers: all, total: found?.moved });
  return isWhole;
}

test('a batch is approved and sent whole or not at all, wherever that is killed', {
  timeout: limitOf(USUAL_KILLS),
}, async () => {
  // One that is killed while it writes, and one for each moment of chance.
  const currencies = CURRENCIES.slice(0, kills(USUAL_KILLS) + 1);
  const machine = await openDrawnUp(currencies);
  const step = (currency: string, status: 'approved' | 'sent') => () => taken(machine, { currency, status });
  const isApproved = step('CNY', 'approved');
  // The totals of the last buckets wait: the steps and transfers of others are written already.
  await killWhileItWrites(machine, approve('pay-CNY'), { table: 'decision_totals', isThere: isApproved });
  const usualMs = await timeOf(machine, approve('pay-CNY'), isApproved);

  const isSent = step('CNY', 'sent');
  const out = path.join(machine.folder, 'out.csv');
  const send = ['payouts', 'send', '--batch', batchOf('CNY'), '--out', out, ...ACTOR];
  await killWhileItWrites(machine, send, { table: 'posting_totals', isThere: isSent });
  await done(machine, send);
  expect(await isSent()).toBe(true);
  const written = readFileSync(out);
  // As if it had been killed between its commit and the writing.
  rmSync(out);
  await done(machine, send);
  expect(readFileSync(out).equals(written)).toBe(true);
  expect(await isSent()).toBe(true);

  const killing = new KillsAtAnyMoment(machine, { usualKills: USUAL_KILLS, usualMs });
  for (const currency of currencies.slice(1))
    await killing.kill(approve(`pay-${currency}`), step(currency, 'approved'));
  await expectNothingDiffers(machine);
});
