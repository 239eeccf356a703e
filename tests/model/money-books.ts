/** Books as lists of transfers, and their half-months, by rules 10 and 12: everything else is a sum over them. */
import { halfAfter, halfOf } from './money-figures.ts';

export interface Move {
  readonly owner: string;
  readonly app: string | null;
  /** The business day it refers to. */
  readonly day: string | null;
  readonly currency: string;
  readonly debit: string;
  readonly credit: string;
  readonly nanos: bigint;
  readonly reason: string;
  /** `owner currency period` of the payout of which it is a step. */
  readonly payout: string | null;
}

export interface Booked extends Move {
  readonly period: string;
  /** Of booking. */
  readonly bookedOn: string;
}

export class Books {
  readonly moves: Booked[] = [];
  /** The half-month closed last. */
  lastClosed: string | null = null;

  /** A negative amount swaps the sides; nothing is posted of zero. */
  post(move: Move, today: string): void {
    if (move.nanos === 0n) return;
    const { debit, credit, nanos } = move;
    const sides = nanos > 0n ? { debit, credit, nanos } : { debit: credit, credit: debit, nanos: -nanos };
    const own = halfOf(move.day ?? today);
    const open = this.lastClosed === null ? own : halfAfter(this.lastClosed);
    this.moves.push({ ...move, ...sides, bookedOn: today, period: own > open ? own : open });
  }

  /** Credits − debits of an account over the moves that `of` takes. */
  sum(account: string, of: (move: Booked) => boolean): bigint {
    return this.moves.filter(of).reduce((sum, move) => sum + change(move, account), 0n);
  }

  /** `owner account currency: nanos`, zero left out. */
  balances(through: string = '9999'): string[] {
    const sums = new Map<string, bigint>();
    for (const move of this.moves) {
      if (move.period > through) continue;
      for (const account of [move.debit, move.credit]) {
        const key = `${move.owner} ${account} ${move.currency}`;
        sums.set(key, (sums.get(key) ?? 0n) + change(move, account));
      }
    }
    return [...sums]
      .filter(([, nanos]) => nanos !== 0n)
      .map(([key, nanos]) => `${key}: ${nanos}`)
      .sort();
  }

  texts(): string[] {
    return this.moves.map(moveText).sort();
  }
}

function change(move: Move, account: string): bigint {
  return (move.credit === account ? move.nanos : 0n) - (move.debit === account ? move.nanos : 0n);
}

/** What two ledgers of the same history have in common. */
export function moveText({
  owner,
  app,
  day,
  currency,
  debit,
  credit,
  nanos,
  reason,
  payout,
  period,
  bookedOn,
}: Booked): string {
  const of = [app, day, payout === null ? null : `for ${payout}`].filter(each => each !== null).join(' ');
  return `${period} ${owner} ${reason}: ${debit} > ${credit} ${nanos} ${currency} of ${of} on ${bookedOn}`;
}
