import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isRefusal } from '../../src/domain/errors.ts';
import { Paying } from '../support/paying.ts';
import { recordPayees, recordRates } from '../support/payout-terms.ts';
import { slowRuns } from '../support/runs.ts';

const { options, limitMs } = slowRuns(6);
const BOOKS = ['dev_1', 'dev_7', 'dev_cn', 'dev_usd'];
const PERIODS = ['2018-04-H1', '2018-04-H2', '2018-05-H1', '2018-05-H2'];
/** Noon of the first day on which a period can be closed. */
const CLOSED_FROM = ['2018-04-16', '2018-05-01', '2018-05-16', '2018-06-01'];

type Deed =
  | { readonly deed: 'owe'; readonly book: number; readonly amount: number }
  | { readonly deed: 'close' | 'draw' | 'fortnight' | 'remit' }
  | { readonly deed: 'approve' | 'send' | 'invoice'; readonly batch: number; readonly twice: boolean }
  | { readonly deed: 'cancel' | 'hold'; readonly payout: number }
  | {
      readonly deed: 'answer';
      readonly payout: number;
      readonly returned: boolean;
      readonly wrong: boolean;
      readonly bank: number;
    };

const index = fc.nat({ max: 7 });
const deed: fc.Arbitrary<Deed> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      deed: fc.constant('owe' as const),
      book: index,
      amount: fc.integer({ min: -400_000, max: 1_000_000 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      deed: fc.constantFrom('close' as const, 'draw' as const, 'fortnight' as const, 'remit' as const),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      deed: fc.constantFrom('approve' as const, 'send' as const, 'invoice' as const),
      batch: index,
      twice: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ deed: fc.constantFrom('cancel' as const, 'hold' as const), payout: index }) },
  {
    weight: 5,
    arbitrary: fc.record({
      deed: fc.constant('answer' as const),
      payout: index,
      returned: fc.boolean(),
      wrong: fc.boolean(),
      bank: fc.nat({ max: 2 }),
    }),
  },
);

let paying: Paying;
beforeAll(async () => {
  const chinese = (id: string) => ({ id, name: id, type: 'individual', country: 'CN' });
  paying = await Paying.open({ developers: [chinese('dev_cn'), chinese('dev_usd')] });
  await setUp();
});
afterAll(async () => await paying.drop());

async function setUp(): Promise<void> {
  await recordPayees(
    paying.system,
    { id: 'dev_cn', destination: 'vault:cn', minimum: '150' },
    { id: 'dev_usd', destination: 'vault:us', currency: 'USD' },
  );
}

/** Goes on where rules refuse what comes out of place. */
async function tried(work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!isRefusal(error)) throw error;
  }
}

class History {
  #closed = 0;
  #names = 0;

  async do(each: Deed): Promise<void> {
    const { system } = paying;
    const batches = await this.#batches();
    const payouts = await paying.payouts();
    if (each.deed === 'owe') {
      const on = CLOSED_FROM[Math.max(0, this.#closed - 1)];
      const amount = (each.amount / 1000).toFixed(3);
      if (each.amount !== 0)
        await paying.owe({
          book: BOOKS[each.book % BOOKS.length] ?? '',
          amount,
          ...(this.#closed === 0 ? {} : { on: on ?? '' }),
        });
    } else if (each.deed === 'fortnight') {
      const next = CLOSED_FROM.map(day => new Date(`${day}T12:00:00+08:00`)).find(at => at > system.now);
      if (next !== undefined) system.now = next;
      await recordRates(system, `CNY,USD,${system.calendar.dayOf(system.now.getTime())},0.1593333,PBC`);
    } else if (each.deed === 'close') {
      await tried(async () => {
        await paying.close(PERIODS[this.#closed] ?? '2018-06-H1');
        this.#closed += 1;
      });
    } else if (each.deed === 'draw') {
      await tried(() => Promise.all([paying.drawUp(), paying.drawUp()]));
    } else if (each.deed === 'remit') {
      await tried(() => paying.decide('remit_tax', { currency: 'CNY', through: '2018-05-H2' }));
    } else if (each.deed === 'cancel' || each.deed === 'hold') {
      const payout = payouts[each.payout % Math.max(1, payouts.length)];
      if (payout === undefined) return;
      if (each.deed === 'cancel') await tried(() => paying.decide('cancel_payout', { payout: payout.reference }));
      else await recordPayees(system, { id: 'dev_1', destination: 'vault:1', hold: each.payout % 2 === 0 });
    } else if (each.deed === 'answer') {
      const payout = payouts[each.payout % Math.max(1, payouts.length)];
      if (payout === undefined) return;
      const amount = (Number(payout.sentNanos) / 1e9 + (each.wrong ? 0.01 : 0)).toFixed(2);
      const row = `${payout.reference},${each.returned ? 'returned' : 'paid'},${amount},${payout.sentCurrency},B${each.bank},2018-05-01,`;
      await paying.answers(row, row);
    } else if (each.deed === 'approve' || each.deed === 'send' || each.deed === 'invoice') {
      const batch = batches[each.batch % Math.max(1, batches.length)];
      if (batch === undefined) return;
      await this.#ofBatch(each.deed, { batch, twice: each.twice });
    }
  }

  async #ofBatch(
    what: 'approve' | 'send' | 'invoice',
    { batch, twice }: { readonly batch: string; readonly twice: boolean },
  ): Promise<void> {
    if (what === 'approve') {
      const once = () => tried(() => paying.approve(batch));
      await (twice ? Promise.all([once(), once()]) : once());
    } else if (what === 'send') {
      this.#names += twice ? 0 : 1;
      const once = () => tried(() => paying.send(batch, `file ${this.#names}`));
      await (twice ? Promise.all([once(), once()]) : once());
    } else {
      for (const payout of await paying.payouts()) {
        if (payout.batchId !== batch || !payout.invoiceRequired) continue;
        await tried(() => paying.invoice(payout.reference, (Number(payout.amountNanos) / 1e9).toFixed(2)));
      }
    }
  }

  async #batches(): Promise<string[]> {
    return [...new Set((await paying.payouts()).map(payout => payout.batchId))].sort();
  }
}

/** What each account of a book should hold by the payouts' own statuses alone. */
async function expectSums(): Promise<void> {
  const expected = new Map<string, bigint>();
  const add = (book: string, account: string, currency: string, nanos: bigint) => {
    const key = `${book} ${account} ${currency}`;
    expected.set(key, (expected.get(key) ?? 0n) + nanos);
  };
  const lies = { approved: 'payout_due', sent: 'payout_sent', paid: 'paid' } as const;
  for (const payout of await paying.payouts()) {
    const { status } = payout;
    if (status !== 'approved' && status !== 'sent' && status !== 'paid') {
      if (payout.isRemitted) add(payout.ownerId, 'tax_remitted', payout.currency, payout.taxNanos);
      continue;
    }
    add(payout.ownerId, lies[status], payout.sentCurrency, payout.sentNanos);
    add(payout.ownerId, payout.isRemitted ? 'tax_remitted' : 'withheld_tax', payout.currency, payout.taxNanos);
  }
  const accounts = ['payout_due', 'payout_sent', 'paid', 'withheld_tax', 'tax_remitted'];
  const balances = await paying.system.balances();
  const found = new Map(
    balances
      .filter(each => accounts.includes(each.account) && each.nanos !== 0n)
      .map(each => [`${each.developerId} ${each.account} ${each.currency}`, each.nanos]),
  );
  expect(found).toEqual(new Map([...expected].filter(([, nanos]) => nanos !== 0n)));
  const sums = new Map<string, bigint>();
  for (const { developerId, currency, nanos } of balances) {
    sums.set(`${developerId} ${currency}`, (sums.get(`${developerId} ${currency}`) ?? 0n) + nanos);
  }
  expect([...sums].filter(([, sum]) => sum !== 0n)).toEqual([]);
  for (const { account, nanos } of balances) if (accounts.includes(account)) expect(nanos).toBeGreaterThanOrEqual(0n);
  expect(await paying.differences()).toEqual([]);
}

describe('whatever order things come in', () => {
  test('accounts hold what payouts say, every book sums to zero, and nothing is paid twice', {
    timeout: limitMs,
  }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(deed, { minLength: 25, maxLength: 60 }), async deeds => {
        await paying.restart();
        await setUp();
        const history = new History();
        // Every history has something to do.
        for (const each of [...BOOKS.keys()]) await history.do({ deed: 'owe', book: each, amount: 500_000 + each });
        for (const each of ['close', 'fortnight', 'draw'] as const) await history.do({ deed: each });
        for (const each of deeds) await history.do(each);
        await expectSums();
      }),
      options,
    );
  });
});
