import { Books } from './money-books.ts';
import type { Deed } from './money-deeds.ts';
import { Earnings } from './money-earnings.ts';
import { dayOf, daysLater, halfAfter, halfOf, lastDayOf } from './money-figures.ts';
import type { MoneyStep } from './money-histories.ts';
import { type Payout, Payouts } from './money-payouts.ts';
import { BEGIN, FIRST_RATES, FUND, SET_UP_AT } from './money-world.ts';

export const BUCKETS = 4;
/** By the standing order. */
export const CLOSED_AFTER_DAYS = 1;
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/** From days to money, predicted from the rules alone. */
export class MoneyModel {
  readonly books = new Books();
  readonly earnings = new Earnings(this.books);
  readonly payouts = new Payouts(this.books);
  now = Date.parse(BEGIN);
  steps = 0;
  readonly holdIds: string[] = [];
  /** By click. */
  readonly invalidations = new Map<string, string>();
  /** The closing proposed last, until it is approved. */
  closing: { readonly id: string; readonly period: string; readonly cut: number } | null = null;
  issuedThrough: string | null = null;
  readonly #closings: string[] = [];

  constructor() {
    const day = dayOf(Date.parse(SET_UP_AT));
    const { id: owner, currency, budget } = FUND;
    const endowment = { owner, app: null, day: null, currency, payout: null, nanos: BigInt(budget) * 1_000_000_000n };
    this.books.post({ ...endowment, debit: 'fund_source', credit: 'fund_available', reason: 'endowment' }, day);
    for (const [pair, rate] of Object.entries(FIRST_RATES)) this.payouts.rates.push({ pair, day, rate });
  }

  /** Every step takes a minute. */
  pass(step: MoneyStep): void {
    this.steps += 1;
    this.now += MINUTE_MS;
    if (step.kind === 'wait') this.now += step.days * DAY_MS;
    if (step.kind !== 'wait-until-over') return;
    const first = halfAfter(halfOf(dayOf(this.now)));
    this.now = Date.parse(`${first.slice(0, 7)}-${first.endsWith('H1') ? '01' : '16'}T09:00:00+08:00`);
  }

  /**
   * What comes of a deed: null, the code of a refusal, or what is told. `found` is what the program says: it may refuse to close
   * a period for a day that became due after the cut.
   */
  take(deed: Deed, found: string | null): string | null {
    const today = dayOf(deed.at);
    const { books, earnings, payouts } = this;
    switch (deed.kind) {
      case 'earn': {
        const { id, app, currency, day, price, until } = deed;
        const [whole = '', fraction = ''] = price.split('.');
        const nanos = BigInt(whole + fraction.padEnd(9, '0'));
        earnings.clicks.push({ id, app, day, currency, nanos, acceptedAt: deed.at, processed: false, valid: true });
        if (until !== 'accepted') earnings.process();
        return until === 'settled' ? this.#settle(day, deed.at) : null;
      }
      case 'process':
        earnings.process();
        return null;
      case 'settle-due':
        this.#settleDue(deed.at);
        return null;
      case 'close-due':
        this.#settleDue(deed.at);
        return this.#closeDue(today);
      case 'settle':
        return this.#settle(deed.day, deed.at);
      case 'invalidate':
      case 'reinstate': {
        earnings.judge(
          earnings.clicks.findIndex(click => click.id === deed.click),
          deed.kind === 'reinstate',
          deed.at,
        );
        this.invalidations.set(deed.click, deed.id);
        return null;
      }
      case 'adjust': {
        const [whole = '', fraction = ''] = deed.amount.replace('-', '').split('.');
        const nanos = BigInt(whole + fraction.padEnd(9, '0')) * (deed.amount.startsWith('-') ? -1n : 1n);
        const of = { owner: deed.book, app: null, day: deed.day, currency: deed.currency, payout: null };
        books.post({ ...of, debit: 'adjustment', credit: 'payable', reason: 'adjustment', nanos }, today);
        return null;
      }
      case 'hold':
        this.holdIds.push(deed.id);
        earnings.hold(deed.book, deed.from ?? today, today);
        return null;
      case 'release':
      case 'forfeit':
        return earnings.endHold(deed.place, deed.kind, today);
      case 'propose-closing': {
        const refusal = this.#outOfTurn(deed.period, deed.at);
        if (refusal === null) this.closing = { id: deed.id, period: deed.period, cut: deed.at };
        return refusal;
      }
      case 'approve-closing':
        return this.#close(found);
      case 'draw-up':
        return payouts.drawUp(today)?.join(', ') ?? 'no_closed_period';
      case 'approve-batch':
        return payouts.approve(deed.batch, today);
      case 'cancel':
        return payouts.cancel(this.payout(deed.payout), today);
      case 'send': {
        const batch = payouts.batches.find(each => each.id === deed.batch);
        if (batch === undefined) return 'unknown_batch';
        const sent = payouts.send(batch, deed.name, today);
        return typeof sent === 'string' ? sent : `sent ${sent.length}`;
      }
      case 'answer':
        return payouts.answer({ ...deed, payout: deed.payout === null ? null : this.payout(deed.payout) }, today);
      case 'invoice':
        return payouts.invoice(this.payout(deed.payout), deed.number, deed.nanos);
      case 'remit':
        return payouts.remit(deed.currency, deed.through, today);
      case 'payee':
        payouts.payees.set(deed.entry.id, deed.entry);
        return null;
      case 'rate':
        payouts.rates.push(deed);
        return null;
      case 'issue':
        this.issuedThrough = books.lastClosed;
        return null;
      case 'nothing':
        return null;
    }
  }

  /** What came of it all, a word each: reasons of transfers, late ones, where payouts ended and why books carried on. */
  told(): string[] {
    const { moves } = this.books;
    return [
      ...moves.map(move => move.reason),
      ...moves.filter(move => move.day !== null && move.period > halfOf(move.day)).map(() => 'late'),
      ...this.payouts.all.map(payout => `payout ${payout.status}`),
      ...this.#closings,
      ...this.payouts.carried.map(reason => `carried: ${reason}`),
    ];
  }

  payout(key: string): Payout {
    return this.payouts.all.find(each => each.key === key) as Payout;
  }

  #settle(day: string, at: number): string | null {
    const today = dayOf(at);
    if (day >= today) return 'day_not_over';
    this.earnings.settle(day, today);
    return null;
  }

  #settleDue(at: number): void {
    this.earnings.process();
    for (const day of this.earnings.dueDays()) if (day < dayOf(at)) this.#settle(day, at);
  }

  /** What the standing order closes: half-months that are so many days old, of which nothing is due now. */
  #closeDue(today: string): string {
    const closed: string[] = [];
    for (
      let next = this.nextToClose();
      next !== null && daysLater(lastDayOf(next), CLOSED_AFTER_DAYS) < today;
      next = halfAfter(next)
    ) {
      this.books.lastClosed = next;
      closed.push(next);
    }
    return `closed ${closed.join(', ')}`;
  }

  /** The half-month after the last closed one, else the first in which anything was earned or posted. */
  nextToClose(): string | null {
    const { lastClosed, moves } = this.books;
    if (lastClosed !== null) return halfAfter(lastClosed);
    const processed = this.earnings.clicks.filter(click => click.processed).map(click => click.day);
    const [first] = [...processed, ...moves.map(move => move.day ?? move.bookedOn)].sort();
    return first === undefined ? null : halfOf(first);
  }

  #outOfTurn(period: string, at: number): string | null {
    const { lastClosed } = this.books;
    if (lastClosed !== null && period <= lastClosed) return 'period_closed';
    if (dayOf(at) <= lastDayOf(period)) return 'period_not_over';
    const next = this.nextToClose();
    const isSkipping = lastClosed === null ? next !== null && period > next : period !== next;
    return isSkipping ? 'period_skipped' : null;
  }

  #close(found: string | null): string | null {
    const { closing } = this;
    if (closing === null) return 'unknown_decision';
    const refusal = this.#outOfTurn(closing.period, closing.cut) ?? this.#blocked(closing, found);
    if (refusal !== null) return refusal;
    this.books.lastClosed = closing.period;
    this.closing = null;
    return null;
  }

  /**
   * All that came up to the cut has to be settled. A day that only later batches made due may stay so; with one that a later decision
   * did, or that was processed together with earlier ones, the program may be stricter.
   */
  #blocked({ period, cut }: { readonly period: string; readonly cut: number }, found: string | null): string | null {
    const { clicks, due } = this.earnings;
    if (clicks.some(click => !click.processed && click.acceptedAt <= cut)) return 'period_blocked';
    const isFirst = this.books.lastClosed === null;
    const causes = [...due]
      .filter(([key]) => halfOf(key.slice(0, 10)) === period || (isFirst && halfOf(key.slice(0, 10)) < period))
      .flatMap(([, ofDay]) => ofDay);
    if (causes.some(cause => cause.at <= cut)) return 'period_blocked';
    if (causes.every(cause => cause.earliestAt > cut)) {
      if (causes.length > 0) this.#closings.push('closed with later batches due');
      return null;
    }
    this.#closings.push(found === null ? 'closed though it might be refused' : 'refused though it might be closed');
    return found === 'period_blocked' ? found : null;
  }
}
