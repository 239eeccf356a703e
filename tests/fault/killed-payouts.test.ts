import { randomInt } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFailed, test } from 'vitest';
import { adjustment } from '../support/deciding.ts';
import { currencyEntry } from '../support/payout-terms.ts';
import { Chance } from './chance.ts';
import {
  approve,
  begin,
  blockWrites,
  done,
  importPersons,
  propose,
  untilGone,
  untilItWaits,
} from './killed-command.ts';
import type { Machine } from './machine.ts';
import { catalogText, plansText } from './reference-data.ts';
import { openSite, succeed, writeLines } from './site.ts';

/** `SEED=… KILLS=… npx vitest run tests/fault/killed-payouts.test.ts` repeats a run, or makes a harder one. */
const SEED = Number(process.env.SEED ?? randomInt(2 ** 31));
const KILLS = Number(process.env.KILLS ?? 4);
const LIMIT_MS = 120_000 + 10_000 * KILLS;
const ACTOR = ['--actor', 'li.wei'];

/** Payouts of every developer, one batch a currency, proposed but not approved. */
async function openDrawnUp(currencies: readonly string[]): Promise<{ machine: Machine; books: number }> {
  const catalog = catalogText();
  const machine = await openSite(null, { catalog, plans: plansText() });
  await importPersons(machine);
  const { developers } = JSON.parse(catalog) as { developers: { id: string }[] };
  const file = (name: string, content: object) => writeLines(machine, name, [JSON.stringify(content)]);
  const terms = {
    currencies: currencies.map(currency => currencyEntry({ currency, threshold: '1' })),
    invoices: [{ country: 'CN', required: false, effective_from: '2018-01-01' }],
  };
  const payees = developers.map(({ id }) => ({ id, destination: `vault:${id}` }));
  await done(machine, ['payouts', 'terms', 'import', file('terms.json', terms), ...ACTOR]);
  await done(machine, ['payouts', 'payees', 'import', file('payees.json', { payees }), ...ACTOR]);
  const rows = developers.flatMap(({ id: book }, place) =>
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
  return { machine, books: developers.length };
}

const batchOf = (currency: string) => `2018-04-H1-${currency}-1`;
const pay = (currency: string) => ({
  ...adjustment({ kind: 'payouts', parameters: { batch: batchOf(currency) } }),
  id: `pay-${currency}`,
});

/** What is there of a step of a batch: of every payout with its transfer and their totals, or of none. */
async function taken(
  machine: Machine,
  { currency, books, status }: { currency: string; books: number; status: 'approved' | 'sent' },
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
  const all = isWhole ? books : 0;
  expect(found).toMatchObject({ steps: all, transfers: all, total: found?.moved });
  return isWhole;
}

test('a batch is approved and sent whole or not at all, wherever that is killed', { timeout: LIMIT_MS }, async () => {
  console.log(`killed payouts: SEED=${SEED} KILLS=${KILLS}`);
  const chance = new Chance(SEED);
  const currencies = ['CNY', 'EUR', 'USD', 'GBP', 'AUD', 'CHF'].slice(0, KILLS + 2);
  const { machine, books } = await openDrawnUp(currencies);
  const step = (currency: string, status: 'approved' | 'sent') => taken(machine, { currency, books, status });
  for (const crash of [false, true]) {
    // The totals of the last buckets wait: the steps and transfers of others are written already.
    const unblock = await blockWrites(machine, 'decision_totals');
    const { process, application } = machine.command(approve('pay-CNY'));
    await untilItWaits(machine, application, 'decision_totals');
    await process.kill();
    if (crash) await machine.crashPostgres();
    else await unblock();
    await untilGone(machine, application);
    expect(await step('CNY', 'approved')).toBe(false);
  }
  const beganAt = performance.now();
  await done(machine, approve('pay-CNY'));
  const usualMs = performance.now() - beganAt;
  expect(await step('CNY', 'approved')).toBe(true);

  const out = writeLines(machine, 'out.csv', []);
  rmSync(out);
  const send = ['payouts', 'send', '--batch', batchOf('CNY'), '--out', out, ...ACTOR];
  const unblock = await blockWrites(machine, 'posting_totals');
  const killed = machine.command(send);
  await untilItWaits(machine, killed.application, 'posting_totals');
  await killed.process.kill();
  await unblock();
  await untilGone(machine, killed.application);
  expect(await step('CNY', 'sent')).toBe(false);
  await done(machine, send);
  expect(await step('CNY', 'sent')).toBe(true);
  const written = readFileSync(out);
  // As if it had been killed between its commit and the writing.
  rmSync(out);
  await done(machine, send);
  expect(readFileSync(out).equals(written)).toBe(true);
  expect(await step('CNY', 'sent')).toBe(true);

  let [whole, undone] = [0, 0];
  onTestFailed(() => console.log(`${whole} were applied before the kill, ${undone} were not`));
  for (const currency of currencies.slice(1)) {
    const { process, application } = await begin(machine, approve(`pay-${currency}`));
    await sleep(chance.next() * 0.3 * usualMs);
    await process.kill();
    await untilGone(machine, application);
    if (await step(currency, 'approved')) whole += 1;
    else undone += 1;
    await done(machine, approve(`pay-${currency}`));
    expect(await step(currency, 'approved')).toBe(true);
  }
  console.log(`${whole} were applied before the kill, ${undone} were not`);
  expect(await succeed(machine, ['verify'])).toMatchObject({ differences: 0 });
});
