import { readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { adjustment } from '../support/deciding.ts';
import { currencyEntry } from '../support/payout-terms.ts';
import { kills } from '../support/runs.ts';
import { approve, Killing, limitOf } from './killed-command.ts';
import { DEVELOPERS, numbers } from './reference-data.ts';
import { writeLines } from './site.ts';

/** Up to KILLS=9 in the environment: each is of another currency. */
const USUAL_KILLS = 4;
const CURRENCIES = ['CNY', 'EUR', 'USD', 'GBP', 'AUD', 'CHF', 'NZD', 'SGD', 'HKD', 'CAD'];
const ACTOR = ['--actor', 'li.wei'];

/** Payouts of every developer, one batch a currency, proposed but not approved. */
async function openDrawnUp(currencies: readonly string[]): Promise<Killing> {
  const killing = await Killing.open();
  const books = numbers(DEVELOPERS).map(developer => `dev_${developer}`);
  const file = (name: string, content: object) => writeLines(killing.machine, name, [JSON.stringify(content)]);
  const terms = {
    currencies: currencies.map(currency => currencyEntry({ currency, threshold: '1' })),
    invoices: [{ country: 'CN', required: false, effective_from: '2018-01-01' }],
  };
  const payees = books.map(id => ({ id, destination: `vault:${id}` }));
  await killing.run(['payouts', 'terms', 'import', file('terms.json', terms), ...ACTOR]);
  await killing.run(['payouts', 'payees', 'import', file('payees.json', { payees }), ...ACTOR]);
  const rows = books.flatMap((book, place) =>
    currencies.map(currency => ({
      book,
      currency,
      amount: `${50 + place}.25`,
      reason: '-',
      business_date: '2018-04-10',
    })),
  );
  await killing.propose({ ...adjustment({ parameters: { rows } }), id: 'owed' });
  await killing.run(approve('owed'));
  await killing.propose({
    ...adjustment({ kind: 'close_period', parameters: { period: '2018-04-H1' } }),
    id: 'close',
  });
  await killing.run(approve('close'));
  await killing.run(['payouts', 'draw-up', ...ACTOR]);
  for (const currency of currencies) await killing.propose(pay(currency));
  return killing;
}

const batchOf = (currency: string) => `2018-04-H1-${currency}-1`;
const pay = (currency: string) => ({
  ...adjustment({ kind: 'payouts', parameters: { batch: batchOf(currency) } }),
  id: `pay-${currency}`,
});

/** What is there of a step of a batch: of every payout with its transfer and their totals, or of none. */
async function taken(
  { machine }: Killing,
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
  const killing = await openDrawnUp(currencies);
  const step = (currency: string, status: 'approved' | 'sent') => () => taken(killing, { currency, status });
  const isApproved = step('CNY', 'approved');
  // The totals of the last buckets wait: the steps and transfers of others are written already.
  await killing.killWhileItWrites(approve('pay-CNY'), { table: 'decision_totals', isThere: isApproved });
  const usualMs = await killing.timeOf(approve('pay-CNY'), isApproved);

  const isSent = step('CNY', 'sent');
  const out = path.join(killing.machine.folder, 'out.csv');
  const send = ['payouts', 'send', '--batch', batchOf('CNY'), '--out', out, ...ACTOR];
  await killing.killWhileItWrites(send, { table: 'posting_totals', isThere: isSent });
  await killing.run(send);
  expect(await isSent()).toBe(true);
  const written = readFileSync(out);
  // As if it had been killed between its commit and the writing.
  rmSync(out);
  await killing.run(send);
  expect(readFileSync(out).equals(written)).toBe(true);
  expect(await isSent()).toBe(true);

  const killings = killing.atAnyMoment({ usualKills: USUAL_KILLS, usualMs });
  for (const currency of currencies.slice(1))
    await killings.kill(approve(`pay-${currency}`), step(currency, 'approved'));
  await killing.expectNothingDiffers();
});
