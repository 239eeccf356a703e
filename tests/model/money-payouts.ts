/** The life of payouts, by rule 13, docs/payout-terms.md and docs/payouts.md. */
import type { Books } from './money-books.ts';
import { daysLater, downToMinor, inOtherCurrency, lastDayOf, taxOn, units } from './money-figures.ts';
import {
  NET_DAYS,
  OWNERS,
  type Owner,
  PAYEES,
  type PayeeEntry,
  TAX,
  THRESHOLDS,
  WITHOUT_INVOICE,
} from './money-world.ts';

export interface Payout {
  /** `owner currency period`. */
  readonly key: string;
  readonly owner: string;
  readonly currency: string;
  readonly period: string;
  readonly batch: string;
  readonly amount: bigint;
  readonly tax: bigint;
  readonly sentCurrency: string;
  readonly sent: bigint;
  /** To the nano, of one in another currency. */
  readonly exchanged: bigint | null;
  readonly destination: string;
  readonly needsInvoice: boolean;
  status: 'due' | 'approved' | 'sent' | 'paid' | 'returned' | 'cancelled';
  invoice: string | null;
  approvedOn: string | null;
  remitted: boolean;
  /** Rows by status and the bank's reference. */
  readonly answers: Map<string, string>;
}

export interface Answer {
  readonly payout: Payout | null;
  readonly status: 'paid' | 'returned';
  readonly nanos: bigint;
  readonly currency: string;
  readonly bankReference: string;
  readonly reason: string | null;
}

export interface Batch {
  readonly id: string;
  readonly period: string;
  readonly currency: string;
  readonly dueOn: string;
}

/** `source target`, with the day and the rate, in the order of recording. */
interface Rate {
  readonly pair: string;
  readonly day: string;
  readonly rate: string;
}

const OLDEST_RATE_DAYS = 7;

export class Payouts {
  readonly all: Payout[] = [];
  readonly batches: Batch[] = [];
  /** File names by batch. */
  readonly files = new Map<string, Set<string>>();
  readonly payees = new Map<string, PayeeEntry>(PAYEES.map(payee => [payee.id, payee]));
  readonly rates: Rate[] = [];
  /** Why books were paid nothing, as often as they were. */
  readonly carried: string[] = [];
  /** Rows of answers that matched nothing when they last came. */
  readonly unmatched = new Set<string>();
  readonly #books: Books;

  constructor(books: Books) {
    this.#books = books;
  }

  #payable(owner: string, currency: string, through = '9999'): bigint {
    return this.#books.sum(
      'payable',
      move => move.owner === owner && move.currency === currency && move.period <= through,
    );
  }

  /** What may be paid for a closed period: what was owed at its end, less what payouts took since, and no more than is owed now. */
  #available(owner: string, currency: string, period: string): bigint {
    const sealed = this.#payable(owner, currency, period);
    const byPayouts = this.#books.sum(
      'payable',
      move => move.owner === owner && move.currency === currency && move.period > period && move.payout !== null,
    );
    const left = sealed + (byPayouts < 0n ? byPayouts : 0n);
    const now = this.#payable(owner, currency);
    const drawn = this.all.filter(each => each.owner === owner && each.currency === currency && each.status === 'due');
    return (left < now ? left : now) - drawn.reduce((sum, each) => sum + each.amount, 0n);
  }

  /** `reason currency: books nanos` of what is not paid; null: nothing is closed. */
  drawUp(today: string): string[] | null {
    const period = this.#books.lastClosed;
    if (period === null) return null;
    const carried = new Map<string, { books: number; nanos: bigint }>();
    for (const currency of Object.keys(THRESHOLDS)) {
      const drawNo = 1 + this.batches.filter(each => each.period === period && each.currency === currency).length;
      const id = `${period}-${currency}-${drawNo}`;
      const drawn: Payout[] = [];
      for (const owner of OWNERS) {
        if (this.all.some(each => each.key === `${owner.id} ${currency} ${period}`)) continue;
        const available = this.#available(owner.id, currency, period);
        if (available <= 0n && this.#payable(owner.id, currency) >= 0n) continue;
        const judged = this.#judge({ owner, currency, period, batch: id, available, today });
        if (typeof judged !== 'string') {
          drawn.push(judged);
          continue;
        }
        this.carried.push(judged);
        const sum = carried.get(`${judged} ${currency}`) ?? { books: 0, nanos: 0n };
        carried.set(`${judged} ${currency}`, { books: sum.books + 1, nanos: sum.nanos + available });
      }
      if (drawn.length === 0) continue;
      this.batches.push({ id, period, currency, dueOn: daysLater(lastDayOf(period), NET_DAYS) });
      this.all.push(...drawn);
    }
    return [...carried].map(([key, { books, nanos }]) => `${key}: ${books} ${nanos}`).sort();
  }

  #judge(of: {
    readonly owner: Owner;
    readonly currency: string;
    readonly period: string;
    readonly batch: string;
    readonly available: bigint;
    readonly today: string;
  }): Payout | string {
    const { owner, currency, period, batch, available, today } = of;
    const table = TAX.find(
      each => each.type === owner.type && each.country === owner.country && each.currency === currency,
    );
    const payee = this.payees.get(owner.id);
    if (this.#payable(owner.id, currency) < 0n) return 'negative';
    if (owner.type === 'individual' && table === undefined) return 'no_terms';
    if (available < nanosOf(THRESHOLDS[currency] ?? '')) return 'below_threshold';
    if (payee?.hold === true) return 'own_hold';
    if (payee?.minimum != null && available < nanosOf(payee.minimum)) return 'below_minimum';
    if (payee?.destination == null) return 'no_destination';
    const sentCurrency = payee.currency ?? currency;
    const rate = sentCurrency === currency ? '1' : this.#rateOn(`${currency} ${sentCurrency}`, today);
    if (rate === null) return 'no_rate';
    const amount = downToMinor(available, currency);
    const tax = table === undefined ? 0n : taxOn(amount, table.tiers, currency);
    const { exchanged, sent } = inOtherCurrency(amount - tax, rate, sentCurrency);
    if (sent === 0n) return 'below_threshold';
    return {
      ...{
        key: `${owner.id} ${currency} ${period}`,
        owner: owner.id,
        currency,
        period,
        batch,
        amount,
        tax,
        sentCurrency,
      },
      ...{ sent, exchanged: sentCurrency === currency ? null : exchanged, destination: payee.destination },
      needsInvoice: owner.type === 'company' && !WITHOUT_INVOICE.includes(owner.country),
      ...{ status: 'due', invoice: null, approvedOn: null, remitted: false, answers: new Map() },
    };
  }

  #rateOn(pair: string, today: string): string | null {
    const first = daysLater(today, -OLDEST_RATE_DAYS);
    const known = this.rates.filter(each => each.pair === pair && first <= each.day && each.day <= today);
    const latest = known
      .map(each => each.day)
      .sort()
      .at(-1);
    return known.findLast(each => each.day === latest)?.rate ?? null;
  }

  /** What approving the batch does to those that are due. */
  approve(batch: string, today: string): string | null {
    const due = this.all.filter(each => each.batch === batch && each.status === 'due');
    if (due.length === 0) return 'nothing_due';
    for (const payout of due) {
      const payee = this.payees.get(payout.owner);
      const isThere = this.#payable(payout.owner, payout.currency) >= payout.amount;
      if (!isThere || payee?.hold === true || payee?.destination !== payout.destination) {
        payout.status = 'cancelled';
        this.carried.push('cancelled at approval');
        continue;
      }
      payout.status = 'approved';
      payout.approvedOn = today;
      const { currency, amount, tax, sentCurrency, sent, exchanged } = payout;
      this.#step(payout, ['payable', 'payout_due', 'payout'], currency, amount, today);
      this.#step(payout, ['payout_due', 'withheld_tax', 'withholding'], currency, tax, today);
      if (exchanged === null) continue;
      this.#step(payout, ['payout_due', 'fx', 'exchange'], currency, amount - tax, today);
      this.#step(payout, ['fx', 'payout_due', 'exchange'], sentCurrency, exchanged, today);
      this.#step(payout, ['payout_due', 'fx_rounding', 'exchange_rounding'], sentCurrency, exchanged - sent, today);
    }
    return null;
  }

  #step(
    { owner, key }: Payout,
    [debit, credit, reason]: readonly [string, string, string],
    currency: string,
    nanos: bigint,
    today: string,
  ): void {
    this.#books.post({ owner, app: null, day: null, currency, debit, credit, nanos, reason, payout: key }, today);
  }

  cancel(payout: Payout, today: string): string | null {
    if (payout.status === 'approved') this.#giveBack(payout, 'payout_due', 'payout_cancelled', today);
    else if (payout.status !== 'due') return 'too_late_to_cancel';
    payout.status = 'cancelled';
    return null;
  }

  #giveBack(payout: Payout, from: string, reason: string, today: string): void {
    this.#step(payout, [from, 'payable', reason], payout.sentCurrency, payout.sent, today);
    if (!payout.remitted) this.#step(payout, ['withheld_tax', 'payable', reason], payout.currency, payout.tax, today);
  }

  /** The keys of what the file pays, or why there is none; a name that was used gives the file of then. */
  send(batch: Batch, name: string, today: string): readonly string[] | string {
    const names = this.files.get(batch.id) ?? new Set<string>();
    if (names.has(name)) return [];
    if (today < batch.dueOn) return 'not_due_yet';
    const ready = this.all.filter(each => each.batch === batch.id && each.status === 'approved' && this.#maySend(each));
    if (ready.length === 0) return 'nothing_to_send';
    this.files.set(batch.id, names.add(name));
    for (const payout of ready) {
      payout.status = 'sent';
      this.#step(payout, ['payout_due', 'payout_sent', 'payout_sent'], payout.sentCurrency, payout.sent, today);
    }
    return ready.map(each => each.key);
  }

  #maySend({ owner, destination, needsInvoice, invoice }: Payout): boolean {
    const payee = this.payees.get(owner);
    return (!needsInvoice || invoice !== null) && payee?.hold === false && payee.destination === destination;
  }

  invoice(payout: Payout, number: string, nanos: bigint): string | null {
    if (payout.invoice !== null)
      return payout.invoice === number && nanos === payout.amount ? null : 'invoice_recorded';
    if (nanos !== payout.amount) return 'invoice_differs';
    if (payout.status !== 'due' && payout.status !== 'approved') return 'payout_ended';
    if (this.all.some(each => each.owner === payout.owner && each.invoice === number)) return 'invoice_used';
    payout.invoice = number;
    return null;
  }

  /** 'moves', 'repeats', or why it does not match. */
  answer({ payout, status, nanos, currency, bankReference, reason }: Answer, today: string): string {
    const judged =
      payout === null ? 'unknown_reference' : this.#match(payout, { status, nanos, currency, bankReference, reason });
    const row = [payout?.key ?? 'nobody', status, nanos, currency, bankReference, reason].join(' ');
    if (judged === 'moves') this.unmatched.delete(row);
    else if (judged !== 'repeats') this.unmatched.add(row);
    if (payout === null || judged !== 'moves') return judged;
    payout.answers.set(`${status} ${bankReference}`, `${nanos} ${currency} ${reason}`);
    const from = payout.status === 'paid' ? 'paid' : 'payout_sent';
    payout.status = status;
    if (status === 'paid') this.#step(payout, ['payout_sent', 'paid', 'payout_paid'], currency, nanos, today);
    else this.#giveBack(payout, from, 'payout_returned', today);
    return judged;
  }

  #match(payout: Payout, answer: Omit<Answer, 'payout'>): string {
    const { status, nanos, currency, bankReference, reason } = answer;
    const before = payout.answers.get(`${status} ${bankReference}`);
    if (before !== undefined) return before === `${nanos} ${currency} ${reason}` ? 'repeats' : 'differs_from_before';
    if (currency !== payout.sentCurrency) return 'currency_differs';
    if (nanos !== payout.sent) return 'amount_differs';
    if (payout.status === 'returned') return 'already_returned';
    if (payout.status === 'paid') return status === 'paid' ? 'already_paid' : 'moves';
    return payout.status === 'sent' ? 'moves' : 'not_sent';
  }

  /** Remits what was withheld up to the end of a period and lies there still. */
  remit(currency: string, through: string, today: string): string | null {
    const lying = this.all.filter(
      ({ status, tax, remitted, approvedOn, ...each }) =>
        each.currency === currency &&
        (status === 'approved' || status === 'sent' || status === 'paid') &&
        tax > 0n &&
        !remitted &&
        (approvedOn ?? '9999') <= lastDayOf(through),
    );
    if (lying.length === 0) return 'nothing_withheld';
    for (const payout of lying) {
      payout.remitted = true;
      this.#step(payout, ['withheld_tax', 'tax_remitted', 'tax_remitted'], currency, payout.tax, today);
    }
    return null;
  }

  texts(): string[] {
    return this.all.map(payoutText).sort();
  }
}

function nanosOf(amount: string): bigint {
  return BigInt(Math.round(Number(amount) * 100)) * 10_000_000n;
}

export function payoutText(of: Omit<Payout, 'owner' | 'period' | 'needsInvoice' | 'answers' | 'approvedOn'>): string {
  const { key, batch, amount, tax, currency, sent, sentCurrency, exchanged, destination, status, invoice, remitted } =
    of;
  const money = `${units(amount)} − ${units(tax)} ${currency} = ${units(sent)} ${sentCurrency} of ${exchanged ?? 'the same'}`;
  return `${key} in ${batch}: ${money} to ${destination}, ${status}, invoice ${invoice ?? 'none'}, ${remitted ? 'remitted' : 'not remitted'}`;
}
