import { movesKeptBack } from '../domain/held-money.ts';
import { type Money, money } from '../domain/money.ts';
import { nanos, parseAmount } from '../domain/nanos.ts';
import type { PeriodRange } from '../domain/period.ts';
import type { AccountKind } from '../domain/transfer.ts';
import type { UncountedDay, UnitDay } from '../earnings/days-of-books.ts';
import { type BookTransfer, movedOn } from '../ledger/book-transfers.ts';
import { type AccountBalances, balancesAfter } from '../ledger/opening-balances.ts';
import { adjustmentsAmong } from './adjustments.ts';
import { correctionsAmong } from './corrections.ts';
import { heldAmong } from './held-money.ts';
import { incentivesAmong } from './incentives.ts';
import { invalidLines } from './invalid-traffic.ts';
import { lateDifferences } from './late-differences.ts';
import { isOfPayout, type PayoutTermsOfLine, payoutsAmong, underWay, withholdingAmong } from './payouts.ts';
import type { CurrencyStatement, StatementDay } from './statement-form.ts';

/** What every book's half is made of. */
export interface BookHalf {
  /** One half-month. */
  readonly period: PeriodRange;
  readonly isProvider: boolean;
  /** All of the book in the period, in the order of booking. */
  readonly transfers: readonly BookTransfer[];
  /** Before the period, by currency. */
  readonly opening: ReadonlyMap<string, AccountBalances>;
  readonly units: readonly UnitDay[];
  /** Accepted events that do not count, as far as they belong to this half. */
  readonly uncounted: readonly UncountedDay[];
  readonly nameOf: (appId: string) => string;
  readonly whyOf: (transferId: string) => string;
  readonly payoutOf: (payoutId: string) => PayoutTermsOfLine;
}

/** Days and their totals in one currency, from the settlement transfers of the half's own days. */
export type LinesOf<App, Figures> = (of: {
  readonly currency: string;
  readonly settled: readonly BookTransfer[];
  readonly units: readonly UnitDay[];
}) => { readonly days: StatementDay<App>[]; readonly totals: Figures };

/** By currency. Throws unless opening balance and lines add up to the closing balance. */
export function halfByCurrency<App, Figures>(
  half: BookHalf,
  linesOf: LinesOf<App, Figures>,
): CurrencyStatement<App, Figures>[] {
  const currencies = new Set<string>();
  let last = '';
  for (const rows of [half.transfers, half.units, half.uncounted]) {
    for (const { currency } of rows) {
      if (currency === last) continue;
      currencies.add(currency);
      last = currency;
    }
  }
  for (const [currency, accounts] of half.opening) if (stands(accounts)) currencies.add(currency);
  return [...currencies].sort().map(currency => statementIn(currency, half, linesOf));
}

/** As long as something stands on one of them, a book has something to tell although it does not move. */
export const STANDING_ACCOUNTS: readonly AccountKind[] = [
  'payable',
  'held',
  'withheld_tax',
  'payout_due',
  'payout_sent',
];

function stands(accounts: AccountBalances): boolean {
  return STANDING_ACCOUNTS.some(account => (accounts.get(account) ?? 0n) !== 0n);
}

const NOTHING: AccountBalances = new Map();

function statementIn<App, Figures>(
  currency: string,
  half: BookHalf,
  linesOf: LinesOf<App, Figures>,
): CurrencyStatement<App, Figures> {
  const transfers = ofCurrency(half.transfers, currency);
  const opening = half.opening.get(currency) ?? NOTHING;
  const sorted = sortOut(transfers, half.period);
  const { days, totals } = linesOf({
    currency,
    settled: sorted.settled,
    units: ofCurrency(half.units, currency),
  });
  const held = heldAmong(sorted.kept, { currency, opening });
  const closing = balancesAfter(opening, transfers);
  const openingNanos = opening.get('payable') ?? nanos(0n);
  const lateNanos = movedOn('payable', sorted.late);
  const incentiveNanos = movedOn('payable', sorted.incentives);
  const adjustedNanos = movedOn('payable', sorted.adjustments);
  const payoutNanos = movedOn('payable', sorted.payouts);
  const statement = {
    currency,
    opening_balance: money(openingNanos, currency),
    days,
    corrections: correctionsAmong(sorted.settled),
    late_differences: lateDifferences(sorted.late, half),
    late_total: money(lateNanos, currency),
    invalid_traffic: invalidLines(ofCurrency(half.uncounted, currency)),
    totals,
    incentives: incentivesAmong(sorted.incentives),
    incentives_total: money(incentiveNanos, currency),
    adjustments: adjustmentsAmong(sorted.adjustments, half.whyOf),
    adjustments_total: money(adjustedNanos, currency),
    held,
    payouts: payoutsAmong(sorted.payouts, { ofPeriod: half.transfers, termsOf: half.payoutOf }),
    payouts_total: money(payoutNanos, currency),
    withholding: withholdingAmong(sorted.payouts, { currency, opening }),
    under_way: underWay({ currency, opening, closing }),
    closing_balance: money(closing.get('payable') ?? nanos(0n), currency),
  };
  checkLines(statement, movedOn('payable', sorted.settled));
  return statement;
}

/** Nearly every book has one currency, and then nothing needs to be copied. */
function ofCurrency<Row extends { readonly currency: string }>(rows: readonly Row[], currency: string): readonly Row[] {
  return rows.every(row => row.currency === currency) ? rows : rows.filter(row => row.currency === currency);
}

/** Transfers by the section of the statement in which they stand. */
interface SortedTransfers {
  readonly settled: BookTransfer[];
  readonly late: BookTransfer[];
  readonly incentives: BookTransfer[];
  readonly kept: BookTransfer[];
  readonly payouts: BookTransfer[];
  readonly adjustments: BookTransfer[];
}

function sortOut(transfers: readonly BookTransfer[], { firstDay }: PeriodRange): SortedTransfers {
  const sorted: SortedTransfers = { settled: [], late: [], incentives: [], kept: [], payouts: [], adjustments: [] };
  for (const each of transfers) {
    if (movesKeptBack(each)) sorted.kept.push(each);
    else if (each.version === null) (isOfPayout(each) ? sorted.payouts : sorted.adjustments).push(each);
    else if (each.reason === 'incentive') sorted.incentives.push(each);
    else if ((each.businessDay ?? '') < firstDay) sorted.late.push(each);
    else sorted.settled.push(each);
  }
  return sorted;
}

/** What a reader can add up himself. */
export function changeOfBalance(
  { late_total, incentives_total, adjustments_total, held, payouts_total }: CurrencyStatement<unknown, unknown>,
  shareNanos: bigint,
): bigint {
  const parts = [late_total, incentives_total, adjustments_total, held?.change_of_payable, payouts_total];
  return parts.reduce((sum, part) => sum + amountOf(part), shareNanos);
}

function amountOf(part: Money | undefined): bigint {
  return part === undefined ? 0n : parseAmount(part.amount);
}

function checkLines(statement: CurrencyStatement<unknown, unknown>, shareNanos: bigint): void {
  const { currency, opening_balance, closing_balance } = statement;
  const fromLines = parseAmount(opening_balance.amount) + changeOfBalance(statement, shareNanos);
  if (fromLines === parseAmount(closing_balance.amount)) return;
  throw new Error(
    `the lines of a statement come to ${fromLines} nanos ${currency}, the account to ${closing_balance.amount}`,
  );
}
