import { fc, test } from '@fast-check/vitest';
import { afterAll, beforeAll, expect } from 'vitest';
import { parseAmount } from '../../src/domain/nanos.ts';
import { type Period, parsePeriod } from '../../src/domain/period.ts';
import { changeOfBalance } from '../../src/statements/half-statement.ts';
import { issueStatements } from '../../src/statements/issue-statements.ts';
import { monthOfHalves } from '../../src/statements/month.ts';
import { statementOf } from '../../src/statements/statement.ts';
import type { DeveloperStatement } from '../../src/statements/statement-form.ts';
import { Paying } from '../support/paying.ts';
import { slowRuns } from '../support/runs.ts';

const PERIODS = ['2018-03-H2', '2018-04-H1', '2018-04-H2', '2018-05-H1'] as const;
/** When each is over. */
const AFTER = ['2018-04-16', '2018-04-17', '2018-05-01', '2018-05-16'] as const;
const BOOKS = ['dev_1', 'dev_7'] as const;
const { options, limitMs } = slowRuns(4);

type Step =
  | { readonly does: 'earn'; readonly app: 'app_1' | 'app_7_1'; readonly daysAgo: number; readonly cents: number }
  | { readonly does: 'adjust'; readonly book: (typeof BOOKS)[number]; readonly cents: number }
  | { readonly does: 'invalidate'; readonly daysAgo: number }
  | { readonly does: 'close' | 'pay' | 'issue' };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    does: fc.constant('earn' as const),
    app: fc.constantFrom('app_1' as const, 'app_7_1' as const),
    daysAgo: fc.integer({ min: 1, max: 25 }),
    cents: fc.integer({ min: 1, max: 90_000 }),
  }),
  fc.record({
    does: fc.constant('adjust' as const),
    book: fc.constantFrom(...BOOKS),
    cents: fc.integer({ min: -30_000, max: 60_000 }).filter(cents => cents !== 0),
  }),
  fc.record({ does: fc.constant('invalidate' as const), daysAgo: fc.integer({ min: 1, max: 25 }) }),
  fc.record({ does: fc.constantFrom('close' as const, 'pay' as const, 'issue' as const) }),
);

/** A history, and what was issued in it. */
class History {
  readonly paying: Paying;
  readonly issued = new Map<string, string>();
  closed = 0;
  #events = 0;

  constructor(paying: Paying) {
    this.paying = paying;
  }

  async read(developerId: string, period: string): Promise<DeveloperStatement> {
    const { db, bucketCount } = this.paying.system;
    return await db.snapshot(async tx => statementOf(tx, { developerId, period: parsePeriod(period), bucketCount }));
  }

  async take(step: Step): Promise<void> {
    const { paying } = this;
    if (step.does === 'earn') await this.#earn(step);
    if (step.does === 'adjust') await paying.owe({ book: step.book, amount: amountOf(step.cents), on: this.#day(1) });
    if (step.does === 'invalidate') await this.#invalidate(this.#day(step.daysAgo));
    if (step.does === 'close') await this.close();
    if (step.does === 'pay' && this.closed > 0) await this.#pay();
    if (step.does === 'issue') await this.issue();
  }

  async #earn({ app, daysAgo, cents }: Extract<Step, { does: 'earn' }>): Promise<void> {
    this.#events += 1;
    const event = { id: `c-${this.#events}`, type: 'click', occurred_at: `${this.#day(daysAgo)}T12:00:00+08:00` };
    const place = { app_id: app, ad_unit_id: app.replace('app', 'unit'), currency: 'CNY', price: amountOf(cents) };
    await this.paying.system.take([JSON.stringify({ ...event, ...place })]);
    await this.paying.system.settleDue();
  }

  async #invalidate(day: string): Promise<void> {
    this.#events += 1;
    const slice = { from: day, to: day };
    await this.paying.system.invalidate({ id: `i-${this.#events}`, appId: 'app_7_1', slice, reason: 'click_farm' });
    await this.paying.system.settleDue();
  }

  async close(): Promise<void> {
    const period = PERIODS[this.closed];
    if (period === undefined) return;
    const over = new Date(`${AFTER[this.closed]}T09:00:00+08:00`);
    if (this.paying.system.now < over) this.paying.system.now = over;
    await this.paying.close(period);
    this.closed += 1;
  }

  async #pay(): Promise<void> {
    const { batches } = await this.paying.drawUp();
    for (const { batchId } of batches) await this.paying.approve(batchId);
  }

  async issue(): Promise<void> {
    for (const period of PERIODS.slice(0, this.closed)) {
      await issueStatements({ ...this.paying.deps, db: this.paying.system.db }, { period: period as Period });
      for (const book of BOOKS) {
        const key = `${book} ${period}`;
        const told = JSON.stringify(await this.read(book, period));
        expect(this.issued.get(key) ?? told).toBe(told);
        this.issued.set(key, told);
      }
    }
  }

  #day(daysAgo: number): string {
    return new Date(this.paying.system.now.getTime() - daysAgo * 86_400_000).toISOString().slice(0, 10);
  }
}

/** A book with nothing to tell when the half was issued, of whose days something comes later. */
const NOTHING_YET: Step[] = [
  { does: 'earn', app: 'app_7_1', daysAgo: 20, cents: 100 },
  { does: 'close' },
  { does: 'issue' },
  { does: 'earn', app: 'app_1', daysAgo: 17, cents: 35_402 },
  { does: 'issue' },
];

let paying: Paying;
beforeAll(async () => {
  paying = await Paying.open();
});
afterAll(async () => await paying.drop());

test.prop([fc.array(step, { minLength: 6, maxLength: 18 })], { ...options, examples: [[NOTHING_YET]] })(
  'after any history opening + lines = closing = the next opening, issued statements stay, and the last balance is the ledger',
  async steps => {
    await paying.restart();
    await paying.system.importPlans({
      ...{ id: 'half', scope: { default: true }, currency: 'CNY', effective_from: '2018-01-01', effective_to: null },
      ...{ basis: 'app_day', mode: 'marginal', tiers: [{ up_to: '300.00', share: '0.50' }, { share: '0.333333' }] },
    });
    const history = new History(paying);
    for (const each of steps) await history.take(each);
    await history.close();
    await history.issue();
    for (const book of BOOKS) await checkBook(history, book);
    expect((await paying.system.verify()).differences).toEqual([]);
  },
  limitMs,
);

async function checkBook(history: History, book: string): Promise<void> {
  let openingNanos = 0n;
  for (const period of PERIODS) {
    const { items } = await history.read(book, period);
    const [item] = items;
    expect(parseAmount(item?.opening_balance.amount ?? '0')).toBe(openingNanos);
    if (item === undefined) continue;
    const change = changeOfBalance(item, parseAmount(item.totals.developer_share.amount));
    expect(openingNanos + change).toBe(parseAmount(item.closing_balance.amount));
    openingNanos += change;
  }
  const balances = await history.paying.system.balances();
  const payable = balances.find(each => each.developerId === book && each.account === 'payable');
  expect(openingNanos).toBe(payable?.nanos ?? 0n);
  const [first, second] = [await history.read(book, '2018-04-H1'), await history.read(book, '2018-04-H2')];
  const month = monthOfHalves({ month: parsePeriod('2018-04'), first, second });
  expect(await history.read(book, '2018-04')).toEqual(month);
}

function amountOf(cents: number): string {
  return `${cents < 0 ? '-' : ''}${Math.floor(Math.abs(cents) / 100)}.${String(Math.abs(cents) % 100).padStart(2, '0')}`;
}
