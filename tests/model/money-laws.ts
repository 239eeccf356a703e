import { expect } from 'vitest';
import { parsePeriod } from '../../src/domain/period.ts';
import { unissuedPeriods } from '../../src/statements/issue-statements.ts';
import { statementOf } from '../../src/statements/statement.ts';
import type { Statement } from '../../src/statements/statement-form.ts';
import { nanosOf } from '../support/settlement-system.ts';
import { type Booked, Books, moveText } from './money-books.ts';
import { dayOf, halfAfter, halfBefore, halfOf } from './money-figures.ts';
import { BUCKETS, type MoneyModel } from './money-model.ts';
import { payoutText } from './money-payouts.ts';
import type { MoneySystem } from './money-system.ts';
import { FIRST_EARNING_DAY, OWNERS, PROVIDER } from './money-world.ts';

const NEVER_NEGATIVE = ['held', 'forfeited', 'payout_due', 'payout_sent', 'withheld_tax', 'fund_available'];
/** What a transit account has to come to over all books. */
const TRANSIT = ['provider_share', 'incentive'];

/** What the program has on record, beside what the model predicts. */
export class Comparison {
  readonly #model: MoneyModel;
  readonly #money: MoneySystem;
  /** The rows of each closed period as they were when it was found closed. */
  readonly #closedRows = new Map<string, string>();
  /** Statements of issued periods as they were first read. */
  readonly #issued = new Map<string, string>();

  constructor(model: MoneyModel, money: MoneySystem) {
    this.#model = model;
    this.#money = money;
  }

  /** After every step. */
  async expectSame(when: string): Promise<void> {
    const { books, payouts } = this.#model;
    const moves = await storedMoves(this.#money);
    expect(moves.map(moveText).sort(), when).toEqual(books.texts());
    const paid = await storedPayouts(this.#money);
    expect(paid.map(payoutText).sort(), when).toEqual(payouts.texts());
    expect(await this.#money.openAnswers(), `${when}: answers that match nothing`).toBe(payouts.unmatched.size);
    await this.#expectLaws({ moves, paid, lastClosed: books.lastClosed }, when);
  }

  /** What holds whatever the model says: for what it can't know. */
  async expectLaws(when: string): Promise<void> {
    const books = new Books();
    books.moves.push(...(await storedMoves(this.#money)));
    books.lastClosed = [...(await storedSeals(this.#money)).keys()].sort().at(-1) ?? null;
    const paid = await storedPayouts(this.#money);
    await this.#expectLaws({ moves: books.moves, paid, lastClosed: books.lastClosed }, when);
    const [unissued] = await unissuedPeriods(this.#money.system.db, BUCKETS);
    const issuedThrough = unissued === undefined ? books.lastClosed : halfBefore(unissued);
    await this.expectStatements(when, { books, issuedThrough });
    await this.expectSound(when);
  }

  async #expectLaws(
    {
      moves,
      paid,
      lastClosed,
    }: {
      readonly moves: readonly Booked[];
      readonly paid: readonly StoredPayout[];
      readonly lastClosed: string | null;
    },
    when: string,
  ): Promise<void> {
    expectBooksInOrder(moves, when);
    expectPayoutsAddUp(moves, paid, when);
    await this.#expectClosedRows(lastClosed, when);
  }

  async #expectClosedRows(lastClosed: string | null, when: string): Promise<void> {
    const { rows } = await this.#money.system.db.query<{ period: string; digest: string }>(
      `select period, md5(string_agg(transfers::text, ' ' order by transfer_id)) as digest
       from transfers
       group by period`,
    );
    const found = new Map(rows.map(row => [row.period, row.digest]));
    for (const [period, digest] of this.#closedRows)
      expect(found.get(period) ?? 'none', `${when}: rows of ${period}`).toBe(digest);
    for (let period = firstHalf(); lastClosed !== null && period <= lastClosed; period = halfAfter(period)) {
      if (!this.#closedRows.has(period)) this.#closedRows.set(period, found.get(period) ?? 'none');
    }
  }

  /** Each book's statements against the ledger, one after the other, and each issued one against itself. */
  async expectStatements(
    when: string,
    { books, issuedThrough }: Pick<MoneyModel, 'books' | 'issuedThrough'> = this.#model,
  ): Promise<void> {
    const { now } = this.#model;
    const last = [halfOf(dayOf(now)), ...books.moves.map(move => move.period)].sort().at(-1) ?? '';
    const seals = await storedSeals(this.#money);
    for (const { id: owner } of OWNERS) {
      const balance = new Map<string, bigint>();
      for (let half = firstHalf(); half <= last; half = halfAfter(half)) {
        const statement = await this.#statement(owner, half);
        const where = `${when}: ${owner} in ${half}`;
        const figures = withMoney(figuresOf(statement));
        expect(figures, where).toEqual(withMoney(figuresOfBook(books, owner, half)));
        for (const { currency, opening_balance, closing_balance } of statement.items) {
          expect(nanosOf(opening_balance.amount), `${where}, opening`).toBe(balance.get(currency) ?? 0n);
          balance.set(currency, nanosOf(closing_balance.amount));
        }
        const [{ state, seal } = { state: '', seal: '' }] = statement.halves;
        const isClosed = books.lastClosed !== null && half <= books.lastClosed;
        const isIssued = issuedThrough !== null && half <= issuedThrough;
        // A book that nothing happened in gets none.
        const hasOne = isIssued && (state === 'issued' || Object.keys(figures).length > 0);
        expect(state, where).toBe(hasOne ? 'issued' : isClosed ? 'closed' : 'open');
        expect(seal, where).toBe(seals.get(half) ?? null);
        if (state === 'issued') this.#expectAsIssued(`${owner} ${half}`, JSON.stringify(statement), when);
      }
      for (const [currency, nanos] of balance) {
        const owed = books.sum('payable', move => move.owner === owner && move.currency === currency);
        expect(nanos, `${when}: ${owner} is owed in ${currency}`).toBe(owed);
      }
    }
  }

  #expectAsIssued(key: string, printed: string, when: string): void {
    expect(printed, `${when}: ${key} as it was issued`).toBe(this.#issued.get(key) ?? printed);
    this.#issued.set(key, printed);
  }

  async #statement(owner: string, half: string): Promise<Statement> {
    const asked = { period: parsePeriod(half), bucketCount: BUCKETS };
    return await this.#money.system.db.snapshot(async tx =>
      owner === PROVIDER.id
        ? await statementOf(tx, { ...asked, providerId: owner })
        : await statementOf(tx, { ...asked, developerId: owner }),
    );
  }

  async expectSound(when: string): Promise<void> {
    expect((await this.#money.system.verify()).differences, when).toEqual([]);
    expect((await this.#money.system.trialBalance()).balanced, when).toBe(true);
  }
}

function expectBooksInOrder(moves: readonly Booked[], when: string): void {
  const balances = new Map<string, bigint>();
  const add = (key: string, nanos: bigint) => balances.set(key, (balances.get(key) ?? 0n) + nanos);
  for (const { owner, debit, credit, currency, nanos } of moves) {
    expect(nanos > 0n && debit !== credit, when).toBe(true);
    add(`${owner} ${debit} ${currency}`, -nanos);
    add(`${owner} ${credit} ${currency}`, nanos);
  }
  for (const [key, nanos] of balances) {
    const account = key.split(' ')[1] ?? '';
    if (NEVER_NEGATIVE.includes(account)) expect(nanos >= 0n, `${when}: ${key} is ${nanos}`).toBe(true);
  }
  for (const account of TRANSIT) {
    const ofAll = [...balances].filter(([key]) => key.split(' ')[1] === account);
    expect(
      ofAll.reduce((sum, [, nanos]) => sum + nanos, 0n),
      `${when}: ${account} over all books`,
    ).toBe(0n);
  }
}

/** What payouts moved on `payable` of each book by the ledger is what stands in them, as their own records have it. */
function expectPayoutsAddUp(moves: readonly Booked[], payouts: readonly StoredPayout[], when: string): void {
  const [inLedger, inPayouts] = [new Map<string, bigint>(), new Map<string, bigint>()];
  const add = (sums: Map<string, bigint>, owner: string, currency: string, nanos: bigint) => {
    const key = `${owner} ${currency}`;
    const sum = (sums.get(key) ?? 0n) + nanos;
    if (sum === 0n) sums.delete(key);
    else sums.set(key, sum);
  };
  for (const { owner, currency, debit, credit, nanos, payout } of moves) {
    if (payout === null) continue;
    if (debit === 'payable') add(inLedger, owner, currency, nanos);
    if (credit === 'payable') add(inLedger, owner, currency, -nanos);
  }
  for (const { key, currency, amount, tax, sent, sentCurrency, status, wasApproved, remitted } of payouts) {
    const [owner = ''] = key.split(' ');
    if (!wasApproved) continue;
    add(inPayouts, owner, currency, amount);
    if (status !== 'cancelled' && status !== 'returned') continue;
    add(inPayouts, owner, sentCurrency, -sent);
    if (!remitted) add(inPayouts, owner, currency, -tax);
  }
  expect(Object.fromEntries(inLedger), when).toEqual(Object.fromEntries(inPayouts));
}

interface Figures {
  readonly opening: bigint;
  readonly share: bigint;
  readonly late: bigint;
  readonly incentives: bigint;
  readonly adjustments: bigint;
  readonly held: bigint;
  readonly payouts: bigint;
  readonly closing: bigint;
  /** At the end. */
  readonly withheld: bigint;
  readonly underWay: bigint;
}

/** What a statement has to say, by currency. */
function figuresOfBook(books: Books, owner: string, half: string): Record<string, Figures> {
  const figures: Record<string, Figures> = {};
  for (const currency of ['CNY', 'JPY', 'USD']) {
    const ofBook = books.moves.filter(move => move.owner === owner && move.currency === currency);
    const payable = (of: (move: Booked) => boolean) => books.sum('payable', move => ofBook.includes(move) && of(move));
    const share = (move: Booked) => move.reason === 'developer_share' || move.reason === 'provider_income';
    const inHalf = (of: (move: Booked) => boolean) => payable(move => move.period === half && of(move));
    const standing = (account: string) => books.sum(account, move => ofBook.includes(move) && move.period <= half);
    const [opening, closing] = [payable(move => move.period < half), payable(move => move.period <= half)];
    figures[currency] = {
      ...{ opening, closing },
      share: inHalf(move => share(move) && halfOf(move.day ?? '') === half),
      late: inHalf(move => share(move) && halfOf(move.day ?? '') < half),
      incentives: inHalf(move => move.reason === 'incentive'),
      adjustments: inHalf(move => move.reason === 'adjustment'),
      held: inHalf(move => move.debit === 'held' || move.credit === 'held' || move.debit === 'forfeited'),
      payouts: inHalf(move => move.payout !== null),
      withheld: standing('withheld_tax'),
      underWay: standing('payout_due') + standing('payout_sent'),
    };
  }
  return figures;
}

/** Other currencies may be told of too: something was earned in them that isn't settled, or money is on its way. */
function withMoney(figures: Record<string, Figures>): Record<string, Figures> {
  return Object.fromEntries(
    Object.entries(figures).filter(([, told]) => Object.values(told).some(nanos => nanos !== 0n)),
  );
}

function figuresOf(statement: Statement): Record<string, Figures> {
  const figures: Record<string, Figures> = {};
  for (const item of statement.items) {
    const { opening_balance, closing_balance, late_total, adjustments_total, payouts_total, held, totals } = item;
    const share =
      'developer' in statement
        ? (totals as { developer_share: { amount: string } }).developer_share
        : totals.provider_share;
    const told = {
      opening: nanosOf(opening_balance.amount),
      share: nanosOf(share.amount),
      late: nanosOf(late_total.amount),
      incentives: nanosOf(item.incentives_total.amount),
      adjustments: nanosOf(adjustments_total.amount),
      held: held === null ? 0n : nanosOf(held.change_of_payable.amount),
      payouts: nanosOf(payouts_total.amount),
      closing: nanosOf(closing_balance.amount),
    };
    const { opening, closing, ...between } = told;
    expect(opening + Object.values(between).reduce((sum, nanos) => sum + nanos, 0n)).toBe(closing);
    const withheld = nanosOf(item.withholding?.closing.amount ?? '0');
    figures[item.currency] = { ...told, withheld, underWay: nanosOf(item.under_way?.closing.amount ?? '0') };
  }
  return figures;
}

async function storedMoves({ system }: MoneySystem): Promise<Booked[]> {
  const { rows } = await system.db.query<Omit<Booked, 'nanos'> & { amount: string }>(
    `select developer_id as owner, app_id as app, business_date as day, transfers.currency, debit, credit,
       transfers.amount_nanos as amount, transfers.reason, transfers.period,
       to_char(booked_at at time zone 'Asia/Shanghai', 'YYYY-MM-DD') as "bookedOn",
       case when payout_id is not null then concat_ws(' ', owner_id, payouts.currency, payouts.period) end as payout
     from transfers
     left join payouts using (bucket, payout_id)`,
  );
  return rows.map(({ amount, ...row }) => ({ ...row, nanos: BigInt(amount) }));
}

async function storedSeals({ system }: MoneySystem): Promise<Map<string, string>> {
  const { rows } = await system.db.query<{ period: string; seal: string }>(
    `select period, encode(digest, 'hex') as seal from period_seals`,
  );
  return new Map(rows.map(({ period, seal }) => [period, seal]));
}

/** What two installations with the same history have in common: all but ids and what is made of them. */
export async function storedLedger(money: MoneySystem) {
  const { rows: seals } = await money.system.db.query(
    'select period, seal_no, transfers, books, totals, cut from period_seals',
  );
  return {
    moves: (await storedMoves(money)).map(moveText).sort(),
    payouts: (await storedPayouts(money)).map(payoutText).sort(),
    seals,
    openAnswers: await money.openAnswers(),
  };
}

type StoredPayout = Parameters<typeof payoutText>[0] & { readonly wasApproved: boolean };

async function storedPayouts({ system }: MoneySystem): Promise<StoredPayout[]> {
  const { rows } = await system.db.query<
    Omit<StoredPayout, 'amount' | 'tax' | 'sent' | 'exchanged'> &
      Record<'amount' | 'tax' | 'sent', string> & { readonly exchanged: string | null }
  >(
    `select concat_ws(' ', owner_id, currency, period) as key, batch_id as batch, currency, amount_nanos as amount, tax_nanos as tax,
       sent_currency as "sentCurrency", sent_nanos as sent, exchanged_nanos as exchanged, destination,
       coalesce(statuses[1], 'due') as status, 'approved' = any (coalesce(statuses, '{}')) as "wasApproved",
       (select invoice_number from payout_invoices where payout_invoices.payout_id = payouts.payout_id) as invoice,
       exists (select from tax_remittances where tax_remittances.payout_id = payouts.payout_id) as remitted
     from payouts
     left join (
       select payout_id, array_agg(status order by step_no desc) as statuses
       from payout_steps
       group by payout_id
     ) as steps using (payout_id)`,
  );
  return rows.map(({ amount, tax, sent, exchanged, ...row }) => ({
    ...row,
    ...{ amount: BigInt(amount), tax: BigInt(tax), sent: BigInt(sent) },
    exchanged: exchanged === null ? null : BigInt(exchanged),
  }));
}

function firstHalf(): string {
  return halfBefore(halfOf(FIRST_EARNING_DAY));
}
