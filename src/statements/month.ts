import { type Money, money } from '../domain/money.ts';
import { nanos, parseAmount } from '../domain/nanos.ts';
import type { PeriodRange } from '../domain/period.ts';
import type { StatementHeld } from './held-money.ts';
import type { StatementWithholding, UnderWay } from './payouts.ts';
import { sharePercent } from './rates.ts';
import type {
  BookStatement,
  CurrencyStatement,
  DeveloperStatement,
  ProviderFigures,
  ProviderStatement,
  Statement,
  StatementFigures,
} from './statement-form.ts';
import { ecpmOf } from './statement-lines.ts';

/**
 * The statement of a month: the lines of its halves one behind the other, their totals added, the opening balance of the first and
 * the closing balance of the second. It needs nothing but the two, so that it is the same again as long as they are.
 */
export function monthOfHalves({
  month,
  first,
  second,
}: {
  readonly month: PeriodRange;
  readonly first: Statement;
  readonly second: Statement;
}): Statement {
  const period = { id: month.label, from: month.firstDay, to: month.lastDay };
  if ('developer' in first && 'developer' in second) {
    return { developer: second.developer, period, ...joined<DeveloperStatement>(first, second, addFigures) };
  }
  if ('provider' in first && 'provider' in second) {
    return { provider: second.provider, period, ...joined<ProviderStatement>(first, second, addParts) };
  }
  throw new Error('the halves of a month are of a developer and of a provider');
}

type AppOf<Whole> = Whole extends BookStatement<infer App, unknown> ? App : never;
type FiguresOf<Whole> = Whole extends BookStatement<unknown, infer Figures> ? Figures : never;
type AddTotals<Figures> = (one: Figures, other: Figures, currency: string) => Figures;

function joined<Whole extends BookStatement<AppOf<Whole>, FiguresOf<Whole>>>(
  first: Whole,
  second: Whole,
  addTotals: AddTotals<FiguresOf<Whole>>,
): Pick<BookStatement<AppOf<Whole>, FiguresOf<Whole>>, 'halves' | 'status' | 'items'> {
  const currencies = [...new Set([...first.items, ...second.items].map(item => item.currency))].sort();
  const of = (items: Whole['items'], currency: string) => items.find(item => item.currency === currency);
  const items = currencies.flatMap(currency => {
    const [one, other] = [of(first.items, currency), of(second.items, currency)];
    if (one === undefined) return other === undefined ? [] : [other];
    return [other === undefined ? one : joinCurrency(one, other, addTotals)];
  });
  const isPending = first.status === 'pending' || second.status === 'pending';
  return { halves: [...first.halves, ...second.halves], status: isPending ? 'pending' : 'settled', items };
}

/** A currency is in none of the items of a half only where nothing moved in it and nothing stood. */
function joinCurrency<App, Figures>(
  one: CurrencyStatement<App, Figures>,
  other: CurrencyStatement<App, Figures>,
  addTotals: AddTotals<Figures>,
): CurrencyStatement<App, Figures> {
  const { currency } = one;
  return {
    currency,
    opening_balance: one.opening_balance,
    days: [...one.days, ...other.days],
    corrections: [...one.corrections, ...other.corrections],
    late_differences: [...one.late_differences, ...other.late_differences],
    late_total: add(one.late_total, other.late_total),
    invalid_traffic: [...one.invalid_traffic, ...other.invalid_traffic],
    totals: addTotals(one.totals, other.totals, currency),
    incentives: [...one.incentives, ...other.incentives],
    incentives_total: add(one.incentives_total, other.incentives_total),
    adjustments: [...one.adjustments, ...other.adjustments],
    adjustments_total: add(one.adjustments_total, other.adjustments_total),
    held: joinHeld(one.held, other.held),
    payouts: [...one.payouts, ...other.payouts],
    payouts_total: add(one.payouts_total, other.payouts_total),
    withholding: joinWithholding(one.withholding, other.withholding),
    under_way: joinUnderWay(currency, one.under_way, other.under_way),
    closing_balance: other.closing_balance,
  };
}

function addFigures(one: StatementFigures, other: StatementFigures, currency: string): StatementFigures {
  const impressions = one.impressions + other.impressions;
  const gross = add(one.gross, other.gross);
  const pending_gross = add(one.pending_gross, other.pending_gross);
  const developer_share = add(one.developer_share, other.developer_share);
  const grossNanos = parseAmount(gross.amount);
  const earnedNanos = nanos(grossNanos + parseAmount(pending_gross.amount));
  return {
    impressions,
    clicks: one.clicks + other.clicks,
    ecpm: ecpmOf({ grossNanos: earnedNanos, impressions, currency }),
    gross,
    developer_share,
    provider_share: add(one.provider_share, other.provider_share),
    platform_share: add(one.platform_share, other.platform_share),
    share_percent: sharePercent({ partNanos: parseAmount(developer_share.amount), ofNanos: grossNanos }),
    pending_gross,
  };
}

function addParts(one: ProviderFigures, other: ProviderFigures): ProviderFigures {
  return {
    developer_total: add(one.developer_total, other.developer_total),
    provider_share: add(one.provider_share, other.provider_share),
  };
}

function joinHeld(one: StatementHeld | null, other: StatementHeld | null): StatementHeld | null {
  if (one === null || other === null) return one ?? other;
  return {
    opening: one.opening,
    held: add(one.held, other.held),
    released: add(one.released, other.released),
    clawed_back: add(one.clawed_back, other.clawed_back),
    forfeited: add(one.forfeited, other.forfeited),
    closing: other.closing,
    forfeited_clawed_back: add(one.forfeited_clawed_back, other.forfeited_clawed_back),
    change_of_payable: add(one.change_of_payable, other.change_of_payable),
  };
}

function joinWithholding(
  one: StatementWithholding | null,
  other: StatementWithholding | null,
): StatementWithholding | null {
  if (one === null || other === null) return one ?? other;
  return {
    opening: one.opening,
    withheld: add(one.withheld, other.withheld),
    remitted: add(one.remitted, other.remitted),
    given_back: add(one.given_back, other.given_back),
    closing: other.closing,
  };
}

/** Null in one half says that nothing was under way at its beginning and end. */
function joinUnderWay(currency: string, one: UnderWay | null, other: UnderWay | null): UnderWay | null {
  if (one === null && other === null) return null;
  const nothing = money(nanos(0n), currency);
  return { opening: one?.opening ?? nothing, closing: other?.closing ?? nothing };
}

function add(one: Money, other: Money): Money {
  return money(nanos(parseAmount(one.amount) + parseAmount(other.amount)), one.currency);
}
