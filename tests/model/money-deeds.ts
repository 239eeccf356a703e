import { dayOf, daysLater, halfAfter, halfOf, units } from './money-figures.ts';
import type { MoneyStep } from './money-histories.ts';
import type { MoneyModel } from './money-model.ts';
import type { Batch, Payout } from './money-payouts.ts';
import { FIRST_EARNING_DAY, PAYEES, type PayeeEntry } from './money-world.ts';

/** A step with all that it is about, so that it can be done again elsewhere. Payouts are named by owner, currency and period. */
export type Deed = { readonly at: number } & (
  | {
      readonly kind: 'earn';
      readonly id: string;
      readonly app: string;
      readonly currency: string;
      readonly day: string;
      readonly price: string;
      readonly until: 'accepted' | 'processed' | 'settled';
    }
  | { readonly kind: 'process' | 'settle-due' | 'close-due' | 'draw-up' | 'issue' | 'nothing' }
  | { readonly kind: 'settle'; readonly day: string }
  | { readonly kind: 'invalidate' | 'reinstate'; readonly click: string; readonly app: string; readonly id: string }
  | {
      readonly kind: 'adjust';
      readonly id: string;
      readonly book: string;
      readonly currency: string;
      readonly amount: string;
      readonly day: string | null;
    }
  | { readonly kind: 'hold'; readonly id: string; readonly book: string; readonly from: string | null }
  | { readonly kind: 'release' | 'forfeit'; readonly id: string; readonly place: number; readonly hold: string }
  | { readonly kind: 'propose-closing'; readonly id: string; readonly period: string }
  | { readonly kind: 'approve-closing'; readonly id: string }
  | { readonly kind: 'approve-batch'; readonly id: string; readonly batch: string }
  | { readonly kind: 'cancel'; readonly id: string; readonly payout: string }
  | { readonly kind: 'send'; readonly batch: string; readonly name: string }
  | {
      readonly kind: 'answer';
      /** Null: a reference that nobody has. */
      readonly payout: string | null;
      readonly status: 'paid' | 'returned';
      readonly nanos: bigint;
      readonly currency: string;
      readonly bankReference: string;
      readonly reason: string | null;
    }
  | { readonly kind: 'invoice'; readonly payout: string; readonly number: string; readonly nanos: bigint }
  | { readonly kind: 'remit'; readonly id: string; readonly currency: string; readonly through: string }
  | { readonly kind: 'payee'; readonly entry: PayeeEntry }
  | { readonly kind: 'rate'; readonly pair: string; readonly day: string; readonly rate: string }
);

/** What a step is about as things stand in the model; nothing where there is nothing of the kind. */
export function deedOf(step: MoneyStep, model: MoneyModel): Deed {
  return { at: model.now, ...about(step, model) } as Deed;
}

type About = Deed extends infer Each ? (Each extends { at: number } ? Omit<Each, 'at'> : never) : never;

function about(step: MoneyStep, model: MoneyModel): About | { readonly kind: 'nothing' } {
  const today = dayOf(model.now);
  const day = (daysAgo: number) => {
    const asked = daysLater(today, -daysAgo);
    return asked < FIRST_EARNING_DAY ? FIRST_EARNING_DAY : asked;
  };
  const id = `${step.kind}-${model.steps}`;
  switch (step.kind) {
    case 'earn': {
      const { daysAgo, ...earned } = step;
      return { ...earned, id: `click-${model.steps}`, day: day(daysAgo) };
    }
    case 'settle':
      return { kind: 'settle', day: day(step.daysAgo) };
    case 'invalidate':
    case 'reinstate': {
      const becomes = step.kind === 'reinstate';
      const click = roundIn(
        model.earnings.clicks.filter(each => each.processed && each.valid !== becomes),
        step.place,
      );
      if (click === undefined) return NOTHING;
      const invalidation = step.kind === 'invalidate' ? id : (model.invalidations.get(click.id) ?? '');
      return { kind: step.kind, click: click.id, app: click.app, id: invalidation };
    }
    case 'adjust': {
      const amount = units(BigInt(step.cents) * (step.currency === 'JPY' ? 1_000_000_000n : 10_000_000n));
      const { book, currency } = step;
      const shown = amount.replace(/\.?0+$/, '');
      return {
        kind: 'adjust',
        id,
        book,
        currency,
        amount: shown,
        day: step.daysAgo === null ? null : day(step.daysAgo),
      };
    }
    case 'hold':
      return { kind: 'hold', id, book: step.book, from: step.daysAgo === null ? null : day(step.daysAgo) };
    case 'release':
    case 'forfeit': {
      const place = step.place % Math.max(1, model.holdIds.length);
      return { kind: step.kind, id, place, hold: model.holdIds[place] ?? 'none' };
    }
    case 'propose-closing': {
      const next = model.nextToClose() ?? halfOf(today);
      const last = model.books.lastClosed ?? next;
      return {
        kind: step.kind,
        id,
        period: { next, 'the one after': halfAfter(next), 'the last again': last }[step.which],
      };
    }
    case 'approve-closing':
      return model.closing === null ? NOTHING : { kind: step.kind, id: model.closing.id };
    case 'approve-batch': {
      const batch = roundIn(batchesWith('due', model), step.place);
      return batch === undefined ? NOTHING : { kind: step.kind, id, batch: batch.id };
    }
    case 'send': {
      const batch = roundIn(batchesWith('approved', model), step.place);
      if (batch === undefined) return NOTHING;
      const [used] = model.payouts.files.get(batch.id) ?? [];
      return { kind: 'send', batch: batch.id, name: step.isNew ? `${id}.csv` : (used ?? 'first.csv') };
    }
    case 'cancel': {
      const payout = roundIn(payoutsFirst(model, ['approved', 'due']), step.place);
      return payout === undefined ? NOTHING : { kind: 'cancel', id, payout: payout.key };
    }
    case 'invoice': {
      const lacking = model.payouts.all.filter(each => each.needsInvoice && each.invoice === null);
      const payout = roundIn([...lacking, ...payoutsFirst(model, ['approved', 'due'])], step.place);
      if (payout === undefined) return NOTHING;
      const number = step.flaw === 'number' ? 'INV' : `INV ${payout.key}`;
      return { kind: 'invoice', payout: payout.key, number, nanos: payout.amount + flawed(step.flaw === 'amount') };
    }
    case 'answer': {
      const payout = roundIn(payoutsFirst(model, ['sent', 'paid', 'returned']), step.place);
      if (payout === undefined) return NOTHING;
      const { flaw, status } = step;
      return {
        ...{ kind: 'answer', payout: flaw === 'reference' ? null : payout.key, status },
        nanos: payout.sent + flawed(flaw === 'amount'),
        currency: flaw === 'currency' ? 'EUR' : payout.sentCurrency,
        bankReference: `${step.bankReference} of ${payout.key}`,
        reason: flaw === 'reason' ? 'other' : status === 'returned' ? 'account closed' : null,
      };
    }
    case 'remit': {
      const through = step.through === 'now' ? halfOf(today) : (model.books.lastClosed ?? halfOf(today));
      return { kind: 'remit', id, currency: step.currency, through };
    }
    case 'payee':
      return { kind: 'payee', entry: changedPayee(step) };
    case 'rate':
      return { ...step, day: today };
    case 'process':
    case 'settle-due':
    case 'close-due':
    case 'draw-up':
    case 'issue':
      return { kind: step.kind };
    case 'wait':
    case 'wait-until-over':
      return NOTHING;
  }
}

const NOTHING = { kind: 'nothing' } as const;

function roundIn<Each>(list: readonly Each[], place: number): Each | undefined {
  return list[place % list.length];
}

/** Those of which the step can make something come first, so that it mostly does. */
function payoutsFirst(model: MoneyModel, statuses: readonly Payout['status'][]): Payout[] {
  const last = model.payouts.all.toReversed();
  return [
    ...statuses.flatMap(status => last.filter(each => each.status === status)),
    ...last.filter(each => !statuses.includes(each.status)),
  ];
}

function batchesWith(status: Payout['status'], model: MoneyModel): Batch[] {
  const last = model.payouts.batches.toReversed();
  const has = ({ id }: Batch) => model.payouts.all.some(each => each.batch === id && each.status === status);
  return [...last.filter(has), ...last.filter(each => !has(each))];
}

/** A unit more, which is whole in every currency. */
function flawed(isFlawed: boolean): bigint {
  return isFlawed ? 1_000_000_000n : 0n;
}

function changedPayee({ book, change }: Extract<MoneyStep, { kind: 'payee' }>): PayeeEntry {
  const usual = PAYEES.find(payee => payee.id === book) as PayeeEntry;
  const changes = {
    hold: { hold: true },
    destination: { destination: `vault:new:${book}` },
    none: { destination: null },
    minimum: { minimum: '5000.00' },
    'in dollars': { currency: 'USD' },
    'in yen': { currency: 'JPY' },
    'as before': {},
  };
  return { ...usual, ...changes[change] };
}
