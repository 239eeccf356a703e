import { type Nanos, nanos } from './nanos.ts';
import type { AccountKind, Flow } from './transfer.ts';

/** What is kept back of an (app, business day, currency) in one book; neither is ever below zero. */
export interface KeptBack {
  readonly heldNanos: bigint;
  readonly forfeitedNanos: bigint;
}

/** Why money moves to or from `held` and `forfeited` in a run: each is a chain of versions of its own. */
export type HoldReason = 'hold' | 'forfeiture';

export interface HoldFlow extends Flow {
  readonly reason: HoldReason;
}

/**
 * What accompanies a difference of what an (app, day) is worth to a book's owner. Under a hold, what is added is held; what is taken
 * away is taken from held money first, then from forfeited money, and the rest from what is payable, which may go below zero.
 */
export function flowsWith(
  differenceNanos: bigint,
  { heldNanos, forfeitedNanos, isOnHold }: KeptBack & { readonly isOnHold: boolean },
): HoldFlow[] {
  if (heldNanos < 0n || forfeitedNanos < 0n) {
    throw new Error(`${heldNanos} nanos are held and ${forfeitedNanos} forfeited; neither can be negative`);
  }
  if (differenceNanos >= 0n) return isOnHold ? some('hold', 'payable', 'held', differenceNanos) : [];
  const fromHeld = least(heldNanos, -differenceNanos);
  const fromForfeited = least(forfeitedNanos, -differenceNanos - fromHeld);
  return [...some('hold', 'held', 'payable', fromHeld), ...some('forfeiture', 'forfeited', 'payable', fromForfeited)];
}

/** An (app, business day) with what of it stands on `payable`. */
export interface PayableDay {
  readonly appId: string;
  readonly businessDay: string;
  readonly payableNanos: bigint;
}

/**
 * How much a hold takes of what is payable: the newest days first, since the oldest are paid first, and together at most what the
 * whole book is owed. Days whose own balance is negative give nothing.
 */
export function takenByHold<Day extends PayableDay>(
  days: readonly Day[],
  owedNanos: bigint,
): { readonly day: Day; readonly amountNanos: Nanos }[] {
  let leftNanos = owedNanos;
  const taken: { day: Day; amountNanos: Nanos }[] = [];
  for (const day of days.toSorted(newestFirst)) {
    const amountNanos = least(day.payableNanos, leftNanos);
    if (amountNanos <= 0n) continue;
    leftNanos -= amountNanos;
    taken.push({ day, amountNanos: nanos(amountNanos) });
  }
  return taken;
}

/** What persons do with money that is kept back. */
export type HoldDeed = 'hold' | 'release' | 'forfeit' | 'keep';

export const FLOW_OF_DEED = {
  hold: { debit: 'payable', credit: 'held', reason: 'hold' },
  release: { debit: 'held', credit: 'payable', reason: 'release' },
  forfeit: { debit: 'held', credit: 'forfeited', reason: 'forfeiture' },
  keep: { debit: 'forfeited', credit: 'platform_share', reason: 'forfeiture_kept' },
} as const satisfies Record<HoldDeed, Pick<Flow, 'debit' | 'credit'> & { readonly reason: string }>;

/** Whether a transfer is of money that is kept back: such transfers follow from the holds on record. */
export function movesKeptBack({ debit, credit }: Pick<Flow, 'debit' | 'credit'>): boolean {
  return isKept(debit) || isKept(credit);
}

function isKept(account: AccountKind): boolean {
  return account === 'held' || account === 'forfeited';
}

function newestFirst(a: PayableDay, b: PayableDay): number {
  if (a.businessDay !== b.businessDay) return a.businessDay > b.businessDay ? -1 : 1;
  return a.appId < b.appId ? -1 : 1;
}

function some(reason: HoldReason, debit: Flow['debit'], credit: Flow['credit'], amountNanos: bigint): HoldFlow[] {
  return amountNanos === 0n ? [] : [{ reason, debit, credit, amountNanos: nanos(amountNanos) }];
}

function least(one: bigint, other: bigint): bigint {
  return one < other ? one : other;
}
