import type { BusinessDay } from '../domain/business-day.ts';
import { FLOW_OF_DEED, flowsWith, type HoldDeed, takenByHold } from '../domain/held-money.ts';
import { nanos } from '../domain/nanos.ts';
import type { Flow } from '../domain/transfer.ts';
import { type HoldBook, isMovedBy, isWithin, type RecordedAct, type RecordedHold } from '../settlement/holds.ts';

/** An (app, business day, currency) of a book. */
export interface DayOfBook {
  readonly appId: string;
  readonly businessDay: BusinessDay;
  readonly currency: string;
}

/** What a run posted to `payable`; negative where it took back. */
export interface PostedDifference extends DayOfBook {
  readonly runId: string;
  readonly differenceNanos: bigint;
  /** The last reference version that the run knew. */
  readonly referenceVersion: number;
}

/** A transfer of money that is kept back. */
export interface MovedByCause extends DayOfBook, Flow {
  readonly reason: string;
  /** `run …` or `decision …`. */
  readonly cause: string;
}

/** What a person did with money of the book, in its place among the reference versions. */
interface Deed {
  readonly referenceVersion: number;
  /** What it moves of the days as they stand. */
  moves(days: readonly DayState[], context: ReplayContext): Iterable<{ day: DayState; amountNanos: bigint }>;
  readonly deed: HoldDeed;
  readonly cause: string;
}

interface ReplayContext {
  readonly holds: HoldBook;
  readonly ownerId: string;
}

interface DayState extends DayOfBook {
  payableNanos: bigint;
  heldNanos: bigint;
  forfeitedNanos: bigint;
  readonly ahead: PostedDifference[];
}

/** What holds and what became of them did to a book, in the order of recording. */
export function deedsOf(holds: readonly RecordedHold[], acts: readonly RecordedAct[]): Deed[] {
  const deeds = [...holds.map(deedOfHold), ...acts.map(deedOfAct)];
  return deeds.sort((a, b) => a.referenceVersion - b.referenceVersion);
}

function deedOfHold(hold: RecordedHold): Deed {
  const { holdId, referenceVersion, appId, fromDay, owedNanos } = hold;
  return {
    referenceVersion,
    deed: 'hold',
    cause: `decision ${holdId}`,
    moves: days => {
      const within = days.filter(day => isWithin(day, { appId, fromDay, toDay: null }));
      return [...Map.groupBy(within, day => day.currency)].flatMap(([currency, ofCurrency]) =>
        takenByHold(ofCurrency, owedNanos.get(currency) ?? 0n),
      );
    },
  };
}

function deedOfAct(act: RecordedAct): Deed {
  const { decisionId, referenceVersion } = act;
  return {
    referenceVersion,
    deed: act.act,
    cause: `decision ${decisionId}`,
    moves: (days, { holds }) => {
      const about = days.filter(day => isMovedBy(act, day, { holds, referenceVersion }));
      return about.map(day => ({ day, amountNanos: act.act === 'keep' ? day.forfeitedNanos : day.heldNanos }));
    },
  };
}

/**
 * What had to be moved to and from `held` and `forfeited` in a book. A run comes after the deeds that it knew and before the others;
 * `posted` is of each (app, day) in the order of versions.
 */
export function replayHolds({
  posted,
  deeds,
  ...context
}: ReplayContext & { readonly posted: readonly PostedDifference[]; readonly deeds: readonly Deed[] }): MovedByCause[] {
  const days = [...Map.groupBy(posted, dayKey).values()].map(stateBefore);
  const moved: MovedByCause[] = [];
  for (const deed of deeds) {
    for (const day of days) moved.push(...runsBefore(deed.referenceVersion, day, context));
    for (const { day, amountNanos } of deed.moves(days, context)) {
      if (amountNanos === 0n) continue;
      const flow = { ...FLOW_OF_DEED[deed.deed], amountNanos: nanos(amountNanos) };
      moved.push(apply(day, flow, deed.cause));
    }
  }
  for (const day of days) moved.push(...runsBefore(Number.POSITIVE_INFINITY, day, context));
  return moved;
}

function stateBefore(ahead: PostedDifference[]): DayState {
  const { appId, businessDay, currency } = ahead[0] as PostedDifference;
  const nothing = { payableNanos: 0n, heldNanos: 0n, forfeitedNanos: 0n };
  return { appId, businessDay, currency, ...nothing, ahead: [...ahead] };
}

/** Runs that did not know a version yet. */
function* runsBefore(version: number, day: DayState, { holds, ownerId }: ReplayContext): Generator<MovedByCause> {
  for (let run = day.ahead[0]; run !== undefined && run.referenceVersion < version; run = day.ahead[0]) {
    day.ahead.shift();
    const { referenceVersion, differenceNanos, runId } = run;
    const isOnHold = holds.covers({ ownerId, appId: day.appId }, { referenceVersion });
    const flows = flowsWith(differenceNanos, { ...day, isOnHold });
    day.payableNanos += differenceNanos;
    for (const flow of flows) yield apply(day, flow, `run ${runId}`);
  }
}

/** Moves it in `day`. */
function apply(day: DayState, flow: Flow & { readonly reason: string }, cause: string): MovedByCause {
  const add = (account: Flow['debit'], change: bigint) => {
    if (account === 'payable') day.payableNanos += change;
    if (account === 'held') day.heldNanos += change;
    if (account === 'forfeited') day.forfeitedNanos += change;
  };
  add(flow.debit, -flow.amountNanos);
  add(flow.credit, flow.amountNanos);
  const { appId, businessDay, currency } = day;
  return { appId, businessDay, currency, ...flow, cause };
}

export function dayKey({ appId, businessDay, currency }: DayOfBook): string {
  return `${businessDay} app ${appId} ${currency}`;
}
