import type { BusinessDay } from '../domain/business-day.ts';
import { type Nanos, nanos } from '../domain/nanos.ts';
import { type Period, type PeriodRange, parsePeriod } from '../domain/period.ts';
import type { UncountedDay, UnitDay } from '../earnings/days-of-books.ts';
import { type AccountBalances, balancesAfter } from '../ledger/opening-balances.ts';
import { type BookHalf, halfByCurrency } from './half-statement.ts';
import { providerLines } from './provider-lines.ts';
import type { BookSources } from './read-books.ts';
import type {
  DeveloperStatement,
  ProviderStatement,
  Statement,
  StatementHalf,
  StatementOwner,
} from './statement-form.ts';
import { type AppOnDay, developerLines, statusOf } from './statement-lines.ts';

/** Of a provider: whether an app's day that it has is due in its developer's book, and on which days any is. */
export interface DueOfProvider {
  readonly isPending: (app: Pick<AppOnDay, 'appId' | 'day'>) => boolean;
  readonly days: ReadonlySet<BusinessDay>;
}

export const NOTHING_DUE: DueOfProvider = { isPending: () => false, days: new Set() };

/** The statement of one half of a book, from what was read of it. */
export function halfOfBook(
  sources: BookSources,
  { half, due }: { readonly half: StatementHalf; readonly due: DueOfProvider },
): Statement {
  const bookHalf = halfAmong(sources, parsePeriod(half.period));
  if (sources.kind === 'provider')
    return { provider: ownerOf(sources), ...headOf(half), ...providerHalf({ sources, half, bookHalf, due }) };
  return { developer: ownerOf(sources), ...headOf(half), ...developerHalf({ sources, half, bookHalf }) };
}

/** Of a book that had nothing to tell when the half was issued; what came later for its days stands in later periods. */
export function emptyHalf(sources: BookSources, half: StatementHalf): Statement {
  const nothing = { ...headOf(half), status: 'settled', items: [] } as const;
  return sources.kind === 'provider'
    ? { provider: ownerOf(sources), ...nothing }
    : { developer: ownerOf(sources), ...nothing };
}

function ownerOf({ ownerId, name }: BookSources): StatementOwner {
  return { id: ownerId, name };
}

function headOf(half: StatementHalf): Pick<Statement, 'period' | 'halves'> {
  const { label, firstDay, lastDay } = parsePeriod(half.period);
  return { period: { id: label, from: firstDay, to: lastDay }, halves: [half] };
}

interface HalfOfBook {
  readonly sources: BookSources;
  readonly half: StatementHalf;
  readonly bookHalf: BookHalf;
}

function developerHalf({ sources, half, bookHalf }: HalfOfBook): Pick<DeveloperStatement, 'status' | 'items'> {
  const isClosed = half.state !== 'open';
  const { due } = sources.days;
  const items = halfByCurrency(bookHalf, of =>
    developerLines({
      ...of,
      isClosed,
      isDue: day => due.has(day),
      nameOf: sources.behind.nameOf,
      decidedBy: sources.behind.decidedBy,
    }),
  );
  const { from, to } = rangeOf(bookHalf.period);
  const isAnyDue = !isClosed && [...due].some(day => from <= day && day <= to);
  return { status: isAnyDue ? 'pending' : statusOf(items.flatMap(item => item.days)), items };
}

function providerHalf({
  sources,
  half,
  bookHalf,
  due,
}: HalfOfBook & { readonly due: DueOfProvider }): Pick<ProviderStatement, 'status' | 'items'> {
  const isClosed = half.state !== 'open';
  const { nameOf, developerOf, providerOf, totalOf } = sources.behind;
  const items = halfByCurrency(bookHalf, ({ currency, settled }) =>
    providerLines({
      currency,
      providerId: sources.ownerId,
      settled,
      isPending: app => !isClosed && due.isPending(app),
      nameOf,
      developerOf,
      providerOf,
      totalOf: app => totalOf(app, half.period),
    }),
  );
  const { from, to } = rangeOf(bookHalf.period);
  const isAnyDue = !isClosed && [...due.days].some(day => from <= day && day <= to);
  return { status: isAnyDue ? 'pending' : 'settled', items };
}

function rangeOf({ firstDay, lastDay }: PeriodRange): { readonly from: BusinessDay; readonly to: BusinessDay } {
  return { from: firstDay, to: lastDay };
}

function halfAmong(sources: BookSources, period: PeriodRange): BookHalf {
  const [half] = period.halves as [Period];
  const uncounted = sources.days.uncounted.filter(row => sources.halfOf(row) === half);
  const isOwn = ({ businessDay }: { readonly businessDay: BusinessDay }) =>
    period.firstDay <= businessDay && businessDay <= period.lastDay;
  const deducted = uncounted.filter(row => row.runId !== null && isOwn(row));
  return {
    period,
    isProvider: sources.kind === 'provider',
    transfers: sources.transfers.filter(each => each.period === half),
    opening: openingOf(sources, half),
    units: unitsLess(sources.days.earned.filter(isOwn), deducted),
    uncounted,
    nameOf: sources.behind.nameOf,
    whyOf: sources.behind.whyOf,
    payoutOf: sources.behind.payoutOf,
  };
}

/** Before the half: what was read is before the first one of them. */
function openingOf({ opening, transfers }: BookSources, half: Period): ReadonlyMap<string, AccountBalances> {
  const before = transfers.filter(each => each.period < half);
  if (before.length === 0) return opening;
  const balances = new Map(opening);
  for (const [currency, moved] of Map.groupBy(before, each => each.currency)) {
    balances.set(currency, balancesAfter(opening.get(currency) ?? new Map(), moved));
  }
  return balances;
}

/** An ad unit whose events are all deducted stands there with nothing. */
function unitsLess(earned: readonly UnitDay[], deducted: readonly UncountedDay[]): readonly UnitDay[] {
  if (deducted.length === 0) return earned;
  const less = Map.groupBy(deducted, unitKey);
  return earned.map(unit => {
    const rows = less.get(unitKey(unit)) ?? [];
    const sum = (of: (row: UnitDay) => number) => rows.reduce((total, row) => total + of(row), 0);
    const grossNanos: Nanos = nanos(rows.reduce<bigint>((total, row) => total - row.grossNanos, unit.grossNanos));
    return {
      ...unit,
      impressions: unit.impressions - sum(row => row.impressions),
      clicks: unit.clicks - sum(row => row.clicks),
      grossNanos,
    };
  });
}

function unitKey({ businessDay, appId, adUnitId, currency }: UnitDay): string {
  return [businessDay, appId, adUnitId, currency].join('\0');
}
