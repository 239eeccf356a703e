import type pg from 'pg';
import { bookNames } from '../catalog/book-names.ts';
import { plannedOnce } from '../db/prepared.ts';
import { type BusinessDay, daysInRange } from '../domain/business-day.ts';
import { type Period, type PeriodRange, periodOf } from '../domain/period.ts';
import {
  type DaysOfDeveloper,
  daysOfDevelopers,
  deductionsOfRuns,
  type UncountedDay,
} from '../earnings/days-of-books.ts';
import { type BookTransfer, transfersOfBooks } from '../ledger/book-transfers.ts';
import { periodsOfRuns } from '../ledger/moved-by-runs.ts';
import { type AccountBalances, openingBalances, sealedBefore } from '../ledger/opening-balances.ts';
import { type BehindAmounts, type BooksAsked, readBehind, readBehindDays } from './behind-amounts.ts';

/** All that a book's statement is made of: rows of its owner alone, but for the totals that a provider's parts are parts of. */
export interface BookSources {
  readonly ownerId: string;
  readonly kind: 'developer' | 'provider';
  readonly name: string;
  /** Before the first half, by currency. */
  readonly opening: ReadonlyMap<string, AccountBalances>;
  /** In the order of booking. */
  readonly transfers: readonly BookTransfer[];
  readonly days: DaysOfDeveloper;
  /** In which half events of a day are told as not counted: that in which the run that deducted them posted. */
  readonly halfOf: (row: UncountedDay) => Period;
  readonly behind: BehindAmounts;
}

const NO_DAYS: DaysOfDeveloper = { earned: [], uncounted: [], due: new Set() };

/** The sources of each book, in few questions for all of them together; ids of nobody who has statements are left out. */
export async function readBooks(client: pg.ClientBase, asked: BooksAsked): Promise<BookSources[]> {
  const { bucket, ownerIds, period, lastClosed } = asked;
  const [firstHalf] = period.halves as [Period];
  const read = () => readRows(client, asked);
  // Lists of hundreds of books are few, and worth a plan of their own.
  const { names, opening, transfers, days, behindDays } =
    ownerIds.length === 1 ? await plannedOnce(client, read) : await read();
  const halfOfRun =
    lastClosed !== null && lastClosed >= firstHalf ? await halvesOfRuns(client, bucket, days.values()) : new Map();
  for (const each of lateAmong(transfers.values(), period)) halfOfRun.set(each.runId as string, each.period);
  await addLateDeductions(client, { bucket, period, transfers, days });
  const halfOf = ({ runId, businessDay }: UncountedDay) => halfOfRun.get(runId ?? '') ?? periodOf(businessDay);
  const behind = await readBehind(client, { ...asked, names, transfers, days }, behindDays);
  return ownerIds.flatMap(ownerId => {
    const named = names.get(ownerId);
    if (named === undefined) return [];
    return [
      {
        ownerId,
        ...named,
        opening: opening.get(ownerId) ?? new Map(),
        transfers: transfers.get(ownerId) ?? [],
        days: days.get(ownerId) ?? NO_DAYS,
        halfOf,
        behind,
      },
    ];
  });
}

/** What every book has. */
async function readRows(client: pg.ClientBase, asked: BooksAsked) {
  const { bucket, ownerIds, period, lastClosed } = asked;
  const names = await bookNames(client, ownerIds);
  const developerIds = ownerIds.filter(id => names.get(id)?.kind === 'developer');
  const sealed = sealedBefore(period.halves[0] as Period, lastClosed);
  const within = { periods: period.halves, since: sealed };
  const { transfers, before } = await transfersOfBooks(client, { bucket, ownerIds, ...within });
  const opening = await openingBalances(client, { bucket, ownerIds, sealed, moved: before });
  const days = await readDays(client, { bucket, developerIds, period });
  const behindDays = await readBehindDays(client, { ...asked, names, transfers, days });
  return { names, opening, transfers, days, behindDays };
}

async function readDays(
  client: pg.ClientBase,
  {
    bucket,
    developerIds,
    period,
  }: { readonly bucket: number; readonly developerIds: readonly string[]; readonly period: PeriodRange },
): Promise<Map<string, DaysOfDeveloper>> {
  if (developerIds.length === 0) return new Map();
  const days = daysInRange({ from: period.firstDay, to: period.lastDay });
  return await daysOfDevelopers(client, { bucket, developerIds, days });
}

/** While no half is closed, what a run deducts belongs to the half of its day. */
async function halvesOfRuns(
  client: pg.ClientBase,
  bucket: number,
  days: Iterable<DaysOfDeveloper>,
): Promise<Map<string, Period>> {
  const runIds = new Set<string>();
  for (const { uncounted } of days) for (const { runId } of uncounted) if (runId !== null) runIds.add(runId);
  return runIds.size === 0 ? new Map() : await periodsOfRuns(client, { bucket, runIds: [...runIds] });
}

/** Adds what the runs behind differences of days before the period deducted. */
async function addLateDeductions(
  client: pg.ClientBase,
  {
    bucket,
    period,
    transfers,
    days,
  }: {
    readonly bucket: number;
    readonly period: PeriodRange;
    readonly transfers: ReadonlyMap<string, readonly BookTransfer[]>;
    readonly days: Map<string, DaysOfDeveloper>;
  },
): Promise<void> {
  const late = [...lateAmong(transfers.values(), period)];
  if (late.length === 0) return;
  const deductions = await deductionsOfRuns(client, {
    bucket,
    developerIds: [...new Set(late.map(each => each.ownerId))],
    days: [...new Set(late.map(each => each.businessDay as BusinessDay))],
    runIds: [...new Set(late.map(each => each.runId as string))],
  });
  for (const [developerId, rows] of deductions) {
    const known = days.get(developerId);
    if (known === undefined) days.set(developerId, { ...NO_DAYS, uncounted: rows });
    else known.uncounted.push(...rows);
  }
}

/** What settlement posted of days before the period. */
function* lateAmong(books: Iterable<readonly BookTransfer[]>, { firstDay }: PeriodRange): Generator<BookTransfer> {
  for (const book of books) {
    for (const each of book) {
      if (each.version !== null && each.runId !== null && (each.businessDay ?? firstDay) < firstDay) yield each;
    }
  }
}
